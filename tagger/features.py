"""Compute log-mel spectrograms: those of librosa, several times faster to start and to run (SciPy)."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.types import FloatArray, FrontEnd

AMIN = 1e-10
"""The power below which everything counts as −100 dB; the default of `librosa.power_to_db`."""

FRAMES_AT_ONCE = 64
"""Their spectra fit the CPU's cache and stay in memory that is kept: three times as fast as all at once."""

MELS_AT_ONCE = 12
"""Mel bands reach over few bins: one product for each dozen leaves out most zeros of the filter bank."""


def log_mel(
    samples: NDArray[np.float32], filter_bank: NDArray[np.float32], front_end: FrontEnd
) -> NDArray[np.float32]:
    """Compute the mel power spectrogram in dB (re 1.0, no `top_db`), as (n_mels, n_frames) float32.

    `samples` is (n,) mono at the front end's rate; `filter_bank` is (n_mels, 1 + n_fft // 2), as
    `librosa.filters.mel` gives it. Frames are centred and zero-padded, so n_frames is
    1 + n // hop_length. Equals `librosa.power_to_db(librosa.feature.melspectrogram(...), top_db=None)`
    within 1e-3 dB for sound above the rounding noise of float32.

    >>> front_end = FrontEnd(sample_rate_hz=8, window_s=1.0, n_fft=4, hop_length=2, n_mels=1)
    >>> samples = np.array([0, 1, 0, -1, 0, 1, 0, -1], np.float32)
    >>> log_mel(samples, np.array([[0, 1, 0]], np.float32), front_end).round(1)
    array([[-6.,  0.,  0.,  0., -6.]], dtype=float32)
    """
    frames = _frames(samples, front_end.n_fft, front_end.hop_length)
    bands = _bands(filter_bank)
    mel = np.empty((len(filter_bank), len(frames)), np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        part = slice(first, first + FRAMES_AT_ONCE)
        power = _power(frames[part] * hann(front_end.n_fft))
        for mels, bins in bands:
            np.matmul(filter_bank[mels, bins], power[:, bins].T, out=mel[mels, part])
    np.maximum(mel, AMIN, out=mel)
    np.log10(mel, out=mel)
    mel *= 10.0
    return mel


def fit_frames(log_mel_db: FloatArray, n_frames: int) -> FloatArray:
    """Make a log-mel (n_mels, any) `n_frames` long: a longer one is cut at its end, a shorter one repeated.

    Repeating (as PANNs do with short clips, Kong et al. 2020) keeps the statistics of the sound,
    where silence would pull every mean down.

    >>> fit_frames(np.array([[1, 2]]), 5)
    array([[1, 2, 1, 2, 1]])
    """
    repeats = -(-n_frames // log_mel_db.shape[1])
    tiled = log_mel_db if repeats == 1 else np.tile(log_mel_db, (1, repeats))
    return tiled[:, :n_frames]


def _frames(samples: NDArray[np.float32], n_fft: int, hop_length: int) -> NDArray[np.float32]:
    padded = np.pad(samples.astype(np.float32, copy=False), n_fft // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]


def _power(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the power spectra of frames, (n, n_fft) → (n, 1 + n_fft // 2); overwrites its argument."""
    spectrum = rfft()(frames)
    power: NDArray[np.float32] = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return power


@cache
def rfft() -> Callable[[NDArray[np.float32]], NDArray[np.complex64]]:
    """Give the Fourier transform of SciPy along the last axis, (n, n_fft) → (n, 1 + n_fft // 2).

    Its compiled part (pocketfft, by Reinecke) is loaded alone: the package `scipy.fft` around it takes a
    tenth of a second to import, half of what a worker needs for everything else. Where a SciPy has it
    elsewhere, the package is imported after all.
    """
    try:
        r2c = _pocketfft().r2c
        r2c(np.zeros((1, 4), np.float32), (1,), True, 0, None, 1)
    except (ImportError, AttributeError, TypeError):
        from scipy import fft

        return lambda frames: fft.rfft(frames, axis=1)
    return lambda frames: r2c(frames, (1,), True, 0, None, 1)


def _pocketfft() -> Any:
    """Load the module `pypocketfft` from SciPy's folder. Raises ImportError where it is not there."""
    package = importlib.util.find_spec("scipy")
    folders = package.submodule_search_locations if package else None
    places = [os.path.join(folder, "fft", "_pocketfft") for folder in folders or ()]
    found = importlib.machinery.PathFinder.find_spec("pypocketfft", places)
    if found is None or found.loader is None:
        raise ImportError("pypocketfft")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _bands(filter_bank: NDArray[np.float32]) -> list[tuple[slice, slice]]:
    """Give (rows, columns) of the blocks of a filter bank that hold all that is not zero."""
    bands = []
    for first in range(0, len(filter_bank), MELS_AT_ONCE):
        mels = slice(first, first + MELS_AT_ONCE)
        used = np.flatnonzero(filter_bank[mels].any(axis=0))
        bands.append((mels, slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)))
    return bands


@cache
def hann(n_fft: int) -> NDArray[np.float32]:
    """Compute the periodic Hann window, (n_fft,) float32, which `librosa.stft` uses."""
    phase = 2.0 * np.pi * np.arange(n_fft) / n_fft
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
