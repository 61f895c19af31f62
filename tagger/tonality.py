"""Hear the musical key of a track: its partials, summed to pitch classes, beside profiles of the 24 keys."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tagger.features import hann, rfft
from tagger.musical_key import KEYS

FRAME_S = 0.3715
"""The length of a frame, in seconds, half of which is the step between frames: 8,192 samples at 22,050 Hz.

Shorter ones do not tell the semitones of a bass apart; longer ones mix chords.
"""

FRAMES_AT_ONCE = 4
"""Their spectra stay in the CPU's cache: three times as fast as all at once."""

LOWEST_PITCH, HIGHEST_PITCH = 33, 99
N_PITCHES = HIGHEST_PITCH - LOWEST_PITCH + 1
"""The MIDI numbers of the pitches that are counted, A1 (55 Hz) to D#7 (2,489 Hz)."""

BACKGROUND_HZ = 80.0
"""A partial stands out of the mean magnitude so far around it; what does not is noise or a drum."""

HARMONICS = (2, 3, 4, 5)
HARMONIC_WEIGHT = 0.8
"""A partial counts for the pitches, too, whose second to fifth harmonic it may be, each by 0.8 of the last
(Gómez 2006, "Tonal Description of Polyphonic Audio for Music Content Processing", who goes to the eighth)."""

HIGHEST_BASS_PITCH = 52
BASS_WEIGHT = 0.15
"""What sounds up to E3 (165 Hz) is compared once more by itself: a bass likes the tonic and its fifth."""

TUNED_FROM, TUNED_TO = 55, 95
"""The pitches whose peaks tell the tuning, 196 to 1,976 Hz: lower ones lie too few bins apart."""

FAINT = 0.01
"""A frame whose partials are this share of the mean weighs half of what the others do."""

COMPRESSION = 0.5
"""The power to which a pitch class is raised, so that the loudest does not outweigh the rest."""

LEAST_LEVEL = 1e-6
"""A sample that is never farther than this from the mean is silence: −120 dB of full scale."""

LEAST_IN_TUNE = 0.08
"""Below this agreement of its peaks on a tuning, sound has no pitch: noise has 0 to 0.07, songs 0.1 to 1."""

PROFILES = (
    (1.00, 0.00, 0.42, 0.00, 0.53, 0.37, 0.00, 0.77, 0.00, 0.38, 0.21, 0.30),
    (1.00, 0.00, 0.36, 0.39, 0.00, 0.38, 0.00, 0.74, 0.27, 0.00, 0.42, 0.23),
)
"""How much of each pitch class, from the tonic on, music in a major and in a minor key has: "bgate" of
Faraldo, Jordà & Herrera 2017, "A Multi-Profile Method for Key Estimation in EDM", its weakest being zero."""

LEAD_WEIGHT, LIKENESS_WEIGHT, BIAS = 7.0, 3.5, -3.55
"""The logistic curve from the lead of the best key over the second, and from how like it the track is, to the
probability that it is right: see the section Key in `models/EXPERIMENTS.md`."""

LONG_ENOUGH_S = 14.0
"""The lead counts for less of less sound, in proportion: of a lone chord a key leads that is often wrong."""


def key_and_confidence(
    windows: Sequence[NDArray[np.float32]], sample_rate_hz: int
) -> tuple[str | None, float | None]:
    """Give the likeliest of `musical_key.KEYS` and the calibrated probability (0–1) that it is right.

    `windows` are stretches (n,) of one track, mono, at `sample_rate_hz`; each frame of them weighs the same,
    so that a track in two keys has the one that lasts longer. (None, None) of silence and of what has no
    pitch, such as many drums. Neither the level nor a constant offset nor silence moves the answer; the
    tuning may be any: it is found first, and a track half-way between two keys is in one of them.
    """
    frames = [_partials(window, sample_rate_hz) for window in windows if _sounds(window)]
    if not frames:
        return None, None
    spectrum, n_sounding = _spectrum(np.concatenate(frames))
    tuning, in_tune = _tuning(spectrum, _pitches(sample_rate_hz))
    if in_tune < LEAST_IN_TUNE:
        return None, None
    likeness = _likeness(_semitones(spectrum, _pitches(sample_rate_hz) - tuning))
    second, best = np.partition(likeness, -2)[-2:].tolist()
    enough = min(1.0, n_sounding * FRAME_S / 2 / LONG_ENOUGH_S)
    evidence = LEAD_WEIGHT * enough * (best - second) + LIKENESS_WEIGHT * best + BIAS
    return KEYS[int(likeness.argmax())], 1.0 / (1.0 + math.exp(-evidence))


def _sounds(window: NDArray[np.float32]) -> bool:
    """Whether a window holds anything but silence, whatever its offset."""
    return len(window) > 0 and float(np.ptp(window)) > 2 * LEAST_LEVEL


def _n_fft(sample_rate_hz: int) -> int:
    """Give the samples of a frame, a multiple of 64, which the Fourier transform is quick at."""
    return 64 * max(1, round(FRAME_S * sample_rate_hz / 64))


def _partials(window: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float32]:
    """Compute by how much each bin of each frame stands out of those around it: (n_frames, n_bins), ≥ 0."""
    n_fft = _n_fft(sample_rate_hz)
    samples = window - np.float32(window.mean(dtype=np.float64))
    if len(samples) < n_fft:
        samples = np.pad(samples, (0, n_fft - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[:: n_fft // 2]
    bins, around = _bins(sample_rate_hz), _bins_around(sample_rate_hz)
    partials = np.empty((len(frames), bins.stop - bins.start), np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        part = slice(first, first + FRAMES_AT_ONCE)
        spectrum = rfft()(frames[part] * hann(n_fft))[:, bins.start - around - 1 : bins.stop + around]
        magnitudes = np.sqrt(np.square(spectrum.real) + np.square(spectrum.imag))
        sums = np.cumsum(magnitudes, axis=1)
        background = sums[:, 2 * around + 1 :] - sums[:, : -2 * around - 1]
        background *= np.float32(-1.0 / (2 * around + 1))
        background += magnitudes[:, around + 1 : -around]
        np.maximum(background, 0, out=partials[part])
    return partials


def _bins_around(sample_rate_hz: int) -> int:
    """Give how many bins below and above one are its background."""
    return max(1, round(BACKGROUND_HZ / 2 * _n_fft(sample_rate_hz) / sample_rate_hz))


def _bins(sample_rate_hz: int) -> slice:
    """Give the bins of a frame's spectrum that belong to the pitches counted."""
    n_fft = _n_fft(sample_rate_hz)
    lowest, highest = (
        _hz(pitch) * n_fft / sample_rate_hz for pitch in (LOWEST_PITCH - 0.5, HIGHEST_PITCH + 0.5)
    )
    return slice(math.ceil(lowest), min(math.floor(highest) + 1, n_fft // 2 - _bins_around(sample_rate_hz)))


def _hz(pitch: float) -> float:
    """Give the frequency of a MIDI number: 69 is 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def _spectrum(partials: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Average frames (n_frames, n_bins), each by its sum, so that a loud one weighs no more; and count them.

    Those below a hundredth of the mean weigh and count less: the silence around a song has no key.
    """
    sums = partials.sum(axis=1)
    weights = 1.0 / (sums + FAINT * sums.mean() + np.finfo(np.float32).tiny)
    averaged: NDArray[np.float32] = weights.astype(np.float32) @ partials
    return averaged, float(sums @ weights)


def _semitones(spectrum: NDArray[np.float32], pitches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum a spectrum, whose bins have these `pitches`, to semitones: (N_PITCHES,), less what lies between."""
    nearest = np.rint(pitches)
    weights = spectrum * np.square(np.cos(np.pi * (pitches - nearest)))
    places = np.clip(nearest.astype(np.intp) - LOWEST_PITCH, 0, N_PITCHES - 1)
    return np.asarray(np.bincount(places, weights=weights, minlength=N_PITCHES))


@cache
def _pitches(sample_rate_hz: int) -> NDArray[np.float64]:
    """Give the MIDI number of each bin counted, with fractions."""
    bins = _bins(sample_rate_hz)
    frequencies_hz = np.arange(bins.start, bins.stop) * sample_rate_hz / _n_fft(sample_rate_hz)
    return np.asarray(69.0 + 12.0 * np.log2(frequencies_hz / 440.0))


def _tuning(spectrum: NDArray[np.float32], pitches: NDArray[np.float64]) -> tuple[float, float]:
    """Find by how much the peaks of a spectrum lie above the semitones of A = 440 Hz, and how they agree.

    The first is −0.5 to 0.5 semitones, the second 0 to 1: angle and length of the mean of the peaks'
    fractions of a semitone on a circle, each by its height. A peak lies where the parabola through the
    logarithms of its three bins has its top (Smith & Serra 1987, "PARSHL").
    """
    peaks = 1 + np.flatnonzero((spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] >= spectrum[2:]))
    peaks = peaks[(pitches[peaks] > TUNED_FROM) & (pitches[peaks] < TUNED_TO)]
    heights = spectrum[peaks]
    if not heights.any():
        return 0.0, 0.0
    left, middle, right = (np.log(spectrum[peaks + side] + np.finfo(np.float32).tiny) for side in (-1, 0, 1))
    beside = 0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-6)
    tops = pitches[peaks] + beside * (pitches[peaks + 1] - pitches[peaks])
    mean = complex(np.sum(heights * np.exp(2j * np.pi * tops)) / heights.sum())
    return cmath.phase(mean) / (2 * math.pi), abs(mean)


def _likeness(semitones: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how like each of `KEYS` all pitches and those of the bass are, together: (24,), −1.15 to 1.15."""
    summed = semitones.copy()
    for harmonic in HARMONICS:
        shift = round(12 * math.log2(harmonic))
        summed[:-shift] += HARMONIC_WEIGHT ** (harmonic - 1) * semitones[shift:]
    bass = semitones[: HIGHEST_BASS_PITCH - LOWEST_PITCH + 1]
    return _correlation(summed) + BASS_WEIGHT * _correlation(bass)


def _correlation(semitones: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate the pitch classes of semitones from `LOWEST_PITCH` on with the profiles of `KEYS`: (24,)."""
    classes = (np.arange(len(semitones)) + LOWEST_PITCH) % 12
    strengths = np.bincount(classes, weights=semitones, minlength=12) ** COMPRESSION
    centred = strengths - strengths.mean()
    length = np.linalg.norm(centred)
    return np.asarray(_profiles() @ (centred / length if length > 0 else centred))


@cache
def _profiles() -> NDArray[np.float64]:
    """Give the profiles of the 24 keys from C on, (24, 12), each of mean 0 and length 1."""
    profiles = np.array([np.roll(profile, tonic) for profile in PROFILES for tonic in range(12)])
    profiles -= profiles.mean(axis=1, keepdims=True)
    return np.asarray(profiles / np.linalg.norm(profiles, axis=1, keepdims=True))
