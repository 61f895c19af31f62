"""Telling silence from sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE_RMS = 1e-4
"""−80 dBFS: above the dither of 16-bit files (−93 dBFS), below the quietest of music."""


def is_silent(samples: NDArray[np.float32]) -> bool:
    """Whether the root mean square of (n,) samples, full scale ±1, is under `SILENCE_RMS`."""
    return bool(np.sqrt(np.mean(np.square(samples))) < SILENCE_RMS)
