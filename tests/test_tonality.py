import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from tagger.musical_key import KEYS, wheel_distance
from tagger.tonality import key_and_confidence

TRIAL = Path(__file__).parent.parent / "scripts/key_trial.py"

RATE_HZ = 22_050
BEAT_S = 0.5

MAJOR = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (0, 4, 7))
MINOR = ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7), (8, 12, 15), (5, 8, 12), (7, 11, 14), (0, 3, 7))
"""I IV V I VI IV V I above the tonic, in semitones: what fixes a key."""


def tone(pitch: float, seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A plucked string of six partials; `pitch` is a MIDI number, 69 being 440 Hz."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    return sum(np.sin(2 * np.pi * n * hz * time_s) / n for n in range(1, 7)) * np.exp(-2 * time_s)


def song(key: str, seconds: float = 10.0, cents: float = 0.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Chords over a bass in `key`, one a beat, at a peak of about a half."""
    index = KEYS.index(key)
    tonic = 48 + index % 12 + cents / 100.0
    chords = MAJOR if index < 12 else MINOR
    beats = []
    for beat in range(int(np.ceil(seconds / BEAT_S))):
        chord = chords[beat % len(chords)]
        pitches = [tonic - 12 + chord[0], *(tonic + 12 + step for step in chord)]
        beats.append(sum(tone(pitch, BEAT_S, rate_hz) for pitch in pitches))
    samples = np.concatenate(beats)[: int(seconds * rate_hz)]
    return (0.5 * samples / np.abs(samples).max()).astype(np.float32)


def drums(seconds: float = 10.0) -> np.ndarray:
    """A bass drum and a snare drum in turn, and a hi-hat between them."""
    rng = np.random.default_rng(0)
    time_s = np.arange(int(BEAT_S * RATE_HZ)) / RATE_HZ
    noise = rng.standard_normal(len(time_s))
    kick = np.sin(2 * np.pi * 15 * (1 - np.exp(-20 * time_s))) * np.exp(-12 * time_s)
    snare = noise * np.exp(-18 * time_s)
    hat = np.roll(0.4 * np.diff(noise, prepend=0) * np.exp(-60 * time_s), len(time_s) // 2)
    bar = np.concatenate([kick + hat, snare + hat])
    return (0.5 * np.resize(bar, int(seconds * RATE_HZ)) / np.abs(bar).max()).astype(np.float32)


@pytest.mark.parametrize("key", KEYS)
def test_chords_tell_each_of_the_24_keys(key: str) -> None:
    found, confidence = key_and_confidence([song(key)], RATE_HZ)
    assert found == key
    assert confidence is not None
    assert 0.5 < confidence <= 1.0


@pytest.mark.parametrize("key", KEYS)
def test_drums_and_another_tuning_do_not_move_the_key(key: str) -> None:
    assert key_and_confidence([song(key) + drums()], RATE_HZ)[0] == key
    assert key_and_confidence([song(key, cents=30)], RATE_HZ)[0] == key
    assert key_and_confidence([song(key, cents=-30)], RATE_HZ)[0] == key


@pytest.mark.parametrize("key", ["C", "F#m", "Eb", "Bm"])
def test_neither_the_level_nor_an_offset_moves_the_answer(key: str) -> None:
    samples = song(key)
    found, confidence = key_and_confidence([samples], RATE_HZ)
    assert found == key
    for changed in (samples / 1000, samples * 2, samples + np.float32(0.3)):
        same, as_sure = key_and_confidence([changed], RATE_HZ)
        assert same == key
        assert as_sure == pytest.approx(confidence, abs=1e-3)


@pytest.mark.parametrize("key", ["C", "F#m", "Eb", "Bm"])
def test_silence_around_moves_the_answer_hardly(key: str) -> None:
    samples = song(key, seconds=20)
    _, confidence = key_and_confidence([samples], RATE_HZ)
    same, as_sure = key_and_confidence([np.pad(samples, 10 * RATE_HZ)], RATE_HZ)
    assert same == key
    assert as_sure == pytest.approx(confidence, abs=0.03)


def test_a_silent_window_beside_others_says_nothing() -> None:
    samples, silence = song("Ab"), np.zeros(10 * RATE_HZ, np.float32)
    answer = key_and_confidence([samples, samples], RATE_HZ)
    assert key_and_confidence([samples, silence, samples], RATE_HZ) == pytest.approx(answer)


def test_the_key_that_lasts_longer_is_the_track_s() -> None:
    windows = [song("G"), song("C#m"), song("G")]
    assert key_and_confidence(windows, RATE_HZ)[0] == "G"


@pytest.mark.parametrize("silence", [[], [np.zeros(0, np.float32)], [np.zeros(RATE_HZ, np.float32)] * 3])
def test_silence_has_no_key(silence: list[np.ndarray]) -> None:
    assert key_and_confidence(silence, RATE_HZ) == (None, None)


def test_an_offset_alone_has_no_key() -> None:
    assert key_and_confidence([np.full(RATE_HZ, 0.5, np.float32)], RATE_HZ) == (None, None)


@pytest.mark.parametrize("seconds", [1, 3, 10])
def test_noise_has_no_key_or_an_unsure_one(seconds: int) -> None:
    for seed in range(10):
        noise = np.random.default_rng(seed).standard_normal(seconds * RATE_HZ).astype(np.float32)
        _, confidence = key_and_confidence([noise / 10], RATE_HZ)
        assert (confidence or 0.0) < 0.4


def test_drums_alone_have_no_key_or_an_unsure_one() -> None:
    _, confidence = key_and_confidence([drums()] * 3, RATE_HZ)
    assert (confidence or 0.0) < 0.4


@pytest.mark.parametrize("key", ["D", "Gm", "B", "C#m"])
def test_two_bars_are_enough_and_so_is_another_sample_rate(key: str) -> None:
    assert key_and_confidence([song(key, seconds=4 * BEAT_S)], RATE_HZ)[0] == key
    for rate_hz in (8_000, 16_000, 32_000, 44_100, 48_000):
        assert key_and_confidence([song(key, rate_hz=rate_hz)], rate_hz)[0] == key


def test_less_than_a_frame_is_no_fault() -> None:
    found, confidence = key_and_confidence([song("A", seconds=0.1)], RATE_HZ)
    assert found is None or wheel_distance(found, "A") <= 2
    assert confidence is None or 0.0 <= confidence <= 1.0


def test_a_lone_click_is_no_fault() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[1000] = 1.0
    _, confidence = key_and_confidence([click], RATE_HZ)
    assert (confidence or 0.0) < 0.4


def test_a_trial_counts_what_is_right(tmp_path: Path) -> None:
    for key in ("Am", "E"):
        with wave.open(str(tmp_path / f"{key}.wav"), "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            file.writeframes((song(key, seconds=35) * 32_767).astype("<i2").tobytes())
    (tmp_path / "keys.csv").write_text("path,key\nAm.wav,8A\nE.wav,E minor\n", encoding="utf-8")
    command = [sys.executable, str(TRIAL), str(tmp_path / "keys.csv")]
    trial = subprocess.run(command, capture_output=True, text=True, check=True)
    assert trial.stdout.startswith("2 files, right 0.500, weighted 0.600, without a key 0\n")
