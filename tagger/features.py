"""Log-mel spectrograms, the same as librosa's and several times faster to start and to run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from tagger.types import FrontEnd

AMIN = 1e-10
"""The power below which everything counts as −100 dB; the default of `librosa.power_to_db`."""

FRAMES_AT_ONCE = 64
"""Frames per round: all that a round touches stays in the CPU's second cache (2.1 ms a window, not 5.8)."""

MELS_PER_BAND = 16


class Band(NamedTuple):
    """Neighbouring mel filters, the FFT bins in which they are not zero, and (n_bins, n_filters) weights."""

    mels: slice
    bins: slice
    weights: NDArray[np.float32]


def bands(filter_bank: NDArray[np.float32]) -> tuple[Band, ...]:
    """(n_mels, 1 + n_fft // 2) as `librosa.filters.mel` gives it, in the blocks that `log_mel` wants.

    Nine tenths of a filter bank are zeros.
    """
    found = []
    for first in range(0, len(filter_bank), MELS_PER_BAND):
        filters = filter_bank[first : first + MELS_PER_BAND]
        used = np.flatnonzero(filters.any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        weights = np.ascontiguousarray(filters[:, bins].T, dtype=np.float32)
        found.append(Band(slice(first, first + len(filters)), bins, weights))
    return tuple(found)


def log_mel(
    samples: NDArray[np.float32], mel_bands: Sequence[Band], front_end: FrontEnd
) -> NDArray[np.float32]:
    """The mel power spectrogram in dB (re 1.0, no `top_db`), as (n_mels, n_frames) float32.

    `samples` is (n,) mono at the front end's rate. Frames are centred and zero-padded, so n_frames is
    1 + n // hop_length. Equals `librosa.power_to_db(librosa.feature.melspectrogram(...), top_db=None)`
    within 1e-3 dB for sound above the rounding noise of float32.
    """
    frames = _frames(samples, front_end.n_fft, front_end.hop_length)
    window = _hann(front_end.n_fft)
    mel = np.empty((len(frames), front_end.n_mels), np.float32)
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(start, start + FRAMES_AT_ONCE)
        spectrum = fft.rfft(frames[some] * window, axis=1, overwrite_x=True)
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        for band in mel_bands:
            np.matmul(power[:, band.bins], band.weights, out=mel[some, band.mels])
    np.maximum(mel, AMIN, out=mel)
    np.log10(mel, out=mel)
    mel *= 10.0
    return mel.T


def fit_frames(log_mel_db: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """(n_mels, any) → (n_mels, n_frames): a longer one is cut at its end, a shorter one repeated.

    Repeating (as PANNs do with short clips, Kong et al. 2020) keeps the statistics of the sound,
    where silence would pull every mean down.
    """
    repeats = -(-n_frames // log_mel_db.shape[1])
    tiled = log_mel_db if repeats == 1 else np.tile(log_mel_db, (1, repeats))
    return tiled[:, :n_frames]


def _frames(samples: NDArray[np.float32], n_fft: int, hop_length: int) -> NDArray[np.float32]:
    padded = np.pad(samples.astype(np.float32, copy=False), n_fft // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]


@cache
def _hann(n_fft: int) -> NDArray[np.float32]:
    """The periodic Hann window, which `librosa.stft` uses."""
    phase = 2.0 * np.pi * np.arange(n_fft) / n_fft
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
