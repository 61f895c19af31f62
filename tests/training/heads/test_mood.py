"""Valence and mood, fitted to quadrants that listeners named."""

import numpy as np
import pytest

from tagger.heads import quadrants, sigmoid
from tagger.training.heads.mood import fit_mood, mood_figures
from tests.training.heads.clips import clip, heard, splits

N = 1000
RANDOM = np.random.default_rng(0)
VALENCE, AROUSAL = RANDOM.normal(0, 1, (2, N))
HIGH_VALENCE = RANDOM.uniform(size=N) < sigmoid(3 * VALENCE)
HIGH_AROUSAL = RANDOM.uniform(size=N) < sigmoid(4 * AROUSAL - 1)
QUADRANTS = np.where(HIGH_VALENCE, np.where(HIGH_AROUSAL, 1, 4), np.where(HIGH_AROUSAL, 2, 3))
CLIPS = [
    clip(i, split, quadrant=int(q)) for i, (split, q) in enumerate(zip(splits(N), QUADRANTS, strict=True))
]


def test_the_probabilities_of_high_valence_and_arousal_are_found_again() -> None:
    head = fit_mood(heard(CLIPS, {5: VALENCE}), AROUSAL, n_resamples=20)
    assert head.valence.weights[0, 5] == pytest.approx(3, abs=0.7)
    assert head.scale.arousal == pytest.approx((4, -1), abs=0.7)
    assert head.unseen["valence_auc"].value > 0.9
    assert head.unseen["mood_calibration_error"].value < 0.06


def test_valence_is_a_quantile_of_the_clips_to_learn_from() -> None:
    material = heard(CLIPS, {5: VALENCE})
    head = fit_mood(material, AROUSAL, n_resamples=5)
    raw = head.valence.logits(material.embeddings[material.is_learned])[:, 0]
    knots = head.scale.valence_quantiles
    assert len(knots) == 101
    assert (knots[0], knots[50], knots[100]) == pytest.approx(
        (raw.min(), np.median(raw), raw.max()), abs=1e-4
    )


def test_the_likeliest_quadrant_is_right_for_artists_that_were_not_learned() -> None:
    material = heard(CLIPS, {5: VALENCE})
    head = fit_mood(material, AROUSAL, n_resamples=5)
    test = material.is_in(("test",))
    raw = head.valence.logits(material.embeddings[test])[:, 0]
    shares = quadrants(raw, AROUSAL[test], head.scale)
    found = mood_figures(
        material.rows(test).clips, shares.argmax(axis=1) + 1, shares.max(axis=1), raw, n_resamples=5
    )
    assert found["mood_accuracy"].value == pytest.approx(head.unseen["mood_accuracy"].value, abs=0.08)
    assert found["mood_accuracy"].value > 0.6


def test_clips_without_a_quadrant_teach_nothing() -> None:
    material = heard([*CLIPS, *(clip(N + i, "train") for i in range(50))], {})
    energy = np.r_[AROUSAL, np.full(50, 9.0)]
    with_them = fit_mood(material, energy, n_resamples=5)
    alone = fit_mood(material.rows(np.arange(N + 50) < N), AROUSAL, n_resamples=5)
    assert np.array_equal(with_them.valence.weights, alone.valence.weights)
    assert with_them.scale.arousal == alone.scale.arousal


def test_each_artist_counts_once() -> None:
    clips = [clip(0, "test", quadrant=1), *(clip(1, "test", quadrant=3) for _ in range(3))]
    answered = np.array([1, 1, 1, 3])
    found = mood_figures(clips, answered, np.full(4, 0.9), np.array([1.0, 0.0, 0.5, 2.0]), n_resamples=5)
    assert found["mood_accuracy"].value == pytest.approx((1 + 1 / 3) / 2)
    assert found["valence_auc"].value == pytest.approx(2 / 3)
