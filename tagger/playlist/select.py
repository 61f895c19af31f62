"""Which tracks of a query are played, and in what order, when no curve is asked for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from tagger.errors import TaggerError
from tagger.playlist.entry import Entry, artist_key

Sort = Literal["energy", "-energy", "bpm", "path", "random"]
SORTS: tuple[Sort, ...] = get_args(Sort)


def selected(
    entries: Iterable[Entry],
    sort: Sort = "energy",
    *,
    limit: int | None = None,
    minutes: float | None = None,
    per_artist: int | None = None,
    seed: int = 0,
) -> list[Entry]:
    """Sort the entries, then keep at most `per_artist` of each artist, `minutes` and `limit` in all.

    The same entries in any order give the same answer. Raises TaggerError for an unknown sort.
    """
    in_order = ordered(entries, sort, seed)
    return shortened(in_order, limit=limit, minutes=minutes, per_artist=per_artist)


def shortened(
    entries: Sequence[Entry],
    *,
    limit: int | None = None,
    minutes: float | None = None,
    per_artist: int | None = None,
) -> list[Entry]:
    """The first of the entries: at most `per_artist` of each artist, `minutes` and `limit` in all."""
    return within_minutes(at_most_per_artist(entries, per_artist)[:limit], minutes)


def ordered(entries: Iterable[Entry], sort: Sort = "energy", seed: int = 0) -> list[Entry]:
    """The entries in the order of `sort`; equals stand by path, unknown energies or tempos last."""
    by_path = sorted(entries, key=lambda entry: entry.path)
    match sort:
        case "path":
            return by_path
        case "energy":
            return sorted(by_path, key=lambda entry: (entry.energy is None, entry.energy or 0.0))
        case "-energy":
            return sorted(by_path, key=lambda entry: (entry.energy is None, -(entry.energy or 0.0)))
        case "bpm":
            return sorted(by_path, key=lambda entry: (entry.bpm is None, entry.bpm or 0.0))
        case "random":
            random.Random(seed).shuffle(by_path)
            return by_path
        case _:
            raise TaggerError(f"{sort}: not a sort order (one of {', '.join(SORTS)})")


def at_most_per_artist(entries: Sequence[Entry], count: int | None) -> list[Entry]:
    """The first `count` tracks of each artist, in the given order; tracks of unknown artists all stay."""
    if count is None:
        return list(entries)
    seen: Counter[str] = Counter()
    kept = []
    for entry in entries:
        artist = artist_key(entry)
        if artist is not None:
            seen[artist] += 1
        if artist is None or seen[artist] <= count:
            kept.append(entry)
    return kept


def within_minutes(entries: Sequence[Entry], minutes: float | None) -> list[Entry]:
    """The entries up to the first that would play beyond `minutes`."""
    if minutes is None:
        return list(entries)
    left_s = 60 * minutes
    for played, entry in enumerate(entries):
        left_s -= entry.duration_s
        if left_s < -1e-6:
            return list(entries[:played])
    return list(entries)
