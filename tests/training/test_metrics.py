import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tagger.training.clips import GENRES, Clip, label_sets
from tagger.training.metrics import calibration_error, figures, ranking, tempo_accuracies, top_hits

NAN = math.nan


def clip(*genres: str, dataset: str = "deam", arousal: float = NAN, high: float = NAN) -> Clip:
    return Clip("x.opus", dataset, "test", genres, arousal, high, NAN)


def sure_of(*genres: str) -> np.ndarray:
    """A row of probabilities that falls from the first genre to the last named one."""
    row = np.full(len(GENRES), 0.001)
    for rank, genre in enumerate(genres):
        row[GENRES.index(genre)] = 0.5 / 2**rank
    return row / row.sum()


def test_pop_or_rock_is_met_by_three_genres() -> None:
    assert [sorted(GENRES[i] for i in s) for s in label_sets(("Jazz", "Pop/Rock"))] == [
        ["Jazz"],
        ["Metal", "Pop", "Rock"],
    ]


def test_a_hit_is_the_first_genre_among_the_labels() -> None:
    clips = [clip("Jazz", "Blues"), clip("Pop/Rock"), clip("Rock"), clip()]
    answers = np.array([sure_of("Blues"), sure_of("Metal"), sure_of("Pop"), sure_of("Pop")])
    assert top_hits(clips, answers).tolist() == [True, True, False, False]


def test_figures_of_a_perfect_model_are_one() -> None:
    clips = [
        clip("Jazz", arousal=0.2),
        clip("Rock", arousal=0.8),
        clip("Folk", dataset="4q", high=0.0),
        clip("Metal", dataset="4q", high=1.0),
    ]
    answers = np.array([sure_of(c.genres[0]) for c in clips])
    result = figures(clips, answers, np.array([0.1, 0.7, 0.2, 0.9]))
    for name in ("hit", "hit_top3", "genre_map", "deam_r", "4q_auc"):
        assert result[name] == pytest.approx(1.0), name


def test_clips_without_labels_do_not_count() -> None:
    clips = [
        clip("Jazz", arousal=0.2),
        clip(arousal=0.8),
        clip("Rock", dataset="4q", high=0.0),
        clip(high=1.0),
    ]
    answers = np.array([sure_of("Jazz"), sure_of("Rock"), sure_of("Jazz", "Folk", "Rock"), sure_of("Pop")])
    result = figures(clips, answers, np.array([0.1, 0.7, 0.9, 0.2]))
    assert result["hit"] == 0.5
    assert result["hit_top3"] == 1.0
    assert result["4q_auc"] == 0.0


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    confidence = np.full(10, 0.85)
    assert calibration_error(confidence, np.arange(10) < 6) == pytest.approx(0.25)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0


def test_a_ranking_is_the_area_under_the_curve_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    high, counts = random.integers(0, 2, 200).astype(float), random.uniform(0.2, 3, 200)
    energy = (high + random.normal(0, 1, 200)).round(1)  # some are equal
    assert ranking(high, energy) == pytest.approx(roc_auc_score(high, energy))
    assert ranking(high, energy, counts) == pytest.approx(roc_auc_score(high, energy, sample_weight=counts))
    assert np.isnan(ranking(np.ones(3), energy[:3]))


def test_answers_that_count_twice_are_as_two_answers() -> None:
    confidence, correct = np.array([0.9, 0.75, 0.3]), np.array([True, False, True])
    counts, once = np.array([2.0, 1.0, 3.0]), np.array([0, 0, 1, 2, 2, 2])
    weighted = calibration_error(confidence, correct, counts=counts)
    assert weighted == pytest.approx(calibration_error(confidence[once], correct[once]))


def test_a_tempo_may_miss_by_four_per_cent_and_acc2_forgives_octaves() -> None:
    annotated = np.full(10, 120.0)
    estimated = np.array([120, 124.7, 115.3, 125.0, 240, 62.4, 40, 360, 90, NAN])
    assert tempo_accuracies(annotated, estimated) == (0.3, 0.7)


def timed(bpm: float, length_s: float) -> Clip:
    return Clip("x.opus", "gtzan", "test", ("Rock",), NAN, NAN, NAN, bpm, length_s)


def test_tempo_counts_only_for_annotated_clips_of_ten_seconds() -> None:
    clips = [timed(100, 15.0), timed(100, 10.0), timed(100, 2.5), timed(NAN, 30.0)]
    answers, energy = np.array([sure_of("Rock")] * 4), np.zeros(4)
    result = figures(clips, answers, energy, np.array([103.0, 50.0, 100.0, 100.0]))
    assert result["tempo_acc1"] == 0.5
    assert result["tempo_acc2"] == 1.0
    assert "tempo_acc1" not in figures(clips, answers, energy)
    assert "tempo_acc1" not in figures(clips[2:], answers[2:], energy[2:], np.array([100.0, 100.0]))


def test_a_figure_without_its_clips_is_not_a_number() -> None:
    result = figures([timed(100, 15.0)], np.array([sure_of("Rock")]), np.zeros(1))
    assert result["hit"] == 1.0
    assert math.isnan(result["deam_r"])
    assert math.isnan(result["4q_auc"])
