"""Computed sounds: rhythms of known tempo to learn from, and a babbling voice to measure with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from tagger.features import log_mel
from tagger.training.clips import FRONT_END, filter_bank
from tagger.types import FloatArray

MADE_UP = "made-up"
"""The name of the rhythms in place of a data set's."""

N_RHYTHMS = 600
"""Made up for a network of tempo alone."""

SECONDS = 12.5
FASTEST_BPM, SLOWEST_BPM, USUAL_BPM = 240.0, 50.0, 115.0
SPREAD = 0.32
"""Standard deviation of the logarithm of the tempos around `USUAL_BPM`."""

STYLES = ("rock", "house", "break", "sparse", "pulse")
STYLE_SHARES = (0.35, 0.2, 0.2, 0.15, 0.1)

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

Signal = NDArray[np.float64]


def rhythms(n: int, jobs: int) -> tuple[list[NDArray[np.float16]], list[float]]:
    """Make `n` rhythms: log-mels (n_mels, n_frames) float16 in dB and tempos in BPM, the same every time."""
    bank = filter_bank()
    made = Parallel(n_jobs=jobs)(delayed(_log_mel)(seed, bank) for seed in range(n))
    return [m for m, _ in made], [bpm for _, bpm in made]


def rhythm(seed: int) -> tuple[NDArray[np.float32], float]:
    """Make 12.5 s of drums and tones at 22,050 Hz, (n,) float32; gives their tempo in BPM too.

    >>> samples, bpm = rhythm(3)
    >>> len(samples) / 22_050, 50 <= bpm <= 240
    (12.5, True)
    """
    random = np.random.default_rng(seed)
    bpm = float(np.clip(np.exp(random.normal(np.log(USUAL_BPM), SPREAD)), SLOWEST_BPM, FASTEST_BPM))
    sound = np.zeros(int(FRONT_END.sample_rate_hz * SECONDS))
    steps_a_beat, beats_a_bar = (
        int(random.choice([2, 4, 3], p=[0.45, 0.4, 0.15])),
        int(random.choice([4, 4, 3])),
    )
    voices = _drums(random, steps_a_beat, beats_a_bar) | _tones(random, steps_a_beat, beats_a_bar)
    for onsets in voices.values():
        onsets *= random.uniform(0.3, 1.0)
    _play(random, sound, voices, 60.0 / bpm / steps_a_beat)
    sound += random.normal(size=len(sound)) * 10 ** random.uniform(-4.5, -2.0)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32), bpm


def _log_mel(seed: int, bank: NDArray[np.float32]) -> tuple[NDArray[np.float16], float]:
    samples, bpm = rhythm(seed)
    return log_mel(samples, bank, FRONT_END).astype(np.float16), bpm


def _drums(random: np.random.Generator, steps: int, beats: int) -> dict[str, Signal]:
    """Choose how hard each drum is hit at each step of a bar."""
    bar = steps * beats
    style = random.choice(STYLES, p=STYLE_SHARES)
    if style == "house":
        return {
            "kick": _hits(bar, range(0, bar, steps)),
            "hat": 0.6 * _hits(bar, range(steps // 2, bar, steps)),
        }
    if style == "rock":
        backbeats = [b * steps for b in range(1, beats, 2)]
        kicks = [0, 2 * steps % bar, int(random.integers(bar))]
        hats = range(0, bar, max(1, steps // 2))
        return {"kick": _hits(bar, kicks), "snare": _hits(bar, backbeats), "hat": 0.5 * _hits(bar, hats)}
    if style == "break":
        kicks = [0, *random.integers(0, bar, 2)]
        snares = [steps, (beats - 1) * steps]
        return {"kick": _hits(bar, kicks), "snare": _hits(bar, snares), "hat": 0.4 * _hits(bar, range(bar))}
    if style == "sparse":
        return {"kick": _hits(bar, [0]), "snare": _hits(bar, [steps])}
    return {"click": _hits(bar, range(0, bar, steps))}


def _tones(random: np.random.Generator, steps: int, beats: int) -> dict[str, Signal]:
    """Choose up to three voices with notes on the beats, the bars, or anywhere."""
    bar = steps * beats
    patterns = (
        _hits(bar, range(0, bar, steps)),
        _hits(bar, [0]),
        np.where(random.random(bar) < 0.3, 0.6, 0.0),
    )
    return {f"tone {i}": patterns[random.integers(3)].copy() for i in range(random.integers(0, 4))}


def _hits(bar: int, steps: Sequence[int] | range) -> Signal:
    hits = np.zeros(bar)
    hits[[step % bar for step in steps]] = 1.0
    return hits


def _play(random: np.random.Generator, sound: Signal, voices: dict[str, Signal], step_s: float) -> None:
    """Add the voices, bar after bar, by a drummer who is up to some milliseconds off."""
    rate_hz, jitter_s, begin_s = (
        FRONT_END.sample_rate_hz,
        random.uniform(0, 0.012),
        random.uniform(0, 8 * step_s),
    )
    same = {name: _sample(random, name.split()[0]) for name in voices}
    for step in range(int((SECONDS - begin_s) / step_s)):
        for name, onsets in voices.items():
            strength = onsets[step % len(onsets)]
            if not strength or random.random() < 0.03:
                continue
            note = (
                _sample(random, "tone") if name.startswith("tone") and random.random() < 0.4 else same[name]
            )
            first = max(0, int((begin_s + step * step_s + random.normal() * jitter_s) * rate_hz))
            part = sound[first : first + len(note)]
            part += note[: len(part)] * strength * random.uniform(0.7, 1.1)


def _sample(random: np.random.Generator, voice: str) -> Signal:
    """Make one stroke of a voice."""
    time_s = np.arange(int(FRONT_END.sample_rate_hz * random.uniform(0.08, 0.35))) / FRONT_END.sample_rate_hz
    noise = random.normal(size=len(time_s))
    turn = 2 * np.pi * time_s
    if voice == "kick":
        falling_hz = random.uniform(45, 80) * (1 + 4 * np.exp(-40 * time_s))
        phase = 2 * np.pi * np.cumsum(falling_hz) / FRONT_END.sample_rate_hz
        return np.asarray(np.sin(phase) * np.exp(-random.uniform(10, 40) * time_s))
    if voice == "snare":
        drum = 0.7 * noise + 0.5 * np.sin(random.uniform(160, 240) * turn)
        return np.asarray(drum * np.exp(-random.uniform(15, 35) * time_s))
    if voice == "hat":
        return np.asarray(np.diff(noise, prepend=0.0) * np.exp(-random.uniform(40, 120) * time_s))
    if voice == "click":
        return np.asarray(np.sin(random.uniform(800, 2500) * turn) * np.exp(-80 * time_s))
    pitch_hz, n_partials = random.uniform(80, 600), int(random.integers(1, 7))
    partials = sum(np.sin(k * pitch_hz * turn) / k for k in range(1, n_partials + 1))
    return np.asarray(0.5 * partials * np.exp(-random.uniform(4, 12) * time_s))


# The voice.


def voice(seconds: float, pitch_hz: float, rate_hz: int, seed: int = 0) -> FloatArray:
    """Make speech-like sound without a recording of anyone: (n,) samples, peak 0.5.

    Syllables, each a hiss or not and a vowel whose pitch falls, with pauses. A source and a filter
    (Fant 1960): pulses of the glottis, shaped by the formants.
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
    """Make a fricative: differentiated noise, so mostly above 4 kHz."""
    n = int(random.uniform(0.05, 0.12) * rate_hz)
    noise: FloatArray = np.diff(random.normal(0, 0.06, n + 1)) * np.hanning(n)
    return noise
