"""The filters: which tracks are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TrackOrder = Literal["path", "energy", "-energy"]


@dataclass(frozen=True, slots=True)
class Query:
    """Which tracks are asked for: all filters must hold, and what is left out holds for every track.

    Of several `genres`, `artists`, `albums` or `path_parts` one must match, and none of `not_genres`
    may. Genres match exactly; the others as a part of the text, letter case and Unicode form set
    aside. `energy` is half-open, [low, high), as `ENERGY_BANDS` are; `bpm` and `year` hold both their
    ends. `min_confidence` is 0–1. No filter, `not_genres` included, matches what is not known. `paths`
    are files, and folders with all beneath them. `order` by path is that of the bytes; equal energies
    stand as first heard, tracks without one last.
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
