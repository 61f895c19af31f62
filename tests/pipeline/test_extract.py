"""What a worker hands to a model: log-mels for both trunks of one that has two, and the key."""

from pathlib import Path

import numpy as np
import pytest

from tagger.audio import read_excerpt
from tagger.features import log_mel
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, ModelCard, load_card, load_filter_bank
from tagger.pipeline.extract import extract_features, log_mels_of
from tagger.predict import Predictor
from tagger.types import TrackFeatures
from tests.sounds import float_wav, make_sound

RATE_HZ = 44_100


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return load_card("thorough")


def extracted(path: str, card: ModelCard) -> TrackFeatures:
    features = extract_features(AudioFile(path, -1, -1), card.folder)
    assert isinstance(features, TrackFeatures)
    return features


def chord(seconds: float, gain: float = 0.2) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    swell = 1 + 0.8 * np.sin(2 * np.pi * 2 * t)
    return (gain * swell * sum(np.sin(2 * np.pi * f * t) for f in (220, 277, 330, 2_500)) / 4).astype(
        np.float32
    )


def test_a_track_is_decoded_once_for_both_trunks(tmp_path: Path, card: ModelCard) -> None:
    path = make_sound(tmp_path / "song.wav", seconds=40)
    features = extracted(path, card)
    assert card.second is not None
    assert features.log_mels.shape == (3, 96, card.front_end.n_frames)
    assert features.second_log_mels is not None
    assert features.second_log_mels.shape == (3, 96, card.second.front_end.n_frames)
    assert np.array_equal(features.log_mels, extracted(path, load_card(DEFAULT_MODEL)).log_mels)


def test_the_second_trunk_hears_the_sound_at_its_own_rate(tmp_path: Path, card: ModelCard) -> None:
    path = float_wav(tmp_path / "chord.wav", chord(10), RATE_HZ)
    features, front_end = extracted(path, card), card.second.front_end if card.second else None
    assert front_end is not None
    (window,) = read_excerpt(path, sample_rate_hz=front_end.sample_rate_hz, window_s=10).windows
    direct = log_mel(window.samples, load_filter_bank(card, of_the_second=True), front_end)
    assert features.second_log_mels is not None
    loud = direct > direct.max() - 40
    assert features.second_log_mels[0][loud] == pytest.approx(direct[loud], abs=0.2)


def test_models_of_one_trunk_have_no_second_log_mels(tmp_path: Path) -> None:
    path = make_sound(tmp_path / "song.wav", seconds=1)
    assert extracted(path, load_card(DEFAULT_MODEL)).second_log_mels is None


def test_a_window_that_is_short_is_repeated_for_both(card: ModelCard) -> None:
    first, second = log_mels_of([chord(1)], card.folder)
    assert second is not None
    assert card.second is not None
    assert (first.shape[2], second.shape[2]) == (card.front_end.n_frames, card.second.front_end.n_frames)
    assert np.isfinite(second).all()


def test_a_louder_copy_gets_the_same_answer(tmp_path: Path, card: ModelCard) -> None:
    predictor = Predictor(card)
    paths = [float_wav(tmp_path / f"{gain}.wav", chord(12, gain), RATE_HZ) for gain in (0.05, 0.8)]
    soft, loud = predictor.predict([extracted(path, card) for path in paths])
    assert soft.genres == pytest.approx(loud.genres, abs=0.01)
    assert soft.energy == pytest.approx(loud.energy, abs=0.01)
    assert soft.words == pytest.approx(loud.words, abs=0.02)


def test_tracks_together_get_the_answers_that_they_get_alone(tmp_path: Path, card: ModelCard) -> None:
    predictor = Predictor(card)
    tracks = [extracted(float_wav(tmp_path / f"{s}.wav", chord(s), RATE_HZ), card) for s in (3, 12, 25)]
    assert len(predictor.predict(tracks)[1].embedding) == predictor.embedding_dim == 392
    for together, track in zip(predictor.predict(tracks), tracks, strict=True):
        (alone,) = predictor.predict([track])
        assert together.genres == pytest.approx(alone.genres, abs=1e-4)
        assert np.array_equal(together.embedding, alone.embedding)


def test_the_key_is_heard_in_the_windows_that_hold_sound(tmp_path: Path) -> None:
    card = load_card(DEFAULT_MODEL)
    silence = np.zeros(13 * RATE_HZ, np.float32)
    song = np.concatenate([silence, chord(14), silence])
    features = extracted(float_wav(tmp_path / "song.wav", song, RATE_HZ), card)
    assert (features.silent, features.key) == ((True, False, True), "A")
    assert features.key_confidence is not None and 0.1 < features.key_confidence < 1.0
    (answer,) = Predictor(card).predict([features])
    assert (answer.key, answer.key_confidence) == ("A", features.key_confidence)


def test_silence_has_no_key(tmp_path: Path) -> None:
    path = float_wav(tmp_path / "silence.wav", np.zeros(12 * RATE_HZ, np.float32), RATE_HZ)
    features = extracted(path, load_card(DEFAULT_MODEL))
    assert (features.key, features.key_confidence) == (None, None)
