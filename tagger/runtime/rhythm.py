"""The axes of the tempo head: classes of tempo, pulse rates, and the matrices that measure them.

They hold for the network in PyTorch (`tagger.nets`) and for its graph (`tagger.runtime.graph`) alike.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FIRST_BPM, LAST_BPM = 30, 286
"""The classes of Schreiber & Müller 2018 ("A single-step approach to musical tempo estimation using a
convolutional neural network"), one a BPM."""

BINS_PER_OCTAVE = 60
"""Of the logarithmic axis of pulse rates: 1.2 % a bin, a third of the tolerance of Acc1."""

OCTAVES = (-1, 0, 1, 2)
"""Rates that a tempo shows at: itself, half of it (pairs of beats), and its divisions into two and four."""

PERIODS = (1, 4)
"""Of a rate, after which the autocorrelation is read."""

SOFTEST = 1e-3
"""Added to the strength of a pulse before its logarithm, and to the deviation by which curves are divided."""

Matrix = NDArray[np.float32]


def rates_bpm() -> NDArray[np.float64]:
    """Give the pulse rates from an octave under the slowest tempo to two over the fastest, (n_rates,)."""
    n_bins = math.ceil(math.log2(LAST_BPM / FIRST_BPM) * BINS_PER_OCTAVE) + 2
    bins = np.arange(n_bins + 3 * BINS_PER_OCTAVE)
    return FIRST_BPM / 2 * 2 ** (bins / BINS_PER_OCTAVE)


def tempo_bins() -> NDArray[np.float64]:
    """Give the place of each class of tempo on the logarithmic axis that begins with the slowest, (257,)."""
    return np.log2(np.arange(FIRST_BPM, LAST_BPM + 1) / FIRST_BPM) * BINS_PER_OCTAVE


def lags(frame_rate_hz: float) -> list[NDArray[np.float64]]:
    """Give for each of `PERIODS` the lags in frames at which the autocorrelation is read, (n_rates,) each."""
    return [60 * frame_rate_hz / rates_bpm() * periods for periods in PERIODS]


def waves(n_frames: int, frame_rate_hz: float) -> tuple[Matrix, Matrix]:
    """Make a cosine and a sine of every pulse rate under a Hann window, each (n_frames, n_rates)."""
    time_s = np.arange(n_frames) / frame_rate_hz
    phase = 2 * np.pi * np.outer(time_s, rates_bpm() / 60)
    window = np.hanning(n_frames)[:, None] * (2 / n_frames)
    return (np.cos(phase) * window).astype(np.float32), (np.sin(phase) * window).astype(np.float32)


def interpolation(n: int, positions: NDArray[np.float64]) -> Matrix:
    """Make the matrix (n, m) that reads n values linearly at `positions` (m,); beyond the last it gives 0.

    >>> interpolation(3, np.array([0.5, 2.0, 2.5]))
    array([[0.5, 0. , 0. ],
           [0.5, 0. , 0. ],
           [0. , 1. , 0. ]], dtype=float32)
    """
    matrix = np.zeros((n, len(positions)), np.float32)
    inside = np.flatnonzero(positions <= n - 1)
    low = np.minimum(positions[inside].astype(int), n - 2)
    share = positions[inside] - low
    matrix[low, inside] = 1 - share
    matrix[low + 1, inside] = share
    return matrix


def autocorrelation_at(n_frames: int, positions: NDArray[np.float64]) -> tuple[Matrix, Matrix]:
    """Make two matrices that give the autocorrelation of curves (…, n_frames) at `positions` (m,) in frames.

    The first, (n_frames, 2 · n_bins), gives the real and then the imaginary parts of a Fourier transform that
    is long enough not to wrap round; the second, (n_bins, m), takes their power to the autocorrelation,
    divided by the overlap, at the positions. It is the theorem of Wiener and Khinchin as two products.
    """
    n_fft = 2 * n_frames
    n_bins = n_frames + 1
    angles = np.outer(np.arange(n_frames), np.arange(n_bins)) % n_fft
    turn = 2 * np.pi * np.arange(n_fft) / n_fft
    cosine, sine = np.cos(turn)[angles], np.sin(turn)[angles]
    weight = np.full(n_bins, 2 / n_fft)
    weight[[0, -1]] = 1 / n_fft
    overlap = np.maximum(np.arange(n_frames, 0, -1), n_frames // 8)
    to_lags = (cosine / overlap[:, None] * weight).T.astype(np.float32)
    return (
        np.concatenate([cosine, sine], axis=1).astype(np.float32),
        to_lags @ interpolation(n_frames, positions),
    )
