"""Logistic regression, its calibration, and answers to clips that a head never saw."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tagger.heads import sigmoid, softmax
from tagger.training.heads.linear import Linear, fit_classes, fit_yes_no, platt, softmax_slope, unseen_logits

RANDOM = np.random.default_rng(0)
EMBEDDINGS = RANDOM.normal(2, 3, (300, 6))
CLASSES = (EMBEDDINGS[:, 0] > 3).astype(int) + (EMBEDDINGS[:, 1] + RANDOM.normal(0, 2, 300) > 2)
SCALED = (EMBEDDINGS - EMBEDDINGS.mean(0)) / (EMBEDDINGS.std(0) + 1e-3)


def test_yes_and_no_are_those_of_scikit_learn() -> None:
    truth = np.stack([CLASSES > 0, CLASSES > 1], axis=1).astype(float)
    ours = fit_yes_no(EMBEDDINGS, truth, shrinkage=5.0).logits(EMBEDDINGS)
    for i in range(2):
        theirs = LogisticRegression(C=1 / 5, tol=1e-9, max_iter=1000).fit(SCALED, truth[:, i])
        assert ours[:, i] == pytest.approx(theirs.decision_function(SCALED), abs=1e-3)


def test_classes_are_those_of_scikit_learn() -> None:
    counts = RANDOM.uniform(0.5, 2, 300)
    ours = softmax(fit_classes(EMBEDDINGS, CLASSES, 3, 5.0, counts).logits(EMBEDDINGS))
    theirs = LogisticRegression(C=1 / 5, tol=1e-9, max_iter=1000).fit(SCALED, CLASSES, counts)
    assert ours == pytest.approx(theirs.predict_proba(SCALED), abs=1e-3)


def test_the_same_clips_give_the_same_head() -> None:
    once, again = (fit_classes(EMBEDDINGS, CLASSES, 3, 5.0) for _ in range(2))
    assert np.array_equal(once.weights, again.weights)
    assert np.array_equal(once.bias, again.bias)


def test_a_scaled_head_gives_scaled_logits() -> None:
    head = Linear(RANDOM.normal(0, 1, (2, 6)), np.array([1.0, -1.0]))
    slope, offset = np.array([2.0, 0.5]), np.array([0.0, 3.0])
    scaled = head.scaled(slope, offset).logits(EMBEDDINGS)
    assert scaled == pytest.approx(head.logits(EMBEDDINGS) * slope + offset)


def test_platt_takes_back_what_was_done_to_the_logits_of_true_probabilities() -> None:
    logits = RANDOM.normal(0, 2, (20_000, 1))
    truth = RANDOM.uniform(size=logits.shape) < sigmoid(logits)
    slope, offset = platt((logits - 1) / 3, truth)
    assert slope == pytest.approx(3, abs=0.1)
    assert offset == pytest.approx(1, abs=0.1)


def test_platt_is_not_sure_of_what_nothing_contradicts() -> None:
    slope, offset = platt(
        np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([[False], [False], [True], [True]])
    )
    assert sigmoid(slope + offset) == pytest.approx(3 / 4, abs=1e-3)


def test_the_slope_of_a_softmax_is_one_over_its_temperature() -> None:
    logits = RANDOM.normal(0, 2, (20_000, 3))
    drawn = (softmax(logits).cumsum(axis=1) > RANDOM.uniform(size=(20_000, 1))).argmax(axis=1)
    assert softmax_slope(2.5 * logits, drawn) == pytest.approx(1 / 2.5, abs=0.02)


def test_no_clip_is_answered_by_a_head_that_learned_its_artist() -> None:
    artists = [str(i // 3) for i in range(300)]
    learned = []

    def fit(rows: np.ndarray) -> Linear:
        learned.append({artists[i] for i in rows})
        return Linear(np.zeros((1, 6)), np.array([float(len(learned))]))

    logits, fold_of = unseen_logits(fit, EMBEDDINGS, CLASSES, artists, n_folds=5)
    assert sorted(set(fold_of)) == [0, 1, 2, 3, 4]
    assert np.array_equal(logits[:, 0], fold_of + 1)
    assert all(artist not in learned[fold] for artist, fold in zip(artists, fold_of, strict=True))
