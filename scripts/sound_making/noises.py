"""Noises that are made from numbers: weather, machines, nature, faults of a recording."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

RATE_HZ = 24_000

Signal = NDArray[np.float32]
Noise = Callable[[np.random.Generator, int], Signal]
"""Makes so many samples of a noise, of any level."""


def white(random: np.random.Generator, n: int) -> Signal:
    """Draw white noise."""
    return random.standard_normal(n).astype(np.float32)


def coloured(random: np.random.Generator, n: int, slope: float | None = None) -> Signal:
    """Draw noise whose power falls as 1/f to the power of `slope`: 1 is pink, 2 is brown."""
    slope = random.choice([0.0, 0.5, 1.0, 1.5, 2.0]) if slope is None else slope
    f = np.fft.rfftfreq(n, 1 / RATE_HZ)
    f[0] = f[1]
    return np.fft.irfft(np.fft.rfft(white(random, n)) * f ** (-slope / 2), n).astype(np.float32)


def within(sound: Signal, low_hz: float | None, high_hz: float | None, order: int = 2) -> Signal:
    """Keep what lies between two frequencies; None leaves an end open."""
    nyquist = 0.49 * RATE_HZ
    if low_hz and high_hz:
        sos = butter(order, [low_hz, min(high_hz, nyquist)], "band", fs=RATE_HZ, output="sos")
    elif high_hz:
        sos = butter(order, min(high_hz, nyquist), "low", fs=RATE_HZ, output="sos")
    else:
        sos = butter(order, low_hz, "high", fs=RATE_HZ, output="sos")
    return sosfilt(sos, sound).astype(np.float32)


def _swell(random: np.random.Generator, n: int, rate_hz: float, depth: float) -> Signal:
    """A level that wanders, `rate_hz` times a second, by so many nepers."""
    knots = random.standard_normal(max(4, int(n / RATE_HZ * rate_hz) + 3))
    at = np.linspace(0, n, len(knots))
    return np.exp(depth * np.interp(np.arange(n), at, knots)).astype(np.float32)


def _grains(
    random: np.random.Generator, n: int, per_s: float, length_s: float, grain: Callable[[int], Signal]
) -> Signal:
    """Short sounds at random times, `per_s` of them a second on average, of some two dozen shapes."""
    sound, count = np.zeros(n, np.float32), int(random.poisson(per_s * n / RATE_HZ))
    shapes = [
        grain(max(16, int(RATE_HZ * length_s * random.uniform(0.5, 1.5)))) for _ in range(min(count, 24))
    ]
    for i, at in enumerate(random.integers(0, n, count)):
        shape = shapes[i % len(shapes)][: n - at]
        sound[at : at + len(shape)] += random.lognormal(0, 0.6) * shape
    return sound


def _dying(random: np.random.Generator, n: int, low_hz: float, high_hz: float, per_s: float) -> Signal:
    """A hiss between two frequencies that dies away, by e `per_s` times a second."""
    return within(white(random, n), low_hz, high_hz) * np.exp(-np.arange(n) / RATE_HZ * per_s).astype(
        np.float32
    )


def hum(random: np.random.Generator, n: int) -> Signal:
    """Make the hum of mains, with overtones."""
    f, t = random.choice([50, 60]) * random.uniform(0.99, 1.01), np.arange(n) / RATE_HZ
    tones = (
        random.uniform(0.1, 1) / k**0.7 * np.sin(2 * np.pi * f * k * t)
        for k in range(1, random.integers(3, 30))
    )
    return (sum(tones) + random.uniform(0, 0.3) * coloured(random, n, 1)).astype(np.float32)


def crackle(random: np.random.Generator, n: int) -> Signal:
    """Make the clicks of an empty groove."""
    clicks = _grains(
        random, n, random.uniform(5, 150), 0.002, lambda m: _dying(random, m, 200, 11_000, 1_200)
    )
    return clicks + random.uniform(0.005, 0.1) * coloured(random, n, 1)


def rain(random: np.random.Generator, n: int) -> Signal:
    """Make drops on a hiss."""
    hiss = within(white(random, n), random.uniform(300, 1_500), random.uniform(5_000, 11_000))
    drops = _grains(random, n, random.uniform(30, 400), 0.01, lambda m: _dying(random, m, 800, 6_000, 400))
    return 0.2 * hiss + drops


def engine(random: np.random.Generator, n: int) -> Signal:
    """Make the strokes of an engine whose speed wanders."""
    speed = random.uniform(15, 90) * _swell(random, n, random.uniform(0.1, 1), random.uniform(0.02, 0.3))
    strokes = np.exp(-(np.cumsum(speed) / RATE_HZ % 1) * random.uniform(3, 12)) * (1 + 0.3 * white(random, n))
    return within(strokes, 30, random.uniform(300, 3_000)) + random.uniform(0.02, 0.3) * coloured(
        random, n, 1.5
    )


def wind(random: np.random.Generator, n: int) -> Signal:
    """Make gusts at a few pitches."""
    air = coloured(random, n, 1.5)
    gusts = (
        within(air, f, 1.4 * f) * _swell(random, n, random.uniform(0.3, 2), 1)
        for f in random.uniform(150, 1_500, 4)
    )
    return np.asarray(sum(gusts) + 0.3 * air * _swell(random, n, 0.5, 0.5), np.float32)


def applause(random: np.random.Generator, n: int) -> Signal:
    """Make the claps of many hands."""
    low, high = random.uniform(500, 1_200), random.uniform(2_500, 6_000)
    claps = _grains(random, n, random.uniform(50, 1_200), 0.025, lambda m: _dying(random, m, low, high, 150))
    return claps * _swell(random, n, 0.4, 0.3)


def waves(random: np.random.Generator, n: int) -> Signal:
    """Make waves on a beach."""
    phase = 2 * np.pi * np.arange(n) / RATE_HZ / random.uniform(4, 10) + random.uniform(0, 6)
    level = (0.5 - 0.5 * np.cos(phase)) ** random.uniform(1, 3) + 0.05
    return (level * coloured(random, n, 1)).astype(np.float32)


def radio(random: np.random.Generator, n: int) -> Signal:
    """Make a receiver between two stations."""
    bursts = _grains(random, n, random.uniform(0, 5), 0.1, lambda m: white(random, m))
    return within(white(random, n), 300, 3_400) * _swell(random, n, random.uniform(1, 8), 0.5) + bursts


def clock(random: np.random.Generator, n: int) -> Signal:
    """Make the ticks of a clock in a quiet room."""
    tick = _dying(random, int(0.03 * RATE_HZ), random.uniform(1_000, 4_000), 9_000, 200)
    sound = random.uniform(0.003, 0.03) * coloured(random, n, 1)
    for at in range(0, n - len(tick), int(RATE_HZ * random.uniform(0.4, 1.1))):
        sound[at : at + len(tick)] += tick * random.uniform(0.8, 1.2)
    return sound


def tone(random: np.random.Generator, n: int) -> Signal:
    """Make one steady or repeated tone, such as of a test or a telephone."""
    t = np.arange(n) / RATE_HZ
    sound = np.sin(2 * np.pi * random.uniform(200, 4_000) * t)
    if random.random() < 0.5:
        sound *= t % random.uniform(0.5, 2) < 0.3
    return (sound + random.uniform(0, 0.05) * white(random, n)).astype(np.float32)


def crickets(random: np.random.Generator, n: int) -> Signal:
    """Make chirps at night."""
    t, sound = np.arange(n) / RATE_HZ, 0.1 * coloured(random, n, 1)
    for f in random.uniform(2_500, 7_000, random.integers(1, 5)):
        trill = np.sin(2 * np.pi * random.uniform(20, 60) * t) > 0
        turns = np.sin(2 * np.pi * random.uniform(0.7, 3) * t + random.uniform(0, 6)) > 0
        sound += (random.uniform(0.2, 1) * np.sin(2 * np.pi * f * t) * trill * turns).astype(np.float32)
    return sound


def steps(random: np.random.Generator, n: int) -> Signal:
    """Make steps and knocks."""
    high, dying = random.uniform(400, 3_000), random.uniform(20, 80)
    knocks = _grains(random, n, random.uniform(0.5, 4), 0.12, lambda m: _dying(random, m, 60, high, dying))
    return knocks + random.uniform(0.005, 0.05) * coloured(random, n, 1)


def machine(random: np.random.Generator, n: int) -> Signal:
    """Make a machine that works in strokes."""
    air = within(white(random, n), random.uniform(100, 800), random.uniform(1_500, 8_000))
    stroke = np.sin(2 * np.pi * random.uniform(1, 12) * np.arange(n) / RATE_HZ) > random.uniform(-0.5, 0.8)
    return (air * (0.3 + stroke)).astype(np.float32) + random.uniform(0, 0.4) * hum(random, n)


NOISES: tuple[Noise, ...] = (
    *(coloured, hum, crackle, rain, engine, wind, applause, waves),
    *(radio, clock, tone, crickets, steps, machine),
)
