"""A babbling synthetic voice: speech-like sound without a recording of anyone."""

from __future__ import annotations

import numpy as np

from tagger.types import FloatArray

VOWELS_HZ = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (300, 870, 2240),
)
"""First three formants of men's vowels in heed … who'd (Peterson & Barney 1952)."""

BANDWIDTHS_HZ = (80.0, 100.0, 150.0)
SYLLABLE_S = (0.12, 0.28)
"""Three to eight syllables a second, as in running speech."""


def voice(seconds: float, pitch_hz: float, rate_hz: int, seed: int = 0) -> FloatArray:
    """(n,) of syllables, each a hiss or not and a vowel whose pitch falls, with pauses; peak 0.5.

    A source and a filter (Fant 1960): pulses of the glottis, shaped by the formants.
    """
    random, parts, n = np.random.default_rng(seed), [], 0
    while n < seconds * rate_hz:
        formants = VOWELS_HZ[random.integers(len(VOWELS_HZ))]
        if random.random() < 0.4:
            parts.append(_hiss(random, rate_hz))
        parts.append(_vowel(random, formants, pitch_hz * random.uniform(0.85, 1.25), rate_hz))
        if random.random() < 0.2:
            parts.append(np.zeros(int(random.uniform(0.1, 0.5) * rate_hz)))
        n = sum(map(len, parts))
    sound = np.concatenate(parts)[: int(seconds * rate_hz)]
    louder: FloatArray = 0.5 * sound / np.abs(sound).max()
    return louder


def _vowel(
    random: np.random.Generator, formants_hz: tuple[int, ...], pitch_hz: float, rate_hz: int
) -> FloatArray:
    n = int(random.uniform(*SYLLABLE_S) * rate_hz)
    glide = pitch_hz * np.linspace(1.1, 0.9, n) * (1 + 0.01 * random.normal(0, 1, n))
    pulses = np.diff(np.floor(np.cumsum(glide / rate_hz)), prepend=0.0)
    f = np.fft.rfftfreq(n, 1 / rate_hz)
    response = sum(
        1 / (1 + 1j * (f - hz) / (width / 2)) / rank
        for rank, (hz, width) in enumerate(zip(formants_hz, BANDWIDTHS_HZ, strict=True), 1)
    )
    shaped: FloatArray = np.fft.irfft(np.fft.rfft(pulses) * response, n) * np.hanning(n) ** 0.5
    return shaped / max(1e-9, float(np.abs(shaped).max()))


def _hiss(random: np.random.Generator, rate_hz: int) -> FloatArray:
    """A fricative: differentiated noise, so mostly above 4 kHz."""
    n = int(random.uniform(0.05, 0.12) * rate_hz)
    noise: FloatArray = np.diff(random.normal(0, 0.06, n + 1)) * np.hanning(n)
    return noise
