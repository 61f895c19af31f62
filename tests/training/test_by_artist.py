"""Figures in which a prolific artist counts no more than others."""

import numpy as np
import pytest

from tagger.training.by_artist import artist_counts, artists_of, genre_figures_by_artist
from tagger.training.clips import Clip

GENRES = ("Jazz", "Pop")


def clip(i: int, group: str, genre: str, dataset: str = "made") -> Clip:
    return Clip(f"{i}.opus", dataset, "test", (genre,) if genre else (), group=group)


CLIPS = [clip(0, "1", "Jazz"), clip(1, "1", "Jazz"), clip(2, "1", "Jazz"), clip(3, "2", "Pop")]


def test_groups_of_one_number_are_other_artists_in_another_data_set() -> None:
    assert len(set(artists_of([clip(0, "1", ""), clip(1, "1", "", "other")]))) == 2


def test_a_clip_without_a_group_is_an_artist_of_its_own() -> None:
    assert artist_counts([clip(0, "", ""), clip(1, "", ""), clip(2, "1", ""), clip(3, "1", "")]).tolist() == [
        1,
        1,
        0.5,
        0.5,
    ]


def test_a_figure_is_the_mean_within_artists_then_over_them() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.45, 0.55]])
    found = genre_figures_by_artist(CLIPS, probabilities, GENRES, n_resamples=20)
    assert found["hit"].value == pytest.approx((2 / 3 + 1) / 2)
    assert found["hit_top3"].value == 1
    assert found["sure"].value == pytest.approx((1 + 0) / 2)
    assert found["precision_sure"].value == pytest.approx(2 / 3)
    assert found["calibration_error"].value == pytest.approx(
        (2 / 3 * abs(0.9 - 1) + 1 / 3 * abs(0.8 - 0) + 1 * abs(0.55 - 1)) / 2
    )
    assert found["genre_map"].value == pytest.approx((2 / 3 + 1 / 3 * 1 / 2 + 3 / 4) / 2)


def test_the_interval_is_over_artists() -> None:
    clips = [clip(i, str(i // 10), "Jazz") for i in range(40)]
    answers = np.where(np.arange(40)[:, None] < 20, [[0.9, 0.1]], [[0.1, 0.9]])
    found = genre_figures_by_artist(clips, answers, GENRES, n_resamples=500)["hit"]
    assert (found.low, found.value, found.high) == (0, 0.5, 1)


def test_clips_without_labels_do_not_count() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1]])
    found = genre_figures_by_artist([*CLIPS, clip(4, "3", "")], probabilities, GENRES, n_resamples=5)
    assert found["hit"].value == 1
    assert genre_figures_by_artist([clip(4, "3", "")], probabilities[:1], GENRES) == {}
