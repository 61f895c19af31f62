"""Where in a track to listen."""

from __future__ import annotations

import math
from collections.abc import Sequence

CENTRES = (0.2, 0.5, 0.8)
"""Centres of the windows as shares of the duration: past the intro, the middle, before the outro."""

WHOLE_S = 30.0
"""A track shorter than this is read whole; also all that is read where the duration is unknown."""


def window_starts(duration_s: float, window_s: float, centres: Sequence[float] = CENTRES) -> list[float]:
    """Start times in seconds of the windows to seek to; empty where the track is to be read whole."""
    if not WHOLE_S <= duration_s < math.inf:
        return []
    return [max(0.0, centre * duration_s - window_s / 2) for centre in centres]


def split_starts(n_samples: int, window_samples: int) -> list[int]:
    """First samples of the fewest windows that cover a sound read whole, evenly spread.

    One window where the sound is shorter than a window. Times past the last whole window overlap.
    """
    n_windows = max(1, math.ceil(n_samples / window_samples))
    spare = max(0, n_samples - window_samples)
    return [round(spare * i / max(1, n_windows - 1)) for i in range(n_windows)]
