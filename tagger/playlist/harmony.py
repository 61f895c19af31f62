"""How much the keys of two tracks clash when one follows the other: what DJs call mixing in key.

Keys that mix (`tagger.musical_key.mixing_with`) clash by nothing, others the more the farther they are from
each other on the Camelot wheel. A key is only as right as its confidence: with the probability that one of
the two is wrong, they clash by as much as if it were not known, which is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.musical_key import KEYS, wheel_distance
from tagger.playlist.select import key_of
from tagger.types import Track

UNKNOWN_CLASH = 0.5
"""Of 0 to 1: what an unknown key clashes by, whatever the other one is."""

_DISTANCES = np.array([[wheel_distance(one, other) for other in KEYS] for one in KEYS])
_CLASHES = np.where(_DISTANCES <= 1, 0.0, 0.5 + (_DISTANCES - 2) / 10)  # 0.5 for two steps, 1 for all seven

Indices = NDArray[np.intp]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Harmony:
    """The keys of n tracks as places in `KEYS`, and their confidences (0–1), which are 0 where none is known.

    Both are arrays of length n.
    """

    keys: Indices
    confidences: Floats

    @classmethod
    def of(cls, tracks: Sequence[Track]) -> Harmony:
        """Number the keys of the tracks, those of the owner's files before those that were heard."""
        places = {key: place for place, key in enumerate(KEYS)}
        said = [*map(key_of, tracks)]
        keys = np.array([places.get(key or "", 0) for key, _ in said], dtype=np.intp)
        sure = [0.0 if key is None else 1.0 if sure is None else sure for key, sure in said]
        return cls(keys, np.array(sure, dtype=np.float64))

    def clash(self, before: int | None, tracks: Indices | slice) -> Floats:
        """Give by how much (0–1) each of the `tracks` clashes with the one `before`, if there is one."""
        if before is None:
            return np.full(len(self.keys[tracks]), UNKNOWN_CLASH)
        clash = _CLASHES[self.keys[before]][self.keys[tracks]]
        both_right = self.confidences[before] * self.confidences[tracks]
        expected: Floats = UNKNOWN_CLASH + both_right * (clash - UNKNOWN_CLASH)
        return expected
