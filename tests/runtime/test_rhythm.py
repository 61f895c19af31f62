"""The matrices of the tempo head measure what they are named for."""

import numpy as np
import pytest

from tagger.runtime.rhythm import autocorrelation_at, interpolation, lags, rates_bpm, tempo_bins, waves

FRAME_RATE_HZ = 43.0


def test_a_pulse_is_strongest_at_its_own_rate() -> None:
    cosine, sine = waves(430, FRAME_RATE_HZ)
    rate = rates_bpm()[150]
    pulse = np.cos(2 * np.pi * rate / 60 * np.arange(430) / FRAME_RATE_HZ)
    assert np.hypot(pulse @ cosine, pulse @ sine).argmax() == 150


def test_the_autocorrelation_is_that_of_its_definition_between_the_frames_too() -> None:
    curve = np.random.default_rng(0).normal(size=100)
    overlap = np.maximum(np.arange(100, 0, -1), 12)
    expected = np.array([curve[: 100 - lag] @ curve[lag:] for lag in range(100)]) / overlap
    positions = np.array([0.0, 1.0, 7.25, 98.5, 99.0, 99.5, 400.0])
    to_spectrum, to_lags = autocorrelation_at(100, positions)
    real, imaginary = np.split(curve @ to_spectrum, 2)
    found = (real**2 + imaginary**2) @ to_lags
    between = np.interp(positions[:5], np.arange(100), expected)
    assert found[:5] == pytest.approx(between, abs=1e-4)
    assert [*found[5:]] == [0, 0]


def test_the_axes_fit_each_other() -> None:
    bins = tempo_bins()
    assert bins[0] == 0 and bins[120 - 30] == pytest.approx(120)
    at_one, at_four = lags(FRAME_RATE_HZ)
    assert at_four == pytest.approx(4 * at_one)
    assert 60 * FRAME_RATE_HZ / at_one == pytest.approx(rates_bpm())
    read = interpolation(200, bins).sum(axis=0)
    assert read[bins <= 199] == pytest.approx(1) and not read[bins > 199].any()
