"""Playlists with a course: the energy rises, falls, comes in waves, or warms up, peaks and cools down.

Method, in three steps, each deterministic for a seed:

1. **Pick.** Asked for fewer tracks than there are, take those whose energies
   lie along the curve between the calmest and the most energetic candidate, not the calmest ones.
2. **Match.** Give the k-th calmest track to the k-th lowest point of the curve. No other arrangement of
   the same tracks keeps nearer to the curve (one-dimensional optimal transport: Peyré & Cuturi,
   Computational Optimal Transport, 2019, remark 2.28), and each track is played once.
3. **Smooth** (`tagger.playlist.smooth`). Walk from first to last and exchange tracks of like energy so
   that the tempo moves in small steps, keys mix, each begins as the last one ends, and neighbours are by
   different artists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.playlist.fill import FULL, filling, is_full, length_of
from tagger.playlist.harmony import Harmony
from tagger.playlist.select import SHAPES, Shape, artist_key, at_most_per_artist, ordered
from tagger.playlist.smooth import CLASH_OCTAVES, ENERGY_TOLERANCE, UNKNOWN_STEP_OCTAVES, Course, smoothed
from tagger.types import Track

TRACKS_PER_WAVE = 16  # about an hour of songs from calm to wild to calm
# A long warm-up, a peak that still climbs (a level one would have no order), a shorter way down.
TURNS_AT, TURNS_HEIGHT = (0.0, 0.55, 0.8, 1.0), (0.0, 0.9, 1.0, 0.0)

DRAWS = 4  # sets of tracks drawn for each length that may fit into the minutes; the fullest is played

POOL_PER_TRACK = 8  # candidates looked at for each track wanted: keeps chance, and thousands quick
LONGEST_CAREFUL_PICK = 1000  # tracks; longer playlists have so many that smoothing finds small steps
ARTIST_AGAIN_OCTAVES = 0.1  # an artist's second track costs as much as a step of 7 % in tempo

Floats = NDArray[np.floating[Any]]

Ends = Sequence[tuple[float | None, float | None]]
"""Of each track the energy (0–1) of its beginning and of its end; None where it is not known."""


def no_ends(tracks: Sequence[Track]) -> Ends:
    """Tell nothing of the beginnings and ends of the tracks."""
    return [(None, None)] * len(tracks)


def shaped(
    tracks: Iterable[Track],
    shape: Shape,
    *,
    limit: int | None = None,
    minutes: float | None = None,
    per_artist: int | None = None,
    seed: int = 0,
    ends_of: Callable[[Sequence[Track]], Ends] = no_ends,
) -> list[Track]:
    """Lay a path through the tracks whose energy follows the curve.

    At most `limit` tracks, `minutes` and `per_artist` of each artist are chosen, spread along the curve;
    each chosen one is played exactly once. The minutes are used but for a twentieth where the tracks allow,
    if need be with tracks drawn by chance. Entries without an energy are left out. No two neighbours are by
    one known artist if any order of the chosen tracks allows that. `ends_of` is asked for the chosen tracks.
    Raises TaggerError for an unknown shape.
    """
    rng = np.random.default_rng(seed)
    in_chance = ordered((track for track in tracks if track.energy is not None), "random", seed)
    time = _Time.of(in_chance, minutes)
    candidates = at_most_per_artist([*filter(time.can_hold, in_chance)], per_artist)
    chosen = _chosen(candidates, shape, limit, time, rng)
    if len(chosen) < 2:
        return chosen
    return [chosen[index] for index in smoothed(_matched(chosen, ends_of(chosen), shape, rng), rng)]


def curve(shape: Shape, count: int) -> Floats:
    """Give the height (0–1) of the curve at each of `count` tracks.

    >>> curve("rise", 4)
    array([0.125, 0.375, 0.625, 0.875])
    """
    time = (np.arange(count) + 0.5) / max(count, 1)
    match shape:
        case "rise":
            return time
        case "fall":
            return 1 - time
        case "wave":
            return (1 - np.cos(2 * np.pi * time * max(1, round(count / TRACKS_PER_WAVE)))) / 2
        case "warmup-peak-cooldown":
            return np.interp(time, TURNS_AT, TURNS_HEIGHT)
        case _:
            raise TaggerError(f"{shape}: not a shape (one of {', '.join(SHAPES)})")


def _matched(chosen: Sequence[Track], ends: Ends, shape: Shape, rng: np.random.Generator) -> Course:
    """The tracks laid along the curve by rank; equal heights and equal energies fall by chance."""
    energies = np.array([track.energy for track in chosen])
    chance = rng.permutation(len(chosen))
    places = np.lexsort((chance, np.round(curve(shape, len(chosen)), 9)))
    tracks = np.lexsort((chance, energies))
    track_at = np.empty(len(chosen), dtype=np.intp)
    track_at[places] = tracks
    intro, outro = np.array(ends, dtype=np.float64).T
    return Course(
        track_at=track_at,
        places=places,
        energy=energies,
        tempo_octaves=tempo_octaves(chosen),
        artist=artist_numbers(chosen),
        harmony=Harmony.of(chosen),
        intro=intro,
        outro=outro,
    )


# Choosing


@dataclass(frozen=True, slots=True)
class _Time:
    """How long a playlist may be, and how long each track counts."""

    budget_s: float
    length_s: Callable[[Track], float]

    @classmethod
    def of(cls, tracks: Sequence[Track], minutes: float | None) -> _Time:
        return cls(math.inf if minutes is None else 60 * minutes, length_of(tracks))

    def can_hold(self, track: Track) -> bool:
        return self.length_s(track) <= self.budget_s + 1e-6

    def total_s(self, tracks: Iterable[Track]) -> float:
        return sum(map(self.length_s, tracks))


def _chosen(
    candidates: list[Track], shape: Shape, limit: int | None, time: _Time, rng: np.random.Generator
) -> list[Track]:
    """The tracks to play: as many as `limit` allows, or as fill the time."""
    count = len(candidates) if limit is None else max(0, min(limit, len(candidates)))
    if time.budget_s == math.inf:
        return picked(candidates, curve(shape, count), rng)
    drawn = _drawn(candidates, shape, count, time, rng)
    if len(drawn) == limit:
        return drawn
    filled = _filled_up(drawn, candidates, limit, time, rng)
    if is_full(time.total_s(filled), time.budget_s):
        return filled
    lengths_s = [*map(time.length_s, candidates)]
    by_chance = [candidates[index] for index in filling(lengths_s, time.budget_s, limit)]
    return max(filled, by_chance, key=time.total_s)


def _drawn(
    candidates: list[Track], shape: Shape, count: int, time: _Time, rng: np.random.Generator
) -> list[Track]:
    """The fullest of a few sets of tracks along the curve, of the largest number with a set that fits."""
    mean_s = time.total_s(candidates) / max(1, len(candidates))
    count = min(count, math.ceil(time.budget_s / mean_s) + 1) if mean_s else count
    while True:
        draws = [picked(candidates, curve(shape, count), rng) for _ in range(DRAWS)]
        lasting_s = [time.total_s(draw) for draw in draws]
        fitting = [index for index, total_s in enumerate(lasting_s) if total_s <= time.budget_s + 1e-6]
        if fitting:
            return draws[max(fitting, key=lasting_s.__getitem__)]
        excess_s = min(lasting_s) - time.budget_s
        count -= max(1, math.floor(excess_s / max(mean_s, excess_s / count)))


def _filled_up(
    drawn: list[Track], candidates: list[Track], limit: int | None, time: _Time, rng: np.random.Generator
) -> list[Track]:
    """Exchange tracks for longer ones of like energy, then add one, until the time is nearly used."""
    chosen, paths = list(drawn), {track.path for track in drawn}
    free = [track for track in candidates if track.path not in paths]
    energy = np.array([track.energy for track in free])
    length_s = np.array([*map(time.length_s, free)])
    left_s = time.budget_s - time.total_s(drawn)
    for place in rng.permutation(len(chosen)):
        if left_s <= (1 - FULL) * time.budget_s or not free:
            break
        old = chosen[place]
        gain_s = length_s - time.length_s(old)
        alike = np.abs(energy - (old.energy or 0.0)) <= ENERGY_TOLERANCE
        best = int(np.argmax(np.where(alike & (gain_s <= left_s), gain_s, 0)))
        if alike[best] and 0 < gain_s[best] <= left_s:
            chosen[place], free[best] = free[best], old
            left_s -= gain_s[best]
            energy[best], length_s[best] = old.energy, time.length_s(old)
    if left_s > (1 - FULL) * time.budget_s and free and len(chosen) != limit:
        best = int(np.argmax(np.where(length_s <= left_s, length_s, 0)))
        chosen += [free[best]] if length_s[best] <= left_s else []
    return chosen


# Picking


def picked(tracks: Sequence[Track], heights: Floats, rng: np.random.Generator) -> list[Track]:
    """Pick as many of the tracks as there are heights, with energies spread as the heights (0–1) are.

    Every track must have an energy. The heights are in playing order; 0 stands for the calmest track, 1
    for the most energetic. All tracks come back if there are no more than asked for. Otherwise energies
    are drawn at random along the curve, and of the tracks with these energies, the pool, those are kept
    that continue the tempo, mix in key and bring other artists.
    """
    if len(heights) >= len(tracks):
        return list(tracks)
    if not len(heights):
        return []
    if len(heights) > LONGEST_CAREFUL_PICK:
        return _spread(tracks, heights, rng)
    pool = _spread(tracks, np.repeat(heights, POOL_PER_TRACK), rng)
    energies = np.array([track.energy for track in tracks])
    span = energies.max() - energies.min()
    return _going_together(pool, energies.min() + span * heights, rng)


def tempo_octaves(tracks: Sequence[Track]) -> NDArray[np.float64]:
    """Give log2 of each tempo, so that a step is a ratio whatever the tempo; NaN where it is unknown.

    >>> tempo_octaves([Track("/m/a.mp3", bpm=128.0), Track("/m/b.mp3")])
    array([ 7., nan])
    """
    known = ((track.bpm if track.bpm is not None else math.nan) for track in tracks)
    return np.array([math.log2(bpm) if bpm > 0 else math.nan for bpm in known])


def artist_numbers(tracks: Sequence[Track]) -> NDArray[np.intp]:
    """Number the artists, from 0; each track of an unknown artist has a number of its own."""
    numbers: dict[str, int] = {}
    found = []
    for index, track in enumerate(tracks):
        artist = artist_key(track)
        found.append(len(tracks) + index if artist is None else numbers.setdefault(artist, len(numbers)))
    return np.unique(np.array(found), return_inverse=True)[1].astype(np.intp)


def _spread(tracks: Sequence[Track], heights: Floats, rng: np.random.Generator) -> list[Track]:
    """For each height one track at random from those nearer to it than to the heights beside it."""
    if len(heights) >= len(tracks):
        return list(tracks)
    by_energy = sorted(tracks, key=lambda track: track.energy or 0.0)
    energies = np.array([track.energy for track in by_energy])
    wanted = energies[0] + (energies[-1] - energies[0]) * np.sort(heights)
    between = np.searchsorted(energies, (wanted[1:] + wanted[:-1]) / 2).tolist()
    picks: list[Track] = []
    free = 0  # the first track in order of energy that may still be taken
    for number, (start, end) in enumerate(zip([0, *between], [*between, len(energies)], strict=True)):
        last = len(energies) - (len(wanted) - number)  # leaves one for each height to come
        first = min(max(start, free), last)
        free = int(rng.integers(first, max(min(end, last + 1), first + 1))) + 1
        picks.append(by_energy[free - 1])
    return picks


def _going_together(pool: Sequence[Track], wanted: Floats, rng: np.random.Generator) -> list[Track]:
    """One of the pool for each wanted energy: among those within the tolerance, the smallest step."""
    energy = np.array([track.energy for track in pool])
    tempo, artist, harmony = tempo_octaves(pool), artist_numbers(pool), Harmony.of(pool)
    free = np.ones(len(pool), dtype=bool)
    played = np.zeros(artist.max() + 1)
    chance = rng.uniform(0, 1e-2, len(pool))
    last_tempo, best = np.nan, None
    chosen = []
    for target in wanted:
        stray = np.where(free, np.abs(energy - target), np.inf)
        step = np.abs(tempo - last_tempo)
        step = np.where(np.isnan(step), UNKNOWN_STEP_OCTAVES, step)
        cost = step + ARTIST_AGAIN_OCTAVES * played[artist] + chance
        cost += CLASH_OCTAVES * harmony.clash(best, slice(None))
        best = int(np.argmin(np.where(stray <= max(ENERGY_TOLERANCE, stray.min()), cost, np.inf)))
        free[best] = False
        played[artist[best]] += 1
        last_tempo = last_tempo if np.isnan(tempo[best]) else tempo[best]
        chosen.append(pool[best])
    return chosen
