"""The tracks of a short playlist with a course: they lie along the curve and go together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.playlist.select import artist_key
from tagger.playlist.smooth import ENERGY_TOLERANCE, UNKNOWN_STEP_OCTAVES
from tagger.types import Track

POOL_PER_TRACK = 8  # candidates looked at for each track wanted: keeps chance, and thousands quick
LONGEST_CAREFUL_PICK = 1000  # tracks; longer playlists have so many that smoothing finds small steps
ARTIST_AGAIN_OCTAVES = 0.1  # an artist's second track costs as much as a step of 7 % in tempo

Floats = NDArray[np.floating[Any]]


def picked(tracks: Sequence[Track], heights: Floats, rng: np.random.Generator) -> list[Track]:
    """Pick as many of the tracks as there are heights, with energies spread as the heights (0–1) are.

    Every track must have an energy. The heights are in playing order; 0 stands for the calmest track, 1
    for the most energetic. All tracks come back if there are no more than asked for. Otherwise energies
    are drawn at random along the curve, and of the tracks with these energies, the pool, those are kept
    that continue the tempo and bring other artists.
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
    tempo, artist = tempo_octaves(pool), artist_numbers(pool)
    free = np.ones(len(pool), dtype=bool)
    played = np.zeros(artist.max() + 1)
    chance = rng.uniform(0, 1e-2, len(pool))
    last_tempo = np.nan
    chosen = []
    for target in wanted:
        stray = np.where(free, np.abs(energy - target), np.inf)
        step = np.abs(tempo - last_tempo)
        step = np.where(np.isnan(step), UNKNOWN_STEP_OCTAVES, step)
        cost = step + ARTIST_AGAIN_OCTAVES * played[artist] + chance
        best = int(np.argmin(np.where(stray <= max(ENERGY_TOLERANCE, stray.min()), cost, np.inf)))
        free[best] = False
        played[artist[best]] += 1
        last_tempo = last_tempo if np.isnan(tempo[best]) else tempo[best]
        chosen.append(pool[best])
    return chosen
