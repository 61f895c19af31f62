"""The log-mel held to librosa's, on sounds of every kind."""

import os

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from tagger import features
from tagger.audio import read_excerpt
from tagger.features import fit_frames, log_mel
from tagger.types import FrontEnd

FRONT_END = FrontEnd(sample_rate_hz=22_050, window_s=10.0, n_fft=2048, hop_length=512, n_mels=96)
OTHER = FrontEnd(sample_rate_hz=16_000, window_s=3.0, n_fft=512, hop_length=160, n_mels=40)
SECOND = np.arange(22_050) / 22_050


def filter_bank(front_end: FrontEnd = FRONT_END) -> NDArray[np.float32]:
    rate_hz, n_fft, n_mels = front_end.sample_rate_hz, front_end.n_fft, front_end.n_mels
    return librosa.filters.mel(sr=rate_hz, n_fft=n_fft, n_mels=n_mels, dtype=np.float32)


def of_librosa(samples: NDArray[np.float32], front_end: FrontEnd = FRONT_END) -> NDArray[np.float32]:
    mel = librosa.feature.melspectrogram(
        y=samples,
        sr=front_end.sample_rate_hz,
        n_fft=front_end.n_fft,
        hop_length=front_end.hop_length,
        n_mels=front_end.n_mels,
    )
    return librosa.power_to_db(mel, ref=1.0, top_db=None)


def _noise(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def _speech_like() -> NDArray[np.float32]:
    """Quiet pulses at 120 Hz through two resonances, four syllables a second, in a noisy room."""
    pulses = sum(np.cos(2 * np.pi * 120 * k * SECOND) / k for k in range(1, 60))
    syllables = np.clip(np.sin(2 * np.pi * 4 * SECOND), 0, 1)
    return (0.004 * pulses * syllables).astype(np.float32) + 1e-4 * _noise(22_050)


SOUNDS = {
    "noise": _noise(220_500) * np.float32(0.1),
    "loud noise": _noise(50_000, 1) * np.float32(20.0),
    "chirp in noise": librosa.chirp(sr=22_050, fmin=50, fmax=10_000, duration=5).astype(np.float32)
    + 1e-2 * _noise(110_250),
    "quiet speech": _speech_like(),
    "clicks": np.where(np.arange(66_150) % 11_025 == 0, 1, 0).astype(np.float32) + 1e-4 * _noise(66_150),
    "full-scale square": np.sign(np.sin(2 * np.pi * 441.7 * SECOND)).astype(np.float32)
    + 1e-3 * _noise(22_050),
}


@pytest.mark.parametrize("name", sorted(SOUNDS))
def test_it_equals_librosa_within_a_thousandth_of_a_decibel(name: str) -> None:
    samples = SOUNDS[name].astype(np.float32)
    assert np.abs(log_mel(samples, filter_bank(), FRONT_END) - of_librosa(samples)).max() < 1e-3


def test_it_equals_librosa_with_other_numbers() -> None:
    samples = _noise(48_000) * np.float32(0.1)
    assert np.abs(log_mel(samples, filter_bank(OTHER), OTHER) - of_librosa(samples, OTHER)).max() < 1e-3


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["MT0000249842.mp3", "MT0009628869.mp3"])
def test_it_equals_librosa_on_real_songs(name: str, shared_data: str) -> None:
    path = os.path.join(shared_data, "odd", name)
    for window in read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).windows:
        ours, theirs = log_mel(window.samples, filter_bank(), FRONT_END), of_librosa(window.samples)
        audible = theirs > theirs.max() - 100  # below lies the rounding noise of float32
        assert np.abs(ours - theirs)[audible].max() < 1e-3


@pytest.mark.parametrize("n", [1, 511, 512, 2048, 32_767, 32_768, 220_500, 661_500])
def test_frames_are_centred_every_hop_from_the_first_sample_on(n: int) -> None:
    mel = log_mel(_noise(n), filter_bank(), FRONT_END)
    assert mel.shape == (96, 1 + n // 512)
    assert mel.dtype == np.float32
    assert np.isfinite(mel).all()


def test_a_window_has_the_frames_that_the_front_end_says() -> None:
    assert log_mel(_noise(220_500), filter_bank(), FRONT_END).shape == (96, FRONT_END.n_frames) == (96, 431)


def test_silence_is_minus_one_hundred_decibels() -> None:
    mel = log_mel(np.zeros(22_050, np.float32), filter_bank(), FRONT_END)
    assert np.abs(mel + 100.0).max() < 1e-4


def test_samples_are_left_as_they_were() -> None:
    samples = _noise(10_000)
    log_mel(samples, filter_bank(), FRONT_END)
    assert np.array_equal(samples, _noise(10_000))


def test_a_mel_band_without_any_bin_is_silent() -> None:
    bank = filter_bank()
    bank[24:36] = 0.0
    mel = log_mel(_noise(10_000), bank, FRONT_END)
    assert np.abs(mel[24:36] + 100.0).max() < 1e-4
    assert mel[:24].min() > -100.0


@pytest.mark.parametrize(
    ("n_frames", "expected"), [(2, [0, 1]), (3, [0, 1, 2]), (4, [0, 1, 2, 0]), (8, [0, 1, 2, 0, 1, 2, 0, 1])]
)
def test_a_log_mel_is_cut_or_repeated_to_fit(n_frames: int, expected: list[int]) -> None:
    mel = np.array([[0, 1, 2], [10, 11, 12]], np.float32)
    fitted = fit_frames(mel, n_frames)
    assert fitted.tolist() == [expected, [10 + i for i in expected]]


def test_the_transform_is_that_of_scipy_with_and_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import fft

    frames = _noise(4 * 2048).reshape(4, 2048)
    alone = features.rfft.__wrapped__()(frames)

    def elsewhere() -> object:
        raise ImportError("pypocketfft")

    monkeypatch.setattr(features, "_pocketfft", elsewhere)
    by_package = features.rfft.__wrapped__()(frames)
    assert alone.dtype == by_package.dtype == np.complex64
    np.testing.assert_array_equal(alone, fft.rfft(frames, axis=1))
    np.testing.assert_array_equal(alone, by_package)
