import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tagger.errors import ModelError
from tagger.files import AudioFile
from tagger.heads import Heads, quantile
from tagger.model_card import DEFAULT_MODEL, ModelCard, TempoClasses, load_card
from tagger.predict import Predictor
from tagger.runtime import Outputs, Session
from tagger.types import Prediction, Recording, TrackFeatures, energy_level
from tests import partial_model, tempo_model

RECORDING = Recording("0" * 32, 200.0, "mp3", 44_100, 2)


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return load_card(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def predictor(card: ModelCard) -> Predictor:
    return Predictor(card, "cpu")


def track(log_mels: np.ndarray, silent: tuple[bool, ...] | None = None) -> TrackFeatures:
    n = len(log_mels)
    starts_s = tuple(10.0 * i for i in range(n))
    return TrackFeatures(
        AudioFile("/x.mp3", 1, 1), RECORDING, starts_s, silent or (False,) * n, log_mels.astype(np.float16)
    )


def noise(n_windows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(-30, 12, (n_windows, 96, 431))


def test_probabilities_are_a_distribution_over_the_models_genres(
    predictor: Predictor, card: ModelCard
) -> None:
    (answer,) = predictor.predict([track(noise(3))])
    assert tuple(answer.genres) == card.genres
    assert sum(answer.genres.values()) == pytest.approx(1.0)
    assert answer.genre_confidence == max(answer.genres.values()) == answer.genres[answer.genre]
    assert 0.0 <= answer.energy <= 1.0
    assert answer.embedding.dtype == np.float16
    assert answer.embedding.ndim == 1


def test_the_answer_is_the_mean_of_the_windows(predictor: Predictor) -> None:
    windows = noise(3)
    (together,) = predictor.predict([track(windows)])
    alone = [predictor.predict([track(windows[i : i + 1])])[0] for i in range(3)]
    for genre, probability in together.genres.items():
        assert probability == pytest.approx(np.mean([a.genres[genre] for a in alone]), abs=1e-3)
    assert [w.energy for w in together.windows] == pytest.approx([a.energy for a in alone], abs=1e-3)


def test_the_heads_alone_say_the_same_of_one_window(predictor: Predictor) -> None:
    answers = predictor.predict([track(noise(1, seed)) for seed in range(5)])
    embeddings = np.stack([answer.embedding for answer in answers])
    heads = Heads(predictor.card)
    assert embeddings.shape == (5, predictor.embedding_dim) == (5, heads.embedding_dim)
    genres, energies = zip(*heads.from_embeddings(embeddings), strict=True)
    assert list(genres) == [answer.genre for answer in answers]
    assert energies == pytest.approx([answer.energy for answer in answers], abs=2e-3)


def test_the_energy_of_several_windows_is_in_their_mean_embedding(predictor: Predictor) -> None:
    windows = np.concatenate([noise(2), noise(1) * np.linspace(0.2, 2, 431)])
    (answer,) = predictor.predict([track(windows)])
    ((_, energy),) = Heads(predictor.card).from_embeddings(answer.embedding[None])
    assert energy == pytest.approx(answer.energy, abs=2e-3)


class Saying:
    """The network but for its logits, which are these for the windows of a call, (n_windows, n_genres)."""

    n_windows = 1

    def __init__(self, network: Session, logits: np.ndarray) -> None:
        self._network, self._logits = network, logits

    def run(self, log_mels: np.ndarray) -> Outputs:
        return self._network.run(log_mels)._replace(genre_logits=self._logits)


@pytest.mark.parametrize("sureness", [1.0, 3.0, 6.0])
def test_windows_that_disagree_are_less_sure_than_windows_that_agree(
    card: ModelCard, monkeypatch: pytest.MonkeyPatch, sureness: float
) -> None:
    """Each window alone is as sure in both; what differs is whether they say the same."""
    predictor = Predictor(card, "cpu")
    network = predictor._network

    def predicted(*genres: int) -> Prediction:
        logits = sureness * np.eye(len(card.genres))[list(genres)]
        monkeypatch.setattr(predictor, "_network", Saying(network, logits))
        return predictor.predict([track(noise(3))])[0]

    agreeing, two_of_three, none_alike = predicted(0, 0, 0), predicted(0, 0, 5), predicted(0, 5, 9)
    alone = {window.genre_confidence for window in (*agreeing.windows, *none_alike.windows)}
    assert max(alone) == pytest.approx(min(alone))
    assert agreeing.genre == two_of_three.genre == card.genres[0]
    assert agreeing.genre_confidence == pytest.approx(max(alone))
    assert agreeing.genre_confidence > 1.2 * two_of_three.genre_confidence
    assert two_of_three.genre_confidence > 1.2 * none_alike.genre_confidence
    assert none_alike.genre_confidence == pytest.approx((max(alone) + 2 * _rest(card, max(alone))) / 3)


def _rest(card: ModelCard, confidence: float) -> float:
    """The share of each other genre."""
    return (1 - confidence) / (len(card.genres) - 1)


def test_a_track_gets_the_same_answer_in_any_batch(predictor: Predictor) -> None:
    tracks = [track(noise(n, seed=n)) for n in (1, 3, 2)]
    together = predictor.predict(tracks)
    for one, expected in zip(tracks, together, strict=True):
        (alone,) = predictor.predict([one])
        assert alone.genres == pytest.approx(expected.genres, abs=1e-3)
        assert alone.energy == pytest.approx(expected.energy, abs=1e-3)


def test_silent_windows_are_left_out(predictor: Predictor) -> None:
    windows = noise(3)
    windows[0] = -100.0
    (with_silence,) = predictor.predict([track(windows, (True, False, False))])
    (without,) = predictor.predict([track(windows[1:])])
    assert with_silence.genres == pytest.approx(without.genres, abs=1e-3)
    assert with_silence.energy == pytest.approx(without.energy, abs=1e-3)
    assert not with_silence.silent
    first, *others = with_silence.windows
    assert (first.genre, first.genre_confidence, first.energy) == (None, None, 0.0)
    assert all(window.genre in with_silence.genres for window in others)


def test_silence_has_neither_genre_nor_tempo_and_no_energy(predictor: Predictor) -> None:
    (answer,) = predictor.predict([track(np.full((3, 96, 431), -100.0), (True, True, True))])
    assert answer.silent
    assert answer.genres == {}
    assert answer.genre is answer.genre_confidence is answer.bpm is answer.bpm_confidence is None
    assert answer.energy == 0.0
    assert [(w.genre, w.genre_confidence, w.energy) for w in answer.windows] == [(None, None, 0.0)] * 3
    assert np.isfinite(answer.embedding).all()


def test_a_predictor_leaves_the_settings_of_the_process_alone(
    card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a library has no business here")

    monkeypatch.setattr("ctypes.CDLL", refuse)
    monkeypatch.setattr(torch, "set_num_threads", refuse)
    assert Predictor(card, "cpu").predict([track(noise(1))])


def test_no_tracks_give_no_answers(predictor: Predictor) -> None:
    assert predictor.predict([]) == []


def test_energy_is_the_quantile_in_the_reference_set(card: ModelCard) -> None:
    raw = np.array([-9.0, -2.0, -1.0, 0.0, 2.0, 4.0, 9.0])
    assert quantile(raw, (-2.0, 0.0, 4.0)).tolist() == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


def test_energy_levels_are_1_to_10() -> None:
    assert [energy_level(e) for e in (0.0, 0.05, 0.1, 0.1001, 0.55, 0.9, 0.91, 1.0)] == [
        1,
        1,
        1,
        2,
        6,
        9,
        10,
        10,
    ]


def test_weights_of_another_network_are_refused(card: ModelCard) -> None:
    with pytest.raises(ModelError, match=r"does not fit its model\.json"):
        Predictor(replace(card, network={"name": "crnn", "hidden": 32}), "cpu")


def test_an_absent_device_is_named(card: ModelCard) -> None:
    with pytest.raises(ModelError, match="--device cpu"):
        Predictor(card, "tpu")


def test_a_model_folder_anywhere_works(card: ModelCard, predictor: Predictor, tmp_path: Path) -> None:
    copy = load_card(str(shutil.copytree(card.folder, tmp_path / "mine")))
    (a,), (b,) = Predictor(copy, "cpu").predict([track(noise(1))]), predictor.predict([track(noise(1))])
    assert a.genres == b.genres


def test_a_model_without_tempo_tells_none(card: ModelCard) -> None:
    (answer,) = Predictor(replace(card, tempo=None), "cpu").predict([track(noise(1))])
    assert (answer.bpm, answer.bpm_confidence) == (None, None)


@pytest.fixture
def tempo_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    return load_card(tempo_model.make_model(tmp_path / "model", monkeypatch))


def tones(*is_high: bool) -> np.ndarray:
    """A window each, loud in the lowest or the highest band."""
    windows = noise(len(is_high)) - 60
    for window, high in zip(windows, is_high, strict=True):
        window[-1 if high else 0] = 0.0
    return windows


def test_a_tempo_is_that_of_the_windows_that_hold_sound(tempo_card: ModelCard) -> None:
    low, high, silent = Predictor(tempo_card, "cpu").predict(
        [
            track(tones(False, False)),
            track(tones(False, True), (True, False)),
            track(tones(False, True), (True, True)),
        ]
    )
    assert (low.bpm, high.bpm) == (tempo_model.LOW_BPM, tempo_model.HIGH_BPM)
    assert low.bpm_confidence == pytest.approx(0.99, abs=0.01)
    assert (silent.bpm, silent.bpm_confidence) == (None, None)


def test_windows_that_disagree_make_a_tempo_unsure(tempo_card: ModelCard) -> None:
    (answer,) = Predictor(tempo_card, "cpu").predict([track(tones(False, True, True))])
    assert answer.bpm == tempo_model.HIGH_BPM
    assert answer.bpm_confidence == pytest.approx(2 / 3, abs=0.01)


def test_the_temperature_of_a_tempo_spreads_its_probability(tempo_card: ModelCard) -> None:
    cooler, warmer = (
        Predictor(replace(tempo_card, tempo=TempoClasses(tempo_model.FIRST_BPM, t)), "cpu").predict(
            [track(tones(True))]
        )[0]
        for t in (0.5, 3.0)
    )
    assert cooler.bpm_confidence is not None and warmer.bpm_confidence is not None
    assert cooler.bpm_confidence > 0.99 > 0.7 > warmer.bpm_confidence


def test_a_model_without_energy_gives_none(tmp_path: Path) -> None:
    predictor = Predictor(load_card(partial_model.make_model(tmp_path / "genre-1", "genre")), "cpu")
    for silent in (False, True):
        (answer,) = predictor.predict([track(noise(2), (silent, silent))])
        assert (answer.energy, [window.energy for window in answer.windows]) == (None, [None, None])
        assert len(answer.genres) == (0 if silent else 17) and (answer.genre is None) == silent
    ((genre, energy),) = Heads(predictor.card).from_embeddings(answer.embedding[None])
    assert genre in predictor.card.genres and energy is None


def test_a_model_without_genres_gives_none(tmp_path: Path, predictor: Predictor) -> None:
    card = load_card(partial_model.make_model(tmp_path / "energy-1", "energy"))
    for silent in (False, True):
        tracks = [track(noise(2), (silent, silent))]
        (answer,), (whole,) = Predictor(card, "cpu").predict(tracks), predictor.predict(tracks)
        assert (answer.genres, answer.genre, answer.genre_confidence) == ({}, None, None)
        assert {(window.genre, window.genre_confidence) for window in answer.windows} == {(None, None)}
        assert answer.energy == whole.energy
        assert [window.energy for window in answer.windows] == [window.energy for window in whole.windows]
    ((genre, energy),) = Heads(card).from_embeddings(answer.embedding[None])
    assert genre is None and energy is not None


@pytest.mark.parametrize(
    ("lasting_s", "has_tempo"), [((0.3,), False), ((3.9,), False), ((4.0,), True), ((1.0, 10.0), True)]
)
def test_what_is_too_short_has_no_tempo(
    predictor: Predictor, lasting_s: tuple[float, ...], has_tempo: bool
) -> None:
    (answer,) = predictor.predict([replace(track(noise(len(lasting_s))), lasting_s=lasting_s)])
    assert (answer.bpm is not None, answer.bpm_confidence is not None) == (has_tempo, has_tempo)


def test_the_less_sound_there_is_the_less_sure_is_the_genre(predictor: Predictor) -> None:
    seconds = (10.0, 5.0, 3.0, 1.0, 0.5, 0.3, 0.1)
    windows = [replace(track(noise(1)), lasting_s=(s,)) for s in seconds]
    answers = predictor.predict([track(noise(1)), *windows])
    whole, ten_s, five_s, *shorter = (answer.genre_confidence for answer in answers)
    assert whole == ten_s == five_s
    assert [five_s, *shorter] == sorted([five_s, *shorter], reverse=True)
    assert shorter[-1] < 0.5 * five_s
    assert {answer.genre for answer in answers} == {answers[0].genre}
