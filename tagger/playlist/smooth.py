"""Small steps of tempo, keys that mix and no artist twice in a row, without leaving the curve of energy.

A greedy walk from the first place to the last. For each place, the tracks of the places to come whose energy
is within `ENERGY_TOLERANCE` of what the curve wants here, and which can be exchanged for the track here
without leaving that tolerance there, compete: the nearest tempo wins, and of near ones the track whose key
mixes with that of the last one (`tagger.playlist.harmony`) and that begins with the energy with which it
ends. So no track strays from the curve by more than the tolerance, unless an artist would otherwise follow
himself.

Whether the tracks left can still be laid without such a pair is known exactly: after a track by `last`,
m tracks can be if and only if no artist has more than ⌈m/2⌉ of them, and `last` no more than ⌊m/2⌋ (the
rearrangement argument of LeetCode 767 and of task schedulers). An artist at the limit is played next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.playlist.harmony import Harmony

ENERGY_TOLERANCE = 0.05
"""Half an energy level: listeners do not hear it, DJ software does not show it."""

WINDOW_RANKS = 128  # tracks of like energy looked at on each side; more is slower and hardly smoother
UNKNOWN_STEP_OCTAVES = 0.1  # a step to or from an unknown tempo counts as 7 %: neither good nor bad
JOIN_WEIGHT = 0.2  # octaves per unit of energy between the end of a track and the beginning of the next
CLASH_OCTAVES = 0.1  # keys as far apart as can be cost as much as 7 % of tempo; more makes its steps longer
ENERGY_WEIGHT = 0.3  # octaves per unit of energy: straying by the tolerance costs as much as 1 % of tempo

Indices = NDArray[np.intp]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Tracks laid along a curve, all arrays of length n.

    `track_at` is the track at each place in playing order, `places` the places from the lowest point of
    the curve to the highest. `energy` (0–1), `tempo_octaves` (log2 of BPM, NaN where unknown), `artist`
    (0…n−1), `harmony` (their keys) and the energies of their beginnings, `intro`, and ends, `outro` (0–1, NaN
    where unknown), belong to the tracks.
    """

    track_at: Indices
    places: Indices
    energy: Floats
    tempo_octaves: Floats
    artist: Indices
    harmony: Harmony
    intro: Floats
    outro: Floats


def smoothed(course: Course, rng: np.random.Generator) -> Indices:
    """Exchange tracks of like energy until steps of tempo are small and no artist follows himself.

    Returns the tracks in their new playing order, each exactly once, as indices (n,).
    """
    walk = _walk(course, rng)
    remaining = _Remaining(course.artist)
    strict = remaining.separable()
    artist, tempo, outro, last = -1, np.nan, np.nan, None
    for here in range(len(walk.track_at)):
        after = _Follows(artist, tempo, outro, last, remaining.due() if strict else None)
        there = _smoothest(walk, here, after)
        if there is None and strict:
            there = _least_astray(walk, here, after)
        if there is not None:
            walk.track_at[[here, there]] = walk.track_at[[there, here]]
        track = last = int(walk.track_at[here])
        artist, outro = int(course.artist[track]), float(course.outro[track])
        tempo = tempo if np.isnan(course.tempo_octaves[track]) else float(course.tempo_octaves[track])
        remaining.play(artist)
    return walk.track_at


# The walk: tracks that are exchanged in place


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """A course whose tracks are exchanged in place; `wanted` is the energy of the curve at each place."""

    course: Course
    track_at: Indices
    wanted: Floats
    rank_of: Indices
    chance: Floats


@dataclass(frozen=True, slots=True)
class _Follows:
    """The track before, its artist, tempo and last energy, and who the next has to be by, if anybody."""

    artist: int
    tempo_octaves: float
    outro: float
    track: int | None
    due: int | None

    def allows(self, artist: Indices) -> NDArray[np.bool_]:
        allowed: NDArray[np.bool_] = artist != self.artist if self.due is None else artist == self.due
        return allowed


def _walk(course: Course, rng: np.random.Generator) -> _Walk:
    rank_of = np.empty_like(course.places)
    rank_of[course.places] = np.arange(len(rank_of))
    return _Walk(
        course=course,
        track_at=course.track_at.copy(),
        wanted=course.energy[course.track_at],
        rank_of=rank_of,
        chance=rng.uniform(0, 1e-3, len(rank_of)),  # octaves: lets the seed decide between equals
    )


# The choice: which track to come is exchanged for the one here


def _smoothest(walk: _Walk, here: int, after: _Follows) -> int | None:
    """The place whose track of like energy fits best `here`; None if none is allowed."""
    course, rank = walk.course, walk.rank_of[here]
    places = course.places[max(0, rank - WINDOW_RANKS) : rank + WINDOW_RANKS + 1]
    places = places[places >= here]
    tracks = walk.track_at[places]
    stray_here = np.abs(course.energy[tracks] - walk.wanted[here])
    stray_there = np.abs(course.energy[walk.track_at[here]] - walk.wanted[places])
    alike = (stray_here <= ENERGY_TOLERANCE) & (stray_there <= ENERGY_TOLERANCE) | (places == here)
    step = np.abs(course.tempo_octaves[tracks] - after.tempo_octaves)
    step = np.where(np.isnan(step), UNKNOWN_STEP_OCTAVES, step)
    join = np.nan_to_num(np.abs(course.intro[tracks] - after.outro))
    cost = step + ENERGY_WEIGHT * stray_here + JOIN_WEIGHT * join + walk.chance[tracks]
    cost += CLASH_OCTAVES * course.harmony.clash(after.track, tracks)
    return _cheapest(places, np.where(alike & after.allows(course.artist[tracks]), cost, np.inf))


def _least_astray(walk: _Walk, here: int, after: _Follows) -> int | None:
    """The place to come whose exchange with `here` leaves the curve least, whatever the tempo."""
    course, tracks = walk.course, walk.track_at[here:]
    stray = np.abs(course.energy[tracks] - walk.wanted[here])
    stray += np.abs(course.energy[tracks[0]] - walk.wanted[here:])
    cost = np.where(after.allows(course.artist[tracks]), stray, np.inf)
    return _cheapest(np.arange(here, here + len(tracks)), cost)


def _cheapest(places: Indices, cost: Floats) -> int | None:
    best = int(np.argmin(cost))
    return int(places[best]) if np.isfinite(cost[best]) else None


# The count: whether the tracks left can be laid without an artist who follows himself


class _Remaining:
    """How many tracks of each artist are left to play, and the largest such number, at O(1) a track."""

    def __init__(self, artist: Indices) -> None:
        self.tracks = len(artist)
        self.counts = np.bincount(artist)
        self._artists_with = np.bincount(self.counts, minlength=2)
        self.most = int(self.counts.max())

    def play(self, artist: int) -> None:
        count = self.counts[artist]
        self._artists_with[count] -= 1
        self._artists_with[count - 1] += 1
        self.counts[artist] -= 1
        self.tracks -= 1
        while self.most > 0 and not self._artists_with[self.most]:
            self.most -= 1

    def separable(self) -> bool:
        """Whether the tracks left can be laid so that no artist follows himself."""
        return self.most <= (self.tracks + 1) // 2

    def due(self) -> int | None:
        """The artist who must be played next if the rest is to stay separable, if there is one."""
        if self.most <= self.tracks // 2:
            return None
        return int(np.argmax(self.counts))
