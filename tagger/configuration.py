"""The configuration: what the owner says once, in a file of TOML, instead of in every command.
 `configuration_keys.KEYS` knows what may stand in it: the file that `tagger config init` writes, the errors
and the table of `tagger config` come from it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tagger.configuration_keys import KEYS, SECTIONS, Section
from tagger.errors import TaggerError
from tagger.excluded import Excluded
from tagger.files import absolute
from tagger.genre_names import GenreNames
from tagger.genre_words import NOTHING
from tagger.query.filter_values import octave_range
from tagger.toml_tables import (
    Table,
    nearest,
    read_toml,
    read_values,
)
from tagger.types import MIN_CONFIDENCE, BpmDecimal, BpmPolicy, EnergyPlace, GenrePolicy, HardLinks, Requested

if TYPE_CHECKING:
    from tagger.playlist import Defaults
    from tagger.tag_runs import TagSettings

VARIABLE = "TAGGER_CONFIG"
"""Of the environment: the file, or `none`."""


@dataclass(frozen=True)
class Configuration:
    """What is to hold unless an option says otherwise; without a file, what holds anyway.

    `file` is where it was read, and `given` the keys that stand there, with their sections (`tags.genre`).
    `folders` are scanned where none is named, and nothing that one of the patterns `exclude` matches is. `db`
    and `model` are as the options; None leaves the choice to them. `rename`, `never` and `only` are of
    `GenreNames`; `nothing` are further words of tags that count as no genre. All below are of `write-tags`,
    and `playlist` of every playlist.
    """

    file: str | None = None
    given: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    db: str | None = None
    model: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    genre: GenrePolicy = "missing"
    energy: bool = True
    bpm: BpmPolicy = "missing"
    bpm_range: str | None = None
    bpm_decimal: BpmDecimal = "never"
    write: tuple[Requested, ...] = ()
    energy_in: tuple[EnergyPlace, ...] = ()
    min_confidence: float = MIN_CONFIDENCE
    min_bpm_confidence: float | None = None
    max_genres: int = 1
    keep_mtime: bool = False
    hard_links: HardLinks = "skip"
    playlist: Mapping[str, Any] = field(default_factory=dict)

    def source_of(self, path: str) -> str:
        """Give who says what holds for the key `path`: the file, or `default`."""
        return self.file if self.file and path in self.given else "default"

    @property
    def names(self) -> GenreNames:
        """The owner's names for genres, which words say nothing, and from when on an answer is sure."""
        nothing = NOTHING.union(self.nothing)
        return GenreNames(self.rename, self.never, self.only, nothing, self.min_confidence)

    @property
    def excluded(self) -> Excluded:
        """What is left out of everything."""
        return Excluded(self.exclude, self.folders)

    @property
    def usual_playlist(self) -> Defaults:
        """What every playlist is to be unless it says otherwise. Raises TaggerError as `read` has done."""
        from tagger.playlist import defaults_of

        usual = {"bpm_range": self.bpm_range} if self.bpm_range and not self._has_own_range else {}
        return defaults_of({**usual, **self.playlist}, self.folder)

    @property
    def _has_own_range(self) -> bool:
        return not {"bpm_range", "bpm-range"}.isdisjoint(self.playlist)

    @property
    def tag_settings(self) -> TagSettings:
        """The choices of a run of `write-tags`."""
        from tagger.tag_runs import TagSettings
        from tagger.tags import Policy

        of_bpm = self.min_confidence if self.min_bpm_confidence is None else self.min_bpm_confidence
        asked: dict[str, Any] = dict(_policy_of(each) for each in self.write)
        asked |= {"energy_in": self.energy_in, "bpm_decimal": self.bpm_decimal}
        policy = Policy(self.genre, self.max_genres, self.energy, self.bpm, **asked)
        bpm_range = octave_range(self.bpm_range) if self.bpm_range else None
        return TagSettings(
            policy, self.min_confidence, self.keep_mtime, self.hard_links, of_bpm, bpm_range=bpm_range
        )

    @property
    def clash(self) -> str:
        """Say which two wishes want the same field of a file; "" where none do."""
        asked = dict(_policy_of(each) for each in self.write)
        for place, aspect in _SAME_FIELD.items():
            if place in self.energy_in and asked.get(aspect, "never") != "never":
                return f"--energy-in {place} and --write {aspect} want one field of a file; leave out one"
        return ""

    @property
    def folder(self) -> str:
        """The folder from which its paths are taken."""
        return os.path.dirname(self.file) if self.file else os.getcwd()


_SAME_FIELD: Mapping[EnergyPlace, str] = {"mood": "mood", "grouping": "words"}


def _policy_of(requested: Requested) -> tuple[str, str]:
    field, _, policy = requested.partition("=")
    return field, policy or "missing"


NOT_CONFIGURED = Configuration()
"""What holds without a file."""


def default_file() -> str:
    """Give the place of the configuration unless the owner says otherwise: the platform's folder for them."""
    from platformdirs import user_config_path

    return os.fspath(user_config_path("tagger") / "config.toml")


def chosen_file(named: str | None) -> tuple[str | None, str]:
    """Give the file that is read, and who says so: `--config` (`named`), `TAGGER_CONFIG` or `default`.

    The file is None where `none` or nothing was named. That of the default need not be there.
    """
    said, by = (named, "--config") if named is not None else (os.environ.get(VARIABLE), VARIABLE)
    if said is None:
        return default_file(), "default"
    return (None if said.strip() in ("", "none") else absolute(os.path.expanduser(said))), by


def read_configuration(named: str | None = None) -> Configuration:
    """Read the configuration that `chosen_file` gives; an empty one where the default place has none.

    Raises TaggerError, in one line that names the file and the key, where it cannot be meant.
    """
    file, by = chosen_file(named)
    if file is None or (by == "default" and not os.path.lexists(file)):
        return NOT_CONFIGURED
    if not os.path.exists(file) and not os.path.islink(file):
        raise TaggerError(f"{by} {file}: no such file; `tagger config init` makes one")
    return read(file)


def read(file: str) -> Configuration:
    """Read one file of configuration; errors as of `read_configuration`."""
    content, folder = read_toml(file, "configuration"), os.path.dirname(file)
    values: dict[str, Any] = {}
    given = set[str]()
    for section in SECTIONS:
        try:
            found = _section(section, content, folder)
        except TaggerError as error:
            raise TaggerError(f"{file}: {f'[{section}] ' if section else ''}{error}") from None
        given |= {f"{section}.{name}".lstrip(".") for name in found}
        values |= {section: found} if section == "playlist" else found
    configuration = Configuration(file=file, given=frozenset(given), **values)
    if clash := configuration.clash:
        raise TaggerError(f"{file}: [tags] {clash}")
    return configuration


def _section(section: Section, content: Table, folder: str) -> dict[str, Any]:
    """The values of one section. Raises TaggerError for what cannot be meant."""
    table = content.get(section, {}) if section else _above_the_sections(content)
    if not isinstance(table, dict):
        raise TaggerError(f"{section} = {table!r}: begin a section with [{section}] on a line of its own")
    if section == "playlist":
        return _playlist(table, folder)
    for name in table:
        home = _HOMES.get(name.replace("-", "_"), section)
        if home != section:
            raise TaggerError(f"{name!r} belongs {f'under [{home}]' if home else 'above the first section'}")
    kinds = {key.name: key.kind for key in KEYS if key.section == section}
    known = [*kinds, *SECTIONS[1:]] if not section else kinds
    if unknown := next((name for name in table if name.replace("-", "_") not in kinds), None):
        raise TaggerError(f"unknown key {unknown!r}{nearest(unknown, known)}")
    return {name: _placed(name, value, folder) for name, value in read_values(table, kinds).items()}


def _above_the_sections(content: Table) -> Table:
    return {name: value for name, value in content.items() if name not in SECTIONS}


def _playlist(table: Table, folder: str) -> dict[str, Any]:
    if not table:
        return {}
    from tagger.playlist import defaults_of

    defaults_of(table, folder)
    return {name.replace("-", "_"): value for name, value in table.items()}


def _placed(name: str, value: Any, folder: str) -> Any:
    """The value with its paths taken from the folder of the file; `~` is the home folder."""
    if name == "folders":
        return tuple(_path(each, folder) for each in value)
    if name == "exclude":
        return tuple(os.path.expanduser(each) for each in value)
    if name == "db" or (name == "model" and (os.sep in value or value.startswith("~"))):
        return _path(value, folder)
    return value


def _path(name: str, folder: str) -> str:
    return absolute(os.path.join(folder, os.path.expanduser(name)))


_HOMES = {key.name: key.section for key in KEYS}

_OF_PLAYLISTS = (
    ("sort", '"-energy"'),
    ("minutes", "60"),
    ("per_artist", "3"),
    ("no_missing", "true"),
    ("min_length", '"30s"'),
)
_ABOUT = {
    "": "The configuration of tagger. An option on the command line wins; `tagger config` shows what holds.\n"
    "# A line counts once you take the # in front of it away. Paths are taken from this folder.",
    "genres": "Genres, by your names or the model's, in any spelling.",
    "tags": "What `tagger write-tags` writes.",
    "playlist": "What every playlist is unless it says otherwise: options and filters of `tagger playlist`.",
}


def template() -> str:
    """Write a file in which every key is explained and commented out, so that it changes nothing."""
    lines = list[str]()
    for section in SECTIONS:
        lines += [f"# {_ABOUT[section]}"] if not section else ["", f"[{section}]", f"# {_ABOUT[section]}"]
        for key in KEYS:
            if key.section == section:
                lines += ["", f"# {key.comment}", f"# {key.name} = {key.example}"]
    lines += ["", *(f"# {name} = {example}" for name, example in _OF_PLAYLISTS)]
    return "\n".join(lines) + "\n"


def as_toml(value: Any) -> str:
    """Write a value as it may stand in the file; the empty text for none.

    >>> print(as_toml({"Hip-Hop": "Hip Hop"}), as_toml(("a", "b")), as_toml(True))
    { "Hip-Hop" = "Hip Hop" } ["a", "b"] true
    """
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{json.dumps(name)} = {as_toml(each)}" for name, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    return "" if value is None else json.dumps(value, ensure_ascii=False)
