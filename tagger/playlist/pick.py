"""Which tracks make a short playlist with a course: those that lie along the curve and go together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.playlist.entry import Entry, artist_key
from tagger.playlist.smooth import ENERGY_TOLERANCE, UNKNOWN_STEP_OCTAVES

POOL_PER_TRACK = 8  # candidates looked at for each track wanted: keeps chance, and thousands quick
LONGEST_CAREFUL_PICK = 1000  # tracks; longer playlists have so many that smoothing finds small steps
ARTIST_AGAIN_OCTAVES = 0.1  # an artist's second track costs as much as a step of 7 % in tempo

Floats = NDArray[np.floating[Any]]


def picked(entries: Sequence[Entry], heights: Floats, rng: np.random.Generator) -> list[Entry]:
    """As many of the entries as there are heights, with energies spread as the heights (0–1) are.

    Every entry has an energy.
    The heights are in playing order; 0 stands for the calmest entry, 1 for the most energetic. All
    entries come back if there are no more than asked for. Otherwise energies are drawn at random along
    the curve, and of a pool of those the ones that continue the tempo and bring other artists are kept.
    """
    if len(heights) >= len(entries):
        return list(entries)
    if not len(heights):
        return []
    if len(heights) > LONGEST_CAREFUL_PICK:
        return _spread(entries, heights, rng)
    pool = _spread(entries, np.repeat(heights, POOL_PER_TRACK), rng)
    energies = np.array([entry.energy for entry in entries])
    span = energies.max() - energies.min()
    return _going_together(pool, energies.min() + span * heights, rng)


def tempo_octaves(entries: Sequence[Entry]) -> NDArray[np.float64]:
    """log2 of the tempo, so that a step is a ratio whatever the tempo; NaN where unknown."""
    known = ((entry.bpm if entry.bpm is not None else math.nan) for entry in entries)
    return np.array([math.log2(bpm) if bpm > 0 else math.nan for bpm in known])


def artist_numbers(entries: Sequence[Entry]) -> NDArray[np.intp]:
    """One number an artist; each track of an unknown artist has a number of its own."""
    numbers: dict[str, int] = {}
    found = []
    for index, entry in enumerate(entries):
        artist = artist_key(entry)
        found.append(len(entries) + index if artist is None else numbers.setdefault(artist, len(numbers)))
    return np.unique(np.array(found), return_inverse=True)[1].astype(np.intp)


def _spread(entries: Sequence[Entry], heights: Floats, rng: np.random.Generator) -> list[Entry]:
    """For each height one entry at random from those nearer to it than to the heights beside it."""
    if len(heights) >= len(entries):
        return list(entries)
    by_energy = sorted(entries, key=lambda entry: entry.energy or 0.0)
    energies = np.array([entry.energy for entry in by_energy])
    wanted = energies[0] + (energies[-1] - energies[0]) * np.sort(heights)
    between = np.searchsorted(energies, (wanted[1:] + wanted[:-1]) / 2).tolist()
    picks: list[Entry] = []
    free = 0  # the first track in order of energy that may still be taken
    for number, (start, end) in enumerate(zip([0, *between], [*between, len(energies)], strict=True)):
        last = len(energies) - (len(wanted) - number)  # leaves one for each height to come
        first = min(max(start, free), last)
        free = int(rng.integers(first, max(min(end, last + 1), first + 1))) + 1
        picks.append(by_energy[free - 1])
    return picks


def _going_together(pool: Sequence[Entry], wanted: Floats, rng: np.random.Generator) -> list[Entry]:
    """One of the pool for each wanted energy: among those within the tolerance, the smallest step."""
    energy = np.array([entry.energy for entry in pool])
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
