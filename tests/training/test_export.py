import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger.calibration import MIN_PREDICTIONS, genre_precision
from tagger.model_card import DEFAULT_MODEL, FILTER_BANK, WEIGHTS_FILE, load_card
from tagger.model_card.write_heads import trunk_sha256

GENRES = ("Jazz", "Pop", "Rock")


def answers(genre: str, *confidences: float) -> np.ndarray:
    """A row of probabilities for each confidence, the rest shared by the other genres."""
    at = GENRES.index(genre)
    return np.array([[c if i == at else (1 - c) / 2 for i in range(len(GENRES))] for c in confidences])


def table_of(right: list[bool], confidences: list[float]) -> list[list[float]]:
    return genre_precision(answers("Rock", *confidences), np.array(right), GENRES)["Rock"]


def test_a_precision_is_that_of_the_whole_tail_above_its_threshold() -> None:
    """Two wrong ones below six right ones: (6 + 1) / (8 + 2), then 7 / 9, then 7 / 8."""
    confidences = [0.5, 0.6, 0.7, 0.72, 0.74, 0.76, 0.78, 0.8]
    assert table_of([False, False, *[True] * 6], confidences) == [[0.7, 0.5], [0.7778, 0.6], [0.875, 0.7]]


def test_an_island_of_hits_is_not_taken_for_a_tail() -> None:
    """Sure of what is wrong: six right ones below two wrong ones never do better than all eight."""
    confidences = [0.5, 0.52, 0.54, 0.56, 0.58, 0.6, 0.8, 0.9]
    assert table_of([*[True] * 6, False, False], confidences) == [[0.7, 0.5]]


def test_few_predictions_tell_nothing() -> None:
    assert table_of([True] * (MIN_PREDICTIONS - 1), [0.9, 0.91, 0.92, 0.93]) == []


def test_five_of_five_do_not_promise_nine_of_ten() -> None:
    ((precision, threshold),) = table_of([True] * 5, [0.6, 0.7, 0.8, 0.9, 0.95])
    assert (precision, threshold) == (pytest.approx(6 / 7, abs=1e-4), 0.6)


def test_a_genre_that_is_more_often_wrong_has_no_table() -> None:
    assert table_of([True, True, *[False] * 4], [0.5, 0.6, 0.7, 0.8, 0.85, 0.9]) == []


def test_equal_confidences_stand_or_fall_together() -> None:
    """After rounding, as they will be stored; otherwise the five right ones alone would be an entry."""
    confidences = [0.7, 0.70001, 0.70002, 0.70003, 0.70004, 0.70004]
    assert table_of([False, *[True] * 5], confidences) == [[0.75, 0.7]]


def test_each_genre_is_judged_by_its_own_predictions() -> None:
    probabilities = np.vstack([answers("Jazz", *[0.6] * 6), answers("Rock", *[0.8] * 10)])
    hits = np.array([True, True, True, False, False, True, *[True] * 10])
    assert genre_precision(probabilities, hits, GENRES) == {
        "Jazz": [[0.625, 0.6]],
        "Pop": [],
        "Rock": [[0.9167, 0.8]],
    }


def test_tables_rise_whatever_the_answers() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([0.5] * 3, size=400)
    hits = random.random(400) < probabilities.max(axis=1)
    for table in genre_precision(probabilities, hits, GENRES).values():
        assert len(table) > 3
        assert np.all(np.diff(np.array(table), axis=0) > 0)


Tensors = dict[str, np.ndarray]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copy(Path(load_card(DEFAULT_MODEL).folder) / WEIGHTS_FILE, tmp_path))


def altered(weights: Path, change: Callable[[Tensors], object]) -> str:
    tensors = load_file(weights)
    change(tensors)
    save_file(tensors, weights)
    return trunk_sha256(str(weights))


def test_the_shipped_model_names_its_trunk(weights: Path) -> None:
    assert load_card(DEFAULT_MODEL).trunk_sha256 == trunk_sha256(str(weights))


def test_other_heads_leave_the_trunk_what_it_was(weights: Path) -> None:
    before = trunk_sha256(str(weights))
    assert altered(weights, lambda t: t["genre_head.weight"].fill(1)) == before
    assert altered(weights, lambda t: t["energy_head.bias"].fill(1)) == before
    assert altered(weights, lambda t: t.update({"tempo_head.weight": np.ones((2, 2), np.float32)})) == before


@pytest.mark.parametrize("name", ["project.0.bias", "convolutions.0.0.0.weight", FILTER_BANK])
def test_any_other_weight_makes_another_trunk(weights: Path, name: str) -> None:
    before = trunk_sha256(str(weights))
    assert altered(weights, lambda t: t[name].__iadd__(1)) != before
