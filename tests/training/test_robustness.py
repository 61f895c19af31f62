import wave
from pathlib import Path

import numpy as np

from tagger.audio import read_excerpt
from tagger.training.robustness import Sound, half_a_second, lo_fi, unmusical_sounds, write_wav

RATE_HZ = 22_050


def tone(hz: float, seconds: float = 2.0) -> np.ndarray:
    return 0.25 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)


def spectrum_of(samples: np.ndarray, rate_hz: int) -> tuple[np.ndarray, np.ndarray]:
    return np.fft.rfftfreq(len(samples), 1 / rate_hz), np.abs(np.fft.rfft(samples))


def test_lo_fi_keeps_the_telephone_band_alone_and_eight_bits(tmp_path: Path) -> None:
    made = lo_fi(Sound(tone(1000) + tone(3800)))
    f, power = spectrum_of(made.samples, made.rate_hz)
    assert made.rate_hz == 8000
    assert f[power.argmax()] == 1000
    assert power[f > 3450].max() < 0.01 * power.max()
    path = str(tmp_path / "lo-fi.wav")
    write_wav(path, made)
    with wave.open(path) as file:
        assert (file.getsampwidth(), file.getframerate(), file.getnchannels()) == (1, 8000, 1)


def test_a_written_sound_is_read_as_it_was(tmp_path: Path) -> None:
    for sample_bytes, step in ((1, 1 / 64), (2, 1 / 16_384)):
        path = str(tmp_path / f"{sample_bytes}.wav")
        write_wav(path, Sound(tone(440), sample_bytes=sample_bytes))
        samples = read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=30.0).windows[0].samples
        np.testing.assert_allclose(samples, tone(440), atol=step)


def test_half_a_second_is_cut_from_the_middle() -> None:
    cut = half_a_second(Sound(np.arange(4 * RATE_HZ) / (4 * RATE_HZ)))
    assert len(cut.samples) == RATE_HZ // 2
    assert abs(cut.samples.mean() - 0.5) < 1e-3
    short = Sound(tone(440, seconds=0.2))
    assert len(half_a_second(short).samples) == len(short.samples)


def test_the_synthetic_voice_has_syllables_a_pitch_and_formants() -> None:
    samples = unmusical_sounds()["synthetic voice, low (110 Hz), 30 s"].samples
    assert len(samples) == 30 * RATE_HZ
    loudness = np.sqrt(np.square(samples[: len(samples) // 441 * 441].reshape(-1, 441)).mean(axis=1))
    f, power = spectrum_of(loudness - loudness.mean(), 50)
    assert 2 < (f * power**2).sum() / (power**2).sum() < 8
    f, power = spectrum_of(samples, RATE_HZ)
    assert power[(f > 200) & (f < 1000)].mean() > 5 * power[f > 6000].mean()
