"""Everything that one playlist is to be, whether it was typed or stands in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tagger.cli.filters import Filters
from tagger.errors import TaggerError

LIKE_LIMIT = 50
"""Tracks of a `--like` playlist that sets neither `--limit` nor `--minutes`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A playlist by the names of the options of `tagger playlist`, which says what they mean.

    `output` None is stdout. `title` is for formats that have a place for it.
    """

    filters: Filters = field(default_factory=Filters)
    sort: str | None = None
    shape: str | None = None
    like: str | None = None
    limit: int | None = None
    minutes: float | None = None
    per_artist: int | None = None
    no_missing: bool = False
    seed: int | None = None
    output: str | None = None
    format: str | None = None
    relative_to: str | None = None
    absolute: bool = False
    replace_prefix: str | None = None
    title: str | None = None

    def check(self) -> None:
        """Raises `TaggerError` where an option is wrong by itself or contradicts another."""
        from tagger.playlist import FORMATS, SHAPES, SORTS, parse_replacement
        from tagger.playlist.location import is_absolute

        _one_of("--sort", self.sort, SORTS)
        _one_of("--shape", self.shape, SHAPES)
        _one_of("--format", self.format, FORMATS)
        for name, value, least in (("limit", self.limit, 0), ("per-artist", self.per_artist, 1)):
            if value is not None and value < least:
                raise TaggerError(f"--{name} {value}: give {least} or more")
        if self.minutes is not None and not self.minutes > 0:
            raise TaggerError(f"--minutes {self.minutes:g}: give a number above 0")
        _not_both("--sort", self.sort, "--shape", self.shape)
        _not_both("--relative-to", self.relative_to, "--absolute", self.absolute)
        if self.replace_prefix is not None:
            parse_replacement(self.replace_prefix)
            if self.relative_to is not None and not is_absolute(self.relative_to):
                raise TaggerError(
                    f"--relative-to {self.relative_to}: with --replace-prefix, give the folder's full path "
                    "as the other machine sees it"
                )
        if self.wanted_format() == "nsp":
            self._check_rule()

    def is_by_energy(self) -> bool:
        """Whether the tracks' energies make the order."""
        return bool(self.shape) or (self.sort or ("" if self.like else "energy")) in ("energy", "-energy")

    def wanted_format(self) -> str:
        """The format that was named, else the one that the output's name asks for, else m3u8."""
        from tagger.playlist import format_of

        if self.format or not self.output:
            return self.format or "m3u8"
        return format_of(self.output)

    def _check_rule(self) -> None:
        if unsayable := list(self._beyond_a_rule()):
            raise TaggerError(
                f"a smart playlist (nsp) is a rule that Navidrome follows, and cannot say "
                f"{', '.join(unsayable)}; leave that out or choose another format"
            )

    def _beyond_a_rule(self) -> Iterator[str]:
        said = {
            "--min-confidence": self.filters.min_confidence is not None,
            "--shape": self.shape,
            "--like": self.like,
            "--minutes": self.minutes is not None,
            "--per-artist": self.per_artist is not None,
            "--no-missing": self.no_missing,
            "--relative-to": self.relative_to,
            "--absolute": self.absolute,
            "--replace-prefix": self.replace_prefix,
        }
        yield from (name for name, is_said in said.items() if is_said)


def _one_of(option: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise TaggerError(f"{option} {value}: give one of {', '.join(known)}")


def _not_both(first: str, one: object, second: str, other: object) -> None:
    if one and other:
        raise TaggerError(f"{first} and {second} exclude each other; give one of them")
