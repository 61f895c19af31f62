"""The heads that read embeddings: words, styles, valence and mood."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tagger.errors import ModelError
from tagger.heads import MIN_SOUND_S, Heads, quadrants, softmax
from tagger.model_card import DEFAULT_MODEL, WEIGHTS_FILE, MoodScale, load_card
from tagger.model_card.write_heads import trunk_sha256, write_heads
from tagger.types import MOODS
from tests import partial_model


@pytest.fixture(scope="module")
def heads() -> Heads:
    return Heads(load_card(DEFAULT_MODEL))


@pytest.fixture(scope="module")
def embeddings(heads: Heads) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 2, (50, heads.embedding_dim)).clip(0).astype(np.float16)


def test_each_embedding_has_every_word_and_one_mood(heads: Heads, embeddings: np.ndarray) -> None:
    said = heads.describe(embeddings)
    assert len(said) == len(embeddings)
    assert {tuple(one.words) for one in said} == {tuple(word.name for word in heads.card.all_words)}
    assert all(0 <= p <= 1 for one in said for p in one.words.values())
    assert {one.mood for one in said} <= set(MOODS)
    assert all(0.25 <= (one.mood_confidence or 0) <= 1 and 0 <= (one.valence or 0) <= 1 for one in said)


def test_styles_exclude_each_other_and_leave_room_for_none_of_them(
    heads: Heads, embeddings: np.ndarray
) -> None:
    n_styles = len(heads.card.styles)
    assert np.all(heads.words(embeddings)[:, -n_styles:].sum(axis=1) < 1)


def test_a_word_is_the_sigmoid_of_its_row(heads: Heads, embeddings: np.ndarray) -> None:
    tensors = load_file(Path(heads.card.folder, WEIGHTS_FILE))
    logits = embeddings.astype(np.float64) @ tensors["words_head.weight"].T + tensors["words_head.bias"]
    expected = 1 / (1 + np.exp(-logits))
    assert heads.words(embeddings)[:, : len(heads.card.words)] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("valence", "energy", "mood"), [(3, 3, "happy"), (-3, 3, "tense"), (-3, -3, "sad"), (3, -3, "calm")]
)
def test_a_mood_is_the_quadrant_of_valence_and_energy(valence: float, energy: float, mood: str) -> None:
    shares = quadrants(np.array([valence]), np.array([energy]), MoodScale((-1.0, 1.0), (2.0, 0.0)))
    assert MOODS[shares[0].argmax()] == mood
    assert shares.sum() == pytest.approx(1)


SPEECH_LIKE, NOISE_LIKE = 1, 2


def towards(heads: Heads, sound: int) -> np.ndarray:
    """An embedding for which the head of sounds is sure of one of `SOUNDS`."""
    weights = load_file(Path(heads.card.folder, WEIGHTS_FILE))["sound_head.weight"]
    return (20 * (weights[sound] - np.delete(weights, sound, 0).mean(axis=0)))[None].astype(np.float16)


@pytest.mark.parametrize(("sound", "name"), [(SPEECH_LIKE, "speech"), (NOISE_LIKE, "noise")])
def test_what_is_surely_no_music_is_said_with_its_probability(heads: Heads, sound: int, name: str) -> None:
    ((said, confidence),) = heads.sounds(towards(heads, sound), np.array([60.0]))
    assert said == name and heads.card.no_music_from is not None and confidence is not None
    assert heads.card.no_music_from / 2 < confidence <= 1
    assert heads.sounds(towards(heads, sound), np.array([MIN_SOUND_S - 0.1])) == [("music", None)]
    assert heads.describe(towards(heads, sound))[0].sound == name


def test_what_is_not_sure_counts_as_music(heads: Heads) -> None:
    n = 41
    steps = np.linspace(0, 1, n)[:, None] * towards(heads, SPEECH_LIKE).astype(np.float64)
    embeddings = (steps + (1 - np.linspace(0, 1, n)[:, None]) * towards(heads, 0)).astype(np.float16)
    said = [sound for sound, _ in heads.sounds(embeddings, np.full(n, np.inf))]
    turn = said.index("speech")
    assert set(said[:turn]) <= {"music"} and set(said[turn:]) == {"speech"}
    tensors = load_file(Path(heads.card.folder, WEIGHTS_FILE))
    logits = embeddings.astype(np.float64) @ tensors["sound_head.weight"].T + tensors["sound_head.bias"]
    no_music = 1 - softmax(logits)[:, 0]
    assert no_music[turn - 1] < heads.card.no_music_from <= no_music[turn]


def test_a_mood_never_contradicts_the_energy(heads: Heads, embeddings: np.ndarray) -> None:
    said = heads.describe(embeddings)
    energies = heads.energies(embeddings)
    calmer = [energy for energy, one in zip(energies, said, strict=True) if one.mood in ("sad", "calm")]
    wilder = [energy for energy, one in zip(energies, said, strict=True) if one.mood in ("happy", "tense")]
    assert calmer and wilder and max(calmer) <= min(wilder)


def test_a_model_without_such_heads_says_nothing_of_words_and_mood(
    tmp_path: Path, embeddings: np.ndarray
) -> None:
    card = load_card(partial_model.make_model(tmp_path / "genre-1", "genre"))
    (one,) = Heads(card).describe(embeddings[:1])
    assert (dict(one.words), one.valence, one.mood) == ({}, None, None)


def test_weights_are_written_in_their_order_however_they_lie_in_memory(tmp_path: Path) -> None:
    shutil.copytree(load_card(DEFAULT_MODEL).folder, tmp_path / "mine")
    weights = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    write_heads(str(tmp_path / "mine"), {"my_head.weight": weights}, {})
    assert np.array_equal(load_file(tmp_path / "mine" / WEIGHTS_FILE)["my_head.weight"], weights)


def test_heads_that_do_not_fit_the_card_are_refused(tmp_path: Path) -> None:
    folder = partial_model.make_model(tmp_path / "words-1", "genre", "words")
    size = Heads(load_card(folder)).embedding_dim
    before = trunk_sha256(str(Path(folder, WEIGHTS_FILE)))
    two = {"words_head.weight": np.zeros((2, size), np.float32), "words_head.bias": np.zeros(2, np.float32)}
    word = {"name": "Loud", "kind": "character", "source": "people"}
    write_heads(folder, two, {"words": {"words": [word]}})
    assert trunk_sha256(str(Path(folder, WEIGHTS_FILE))) == before
    with pytest.raises(ModelError, match="words_head has not 1 outputs"):
        Heads(load_card(folder))
    write_heads(folder, two, {"words": {"words": [word, {**word, "name": "Quiet"}]}})
    assert load_card(folder).all_words[1].name == "Quiet"
