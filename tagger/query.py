"""The filters: which tracks are asked for, and how people write that.

`FILTERS` is the one place that knows them. The options of `list`, `stats` and `playlist`, the keys in a
file of playlists and the fields of `Query` come from it. A new filter is a line of `FILTERS` with its
field of `Query`, its condition in `tagger.store.answers` and, if Navidrome has a word for it, in
`tagger.playlist.nsp`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tagger.errors import TaggerError
from tagger.types import ENERGY_BANDS, Aspect

TrackOrder = Literal["path", "energy", "-energy"]


@dataclass(frozen=True, slots=True)
class Query:
    """Which tracks are asked for: all filters must hold, and what is left out holds for every track.

    Of several `genres`, `artists`, `albums` or `path_parts` one must match, and none of `not_genres`
    may. Genres match exactly; the others as a part of the text, letter case and Unicode form set
    aside. `energy` is half-open, [low, high), as `ENERGY_BANDS` are; `bpm` and `year` hold both their
    ends. `min_confidence` is 0–1. No filter, `not_genres` included, matches what is not known. `paths`
    are files, and folders with all beneath them. `order` by path is that of the bytes; equal energies
    stand as first analysed, tracks without one last.
    """

    genres: tuple[str, ...] = ()
    not_genres: tuple[str, ...] = ()
    energy: tuple[float, float] | None = None
    bpm: tuple[float, float] | None = None
    min_confidence: float | None = None
    artists: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    path_parts: tuple[str, ...] = ()
    year: tuple[int, int] | None = None
    paths: tuple[str, ...] = ()
    limit: int | None = None
    order: TrackOrder = "path"


EVERYTHING = Query()
"""The question without filters."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter as people write it: `name` in Python and in TOML, `option` on the command line.

    `read` makes of a text what `field` of `Query` holds; it raises ValueError where the text is not what
    `expected` says. `metavar` and `help` are for `--help`. `aspect` is what a model must predict, or the
    filter can match nothing. A filter that `repeats` takes several texts, of which one must match.
    """

    name: str
    field: str
    read: Callable[[str], Any]
    metavar: str
    help: str
    expected: str = ""
    aspect: Aspect | None = None
    repeats: bool = False

    @property
    def option(self) -> str:
        """The name as an option, such as `--not-genre`."""
        return f"--{self.name.replace('_', '-')}"

    def is_in(self, query: Query) -> bool:
        """Tell whether `query` narrows by this filter."""
        return getattr(query, self.field) not in (None, ())

    def value_of(self, given: Any) -> Any:
        """Read a text, several of a filter that repeats, a number, or a range that is one already.

        Raises TaggerError, with the option's name, where the value cannot be meant.
        """
        if self.repeats:
            return (given,) if isinstance(given, str) else tuple(given)
        if isinstance(given, tuple):
            return given
        try:
            return self.read(str(given))
        except ValueError:
            raise TaggerError(f"{self.option} {given}: give {self.expected}") from None


def read_query(given: Mapping[str, Any]) -> Query:
    """Read filters by their names, as they were typed or as values; None is a filter that is not given.

    Genres stay as they are spelled; `tagger.model_choice.fitted` corrects them for a model. Raises
    TaggerError for a name that no filter has, and for a value that a filter cannot read.

    >>> read_query({"artist": "Björk", "year": "1990-1999"}) == Query(artists=("Björk",), year=(1990, 1999))
    True
    >>> read_query({"genre": ["Rock", "Metal"], "bpm": (120.0, 128.0)}).bpm
    (120.0, 128.0)
    >>> read_query({"year": "90s"})
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: --year 90s: give one number or a range such as 1990-1999
    """
    by_name = {each.name: each for each in FILTERS}
    if unknown := given.keys() - by_name.keys():
        raise TaggerError(f"no filter {min(unknown)!r}; there are {', '.join(by_name)}")
    filters = ((by_name[name], value) for name, value in given.items() if value is not None)
    return Query(**{each.field: each.value_of(value) for each, value in filters})


def genre_named(name: str, known: Sequence[str], model: str) -> str:
    """Give the spelling of a genre that is among the `known` ones of `model`, whatever its letter case.

    Raises TaggerError, with the nearest name, where there is none.

    >>> genre_named("hip-hop", ["Hip-Hop", "Jazz"], "standard-6")
    'Hip-Hop'
    >>> genre_named("hiphop", ["Hip-Hop", "Jazz"], "standard-6")
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: no genre 'hiphop'; did you mean 'Hip-Hop'? standard-6 knows: Hip-Hop, Jazz
    """
    by_folded = {genre.casefold(): genre for genre in known}
    wanted = name.strip().casefold()
    if wanted in by_folded:
        return by_folded[wanted]
    near = difflib.get_close_matches(wanted, by_folded, n=1, cutoff=0.4)
    hint = f"did you mean {by_folded[near[0]]!r}? " if near else ""
    raise TaggerError(f"no genre {name!r}; {hint}{model} knows: {', '.join(known)}")


def energy_range(text: str) -> tuple[float, float]:
    """Read an energy as the half-open range [low, high) that it names; raise ValueError for another text.

    >>> energy_range("medium") == ENERGY_BANDS["medium"]
    True
    >>> low, high = energy_range("0.4-0.7")
    >>> low, 0.7 < high < 0.7001  # so that 0.7 is in it
    (0.4, True)
    """
    name = text.strip().lower()
    for band, edges in ENERGY_BANDS.items():
        if name == band:
            return edges
    low, high = (float(part) for part in name.split("-"))
    if not 0 <= low <= high <= 1:
        raise ValueError(text)
    return low, math.nextafter(high, math.inf)


def bpm_range(text: str) -> tuple[float, float]:
    """Read a tempo as a range of BPM with both its ends; raise ValueError for a text that is none.

    >>> bpm_range("120-128"), bpm_range("120-"), bpm_range("-128"), bpm_range("124")
    ((120.0, 128.0), (120.0, 999.0), (0.0, 128.0), (123.5, 124.5))
    """
    low, high = _range(text, top=999.0)
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def year_range(text: str) -> tuple[int, int]:
    """Read years as a range with both its ends; raise ValueError for a text that is none.

    >>> year_range("1990-1999"), year_range("1990-"), year_range("-1999"), year_range("1994")
    ((1990, 1999), (1990, 9999), (0, 1999), (1994, 1994))
    """
    low, high = _range(text, top=9999.0)
    return math.ceil(low), math.floor(high)


def share(text: str) -> float:
    """Read a number from 0 to 1; raise ValueError for another text, such as `80` or `nan`."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def _range(text: str, top: float) -> tuple[float, float]:
    """The ends of `low-high`, `low-`, `-high` or one number, from 0 to `top`."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    low = float(first) if first else 0.0
    high = (float(last) if last else top) if dash else low
    if not (first or last) or not 0 <= low <= high <= top:
        raise ValueError(text)
    return low, high


_RANGE, _NUMBER = "one number or a range such as", "a number from 0 to 1"
_ENERGIES = "low, medium, high, or a range within 0-1 such as 0.4-0.7"

FILTERS: tuple[Filter, ...] = (
    Filter("genre", "genres", str, "NAME", "This genre, in any letter case.", aspect="genre", repeats=True),
    Filter("not_genre", "not_genres", str, "NAME", "Not this genre.", aspect="genre", repeats=True),
    Filter(
        "energy",
        "energy",
        energy_range,
        "RANGE",
        "low, medium, high, or such as 0.4-0.7.",
        _ENERGIES,
        "energy",
    ),
    # A model without tempo is not refused: `tagger.model_choice.warnings` explains why nothing is found.
    Filter("bpm", "bpm", bpm_range, "RANGE", "Tempo: 120-128, 120-, -128 or 124.", f"{_RANGE} 120-128"),
    Filter(
        "min_confidence", "min_confidence", share, "P", "Genre at least this sure, 0-1.", _NUMBER, "genre"
    ),
    Filter("artist", "artists", str, "TEXT", "Artist with this in the name.", repeats=True),
    Filter("album", "albums", str, "TEXT", "Album with this in the title.", repeats=True),
    Filter("path", "path_parts", str, "TEXT", "Path with this in it, such as /Live/.", repeats=True),
    Filter("year", "year", year_range, "RANGE", "1990-1999, 1990-, -1999 or 1994.", f"{_RANGE} 1990-1999"),
)
"""Every filter, in the order of `--help`."""
