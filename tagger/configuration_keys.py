"""What may stand in a configuration: every key with its section, its kind, what it says and an example.

`KEYS` is the one place that knows. A new key is a field of `configuration.Configuration` and a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tagger.excluded import LONGEST_PATTERN, MOST_PATTERNS
from tagger.genre_words import letters
from tagger.query.filter_values import octave_range
from tagger.toml_tables import FLAG, NUMBER, TEXT, TEXTS, WHOLE, Kind, one_of
from tagger.types import MIN_CONFIDENCE, BpmDecimal, BpmPolicy, EnergyPlace, GenrePolicy, HardLinks, Requested

MOST_GENRES = 1000
"""Words in a list of genres; no model knows more."""

_SPLIT_BY = ";/,|\\"
"""Characters at which players split a genre in two."""

Section = Literal["", "genres", "tags", "playlist"]
SECTIONS: tuple[Section, ...] = get_args(Section)


# The kinds of values that only a configuration has


def _names(value: Any) -> Any:
    """One text or several, none of them empty."""
    texts = TEXTS[0](value)
    return texts if texts is not None and all(map(str.strip, texts)) else None


def _filled(value: Any) -> Any:
    return value if TEXT[0](value) is not None and value.strip() else None


def _patterns(value: Any) -> Any:
    texts = _names(value)
    if texts is None or len(texts) > MOST_PATTERNS or any(len(each) > LONGEST_PATTERN for each in texts):
        return None
    return None if any(not each.strip("*/\\ ") for each in texts) else texts


def _genres(value: Any) -> Any:
    texts = _names(value)
    is_sound = texts is not None and len(texts) <= MOST_GENRES and all(map(letters, texts))
    return texts if is_sound else None


def _renames(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) > MOST_GENRES or _genres([*value]) is None:
        return None
    is_sound = _genres([*value.values()]) is not None and not any(
        character in name for name in value.values() for character in _SPLIT_BY
    )
    return {genre: name.strip() for genre, name in value.items()} if is_sound else None


def _among(choices: Any) -> Callable[[Any], Any]:
    """One or several values of the `Literal` type `choices`."""

    def read(value: Any) -> Any:
        texts = TEXTS[0](value)
        return texts if texts is not None and {*texts} <= {*get_args(choices)} else None

    return read


def _range(value: Any) -> Any:
    try:
        octave_range(TEXT[0](value) or "")
    except ValueError:
        return None
    return value


def _share(value: Any) -> Any:
    return value if NUMBER[0](value) is not None and 0 <= value <= 1 else None


def _positive(value: Any) -> Any:
    return value if WHOLE[0](value) is not None and value >= 1 else None


_PATHS: Kind = (_names, "a folder or a list of folders")
_GLOBS: Kind = (
    _patterns,
    f"a pattern or a list of up to {MOST_PATTERNS:,}, none of which leaves out everything",
)
_NAME: Kind = (_filled, "a text that is not empty")
_GENRES: Kind = (_genres, "a genre or a list of genres")
_RENAMES: Kind = (
    _renames,
    'new names by old ones, such as { International = "World" }; players split a name at ; / , | or \\',
)
_REQUESTED: Kind = (_among(Requested), f"one or several of {', '.join(get_args(Requested))}")
_PLACES: Kind = (_among(EnergyPlace), f"one or several of {', '.join(get_args(EnergyPlace))}")
_RANGE: Kind = (_range, 'a range of about an octave, such as "85-175"')
_SHARE: Kind = (_share, "a number from 0 to 1")
_COUNT: Kind = (_positive, "a whole number from 1")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the file: its name, which is its field, its kind, what it says, and a value as an example."""

    name: str
    section: Section
    kind: Kind
    comment: str
    example: str

    @property
    def path(self) -> str:
        """Its name with that of its section, such as `tags.genre`."""
        return f"{self.section}.{self.name}" if self.section else self.name


KEYS: tuple[Key, ...] = (
    Key(
        "folders", "", _PATHS, "The music: what `tagger scan` and `tagger watch` look through.", '["~/Music"]'
    ),
    Key(
        "exclude",
        "",
        _GLOBS,
        "Files and folders to leave out, at any depth.",
        '["Audiobooks", "Podcasts", "*.m4b"]',
    ),
    Key("model", "", _NAME, "The model that analyses and answers: an id or a folder.", '"standard"'),
    Key("db", "", _NAME, "The database. Unless set, it is in the user data folder.", '"~/Music/tagger.db"'),
    Key(
        "rename",
        "genres",
        _RENAMES,
        "Your names for the model's genres, everywhere.",
        '{ International = "World", "Hip-Hop" = "Hip Hop" }',
    ),
    Key(
        "never",
        "genres",
        _GENRES,
        "Genres that are never written into tags, and of which no playlist is made.",
        '["Experimental"]',
    ),
    Key("only", "genres", _GENRES, "If set, only these are.", '["Jazz", "Rock", "World"]'),
    Key(
        "nothing",
        "genres",
        _GENRES,
        "Words of your tags that count as no genre, besides those such as Unknown and Other.",
        '["Misc", "Sonstige"]',
    ),
    Key(
        "genre",
        "tags",
        one_of(GenrePolicy),
        "Write a genre: missing (only where none is), replace, add or never.",
        '"missing"',
    ),
    Key("energy", "tags", FLAG, "Write the energy, where absent or ours.", "true"),
    Key(
        "bpm",
        "tags",
        one_of(BpmPolicy),
        "Write the tempo: missing (where none is, or ours), replace or never.",
        '"missing"',
    ),
    Key(
        "bpm_range",
        "tags",
        _RANGE,
        "Count tempos as in this range, by doubling or halving what was heard; in playlists for DJs, too.",
        '"85-175"',
    ),
    Key(
        "bpm_decimal",
        "tags",
        one_of(BpmDecimal),
        "Write tempos with a decimal: never, allowed (where the kind of tag allows it) or id3 (there, too).",
        '"never"',
    ),
    Key(
        "write",
        "tags",
        _REQUESTED,
        'Write more: "key", "mood", "words" (where none is, or ours), "key=replace", "words=add" and so on.',
        "[]",
    ),
    Key(
        "energy_in",
        "tags",
        _PLACES,
        'Tell the energy where players show it, as "Energy 7": "comment", "grouping", "rating", "mood".',
        "[]",
    ),
    Key(
        "min_confidence",
        "tags",
        _SHARE,
        "The confidence, 0-1, from which on a genre, a tempo, a key or a mood is written.",
        f"{MIN_CONFIDENCE}",
    ),
    Key("min_bpm_confidence", "tags", _SHARE, "Of tempos alone, if not the same.", f"{MIN_CONFIDENCE}"),
    Key("max_genres", "tags", _COUNT, "Genres in a file, likeliest first.", "1"),
    Key("keep_mtime", "tags", FLAG, "Keep the dates of the files.", "false"),
    Key(
        "hard_links", "tags", one_of(HardLinks), "A file of several names: skip, break or in-place.", '"skip"'
    ),
)
"""Every key but those of [playlist], in the order of the file; those are the keys of a file of playlists."""
