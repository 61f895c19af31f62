"""The plan of one playlist: everything that it is to be, whether it was typed or stands in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tagger.errors import TaggerError
from tagger.playlist.formats import KINDS, Format, Kind, format_of
from tagger.playlist.location import is_absolute, parse_replacement
from tagger.playlist.select import Shape, Sort
from tagger.query import EVERYTHING, FILTERS, Query
from tagger.query.filter_values import octave_range

BEYOND_A_RULE = (
    "min_confidence",
    "valence",
    "tag_genre",
    "agrees",
    "differs",
    "untagged",
    "corrected",
    "sound",
    "key",
    "mixes_with",
)
"""Names of filters that a rule of Navidrome cannot say."""

BY_WORDS = ("valence", "-valence", "-word")
"""Sorts by mood and words, which such a rule cannot say either."""

LIKE_LIMIT = 50
"""Tracks of a playlist of what sounds alike that sets neither `limit` nor `minutes`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A playlist by the names of the options of `tagger playlist`, whose help says what they mean.

    `query` says which tracks; its own limit and order are not asked. Of `like`, one file may be given by
    itself. `output` None is stdout. `title` and tempo, which is folded into `bpm_range`, are for formats that
    have a place for them. Raises TaggerError, when it is made, where a value is wrong by itself or
    contradicts another.

    >>> Plan(output="loud.xspf").wanted_format, Plan().wanted_format
    ('xspf', 'm3u8')
    >>> Plan(limit=-1)
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: --limit -1: give 0 or more
    """

    query: Query = EVERYTHING
    sort: Sort | None = None
    shape: Shape | None = None
    like: tuple[str, ...] = ()
    limit: int | None = None
    minutes: float | None = None
    per_artist: int | None = None
    no_missing: bool = False
    seed: int | None = None
    output: str | None = None
    format: Format | None = None
    relative_to: str | None = None
    absolute: bool = False
    replace_prefix: str | None = None
    title: str | None = None
    bpm_range: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.like, str):
            object.__setattr__(self, "like", (self.like,))
        for name, value, least in (("limit", self.limit, 0), ("per-artist", self.per_artist, 1)):
            if value is not None and value < least:
                raise TaggerError(f"--{name} {value}: give {least} or more")
        if self.minutes is not None and not self.minutes > 0:
            raise TaggerError(f"--minutes {self.minutes:g}: give a number above 0")
        _not_both("--sort", self.sort, "--shape", self.shape)
        _not_both("--relative-to", self.relative_to, "--absolute", self.absolute)
        if self.sort == "-word" and not self.query.words:
            raise TaggerError("--sort -word is by the words asked for; give one, such as --word piano")
        if self.replace_prefix is not None:
            parse_replacement(self.replace_prefix)
            if self.relative_to is not None and not is_absolute(self.relative_to):
                raise TaggerError(
                    f"--relative-to {self.relative_to}: with --replace-prefix, give the folder's full path "
                    "as the other machine sees it"
                )
        if self.bpm_range is not None:
            self.tempo_limits  # noqa: B018 - which raises
        if self.wanted_format == "nsp":
            self._check_rule()
        self._check_paths()

    @property
    def is_by_energy(self) -> bool:
        """Whether the tracks' energies make the order."""
        return bool(self.shape) or (self.sort or ("" if self.like else "energy")) in ("energy", "-energy")

    @property
    def wanted_format(self) -> Format:
        """The format that was named, else the one that the output's name asks for, else m3u8."""
        return _wanted_format(self.format, self.output)

    @property
    def tempo_limits(self) -> tuple[float, float] | None:
        """The range that tempos are folded into; None leaves them. Raises TaggerError for what is none."""
        try:
            return None if self.bpm_range is None else octave_range(self.bpm_range)
        except ValueError:
            raise TaggerError(
                f"--bpm-range {self.bpm_range}: give a range of about an octave, such as 85-175"
            ) from None

    @property
    def kind(self) -> Kind:
        """What is to be known of the wanted format."""
        return KINDS[self.wanted_format]

    @property
    def needs_words(self) -> bool:
        """Whether moods and words are shown, or make the order."""
        return self.kind.has_words or self.sort in BY_WORDS

    @property
    def needs_keys(self) -> bool:
        """Whether keys are shown, or help to make the order."""
        return self.kind.has_keys or bool(self.shape) or self.sort == "key"

    @property
    def gives_reasons(self) -> bool:
        """Whether the format says why a track is there, and something was asked that gives a reason."""
        asked = self.like or self.query.words or self.query.not_words
        return self.wanted_format == "json" and bool(asked)

    def _check_rule(self) -> None:
        if unsayable := list(self._beyond_a_rule()):
            raise TaggerError(
                f"a smart playlist (nsp) is a rule that Navidrome follows, and cannot say "
                f"{', '.join(unsayable)}; leave that out or choose another format"
            )

    def _check_paths(self) -> None:
        kind = self.kind
        if kind.naming == "full" and self.relative_to:
            raise TaggerError(f"{kind.reader} finds files by their full paths; leave --relative-to out")
        if kind.naming == "root" and self.absolute:
            raise TaggerError(f"{kind.reader} finds files from its own root; leave --absolute out")

    def _beyond_a_rule(self) -> Iterator[str]:
        given = {
            **{each.option: each.is_in(self.query) for each in FILTERS if each.name in BEYOND_A_RULE},
            f"--sort {self.sort}": self.sort in (*BY_WORDS, "key"),
            "--shape": self.shape,
            "--like": self.like,
            "--minutes": self.minutes is not None,
            "--per-artist": self.per_artist is not None,
            "--no-missing": self.no_missing,
            "--relative-to": self.relative_to,
            "--absolute": self.absolute,
            "--replace-prefix": self.replace_prefix,
            "--bpm-range": self.bpm_range,
        }
        yield from (name for name, is_given in given.items() if is_given)


def kind_of(format: Format | None, output: str | None) -> Kind:
    """Give what is to be known of the format of a playlist, as it was named or the output asks for it."""
    return KINDS[_wanted_format(format, output)]


def _wanted_format(format: Format | None, output: str | None) -> Format:
    if format or not output:
        return format or "m3u8"
    return format_of(output)


def _not_both(first: str, one: object, second: str, other: object) -> None:
    if one and other:
        raise TaggerError(f"{first} and {second} exclude each other; give one of them")
