"""The filters that `list`, `playlist` and `stats` share: as typed, and as the question they make."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.hears import require
from tagger.cli.output import message, shown
from tagger.errors import TaggerError
from tagger.query import Query
from tagger.types import Aspect

if TYPE_CHECKING:
    from tagger.store import Store

_PANEL = "Filters (all must hold; --genre, --artist, --album, --path repeat)"


def _filter(name: str, metavar: str, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, metavar=metavar, help=help, rich_help_panel=_PANEL)
    return option


Genre = Annotated[list[str] | None, _filter("--genre", "NAME", "This genre, in any letter case.")]
NotGenre = Annotated[list[str] | None, _filter("--not-genre", "NAME", "Not this genre.")]
Energy = Annotated[str | None, _filter("--energy", "RANGE", "low, medium, high, or such as 0.4-0.7.")]
Bpm = Annotated[str | None, _filter("--bpm", "RANGE", "Tempo: 120-128, 120-, -128 or 124.")]
MinConfidence = Annotated[float | None, _filter("--min-confidence", "P", "Genre at least this sure, 0-1.")]
Artist = Annotated[list[str] | None, _filter("--artist", "TEXT", "Artist with this in the name.")]
Album = Annotated[list[str] | None, _filter("--album", "TEXT", "Album with this in the title.")]
PathPart = Annotated[list[str] | None, _filter("--path", "TEXT", "Path with this in it, such as /Live/.")]
Year = Annotated[str | None, _filter("--year", "RANGE", "1990-1999, 1990-, -1999 or 1994.")]
Paths = Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these files and folders.")]


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters as they were typed or stand in a file; `query` says what they mean."""

    genre: Sequence[str] | None = None
    not_genre: Sequence[str] | None = None
    energy: str | None = None
    bpm: str | None = None
    min_confidence: float | None = None
    artist: Sequence[str] | None = None
    album: Sequence[str] | None = None
    path: Sequence[str] | None = None
    year: str | None = None

    def query(
        self, store: Store, model: str, paths: Sequence[str] | None = None, limit: int | None = None
    ) -> Query:
        """What to ask the store, genres as the model spells them. Raises `TaggerError` if one is wrong."""
        options.check_names(paths or ())
        options.check_share("--min-confidence", self.min_confidence)
        for option, aspect in self._heard():
            require(store, model, aspect, f"leave out {option}")
        return Query(
            genres=tuple(options.genre_named(name, store, model) for name in self.genre or ()),
            not_genres=tuple(options.genre_named(name, store, model) for name in self.not_genre or ()),
            energy=options.energy_between(self.energy) if self.energy is not None else None,
            bpm=bpm_between(self.bpm) if self.bpm is not None else None,
            min_confidence=self.min_confidence,
            artists=tuple(self.artist or ()),
            albums=tuple(self.album or ()),
            path_parts=tuple(self.path or ()),
            year=years_between(self.year) if self.year is not None else None,
            paths=tuple(paths or ()),
            limit=limit,
        )

    def _heard(self) -> Iterator[tuple[str, Aspect]]:
        """The options that only some models can answer, and what these have to hear."""
        if self.genre:
            yield "--genre", "genre"
        if self.not_genre:
            yield "--not-genre", "genre"
        if self.min_confidence is not None:
            yield "--min-confidence", "genre"
        if self.energy is not None:
            yield "--energy", "energy"


def warn_of_no_tempo(query: Query, store: Store, model: str, sort: str | None = None) -> None:
    """Says on stderr why a question about tempo has no answer, if there is none."""
    if (query.bpm or sort == "bpm") and not store.has("tempo", model):
        therefore = "--bpm matches nothing" if query.bpm else "--sort bpm leaves them in the order of paths"
        message(f"no track has a tempo from {model}, so {therefore}")


def warn_of_unknown(paths: Sequence[str] | None, store: Store) -> None:
    """Says on stderr which paths hold none of the tracks in the database, and so narrow to nothing."""
    for path in paths or ():
        if not store.has_tracks(path):
            known = "no track in the database; `tagger scan` it first"
            unknown = "no such file or folder, and no track in the database; check the name"
            message(f"{shown(path)}: {known if os.path.lexists(path) else unknown}")


def bpm_between(text: str) -> tuple[float, float]:
    """The range that `120-128`, `120-`, `-128` or `124` (123.5 to 124.5) names, both ends included."""
    low, high = _between(text, "--bpm", "120-128", top=999)
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def years_between(text: str) -> tuple[int, int]:
    """The range that `1990-1999`, `1990-`, `-1999` or `1994` names, both ends included."""
    low, high = _between(text, "--year", "1990-1999", top=9999)
    return math.ceil(low), math.floor(high)


def _between(text: str, option: str, example: str, top: float) -> tuple[float, float]:
    first, dash, last = (part.strip() for part in text.partition("-"))
    try:
        low = float(first) if first else 0.0
        high = (float(last) if last else top) if dash else low
    except ValueError:
        low, high = math.nan, math.nan
    if not (first or last) or not 0 <= low <= high <= top:
        raise TaggerError(f"{option} {text}: give one number or a range such as {example}")
    return low, high
