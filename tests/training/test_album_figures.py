"""What pooling is worth, on clips whose answers are known."""

import math

import numpy as np
import pytest

from tagger.training.album_figures import album_figures
from tagger.training.clips import Clip

GENRES = ("Folk", "Jazz", "Pop", "Rock")
EVEN = dict.fromkeys(GENRES, 0.25)
ROCK, POP = [0.1, 0.1, 0.1, 0.7], [0.1, 0.1, 0.45, 0.35]


def clip(group: str, *genres: str, dataset: str = "4q") -> Clip:
    return Clip("x.opus", dataset, "test", genres, math.nan, math.nan, math.nan, group=group)


def test_an_artist_counts_once_and_pooling_mends_the_clip_that_was_misheard() -> None:
    clips = [clip("1", "Rock")] * 4 + [clip("2", "Rock")] * 2 + [clip("", "Pop")]
    answers = np.array([ROCK, ROCK, ROCK, POP, ROCK, ROCK, POP])
    figures = album_figures(clips, answers, EVEN, GENRES, n_resamples=20)
    assert figures is not None
    assert (figures.n_artists, figures.n_clips) == (2, 6)
    assert figures.own.hit.value == pytest.approx((3 / 4 + 1) / 2)
    assert figures.pooled.hit.value == 1.0
    assert figures.own.kept[0.0] == (pytest.approx(6 / 7), 1.0)
    assert figures.own.kept[0.6] == (1.0, pytest.approx(5 / 7))
    assert figures.pooled.kept[0.6] == (1.0, pytest.approx(6 / 7))
    assert figures.summary()["album_hit"] == 1.0


def test_clips_without_labels_or_without_company_are_no_artists() -> None:
    clips = [
        clip("1", "Rock"),
        clip("1"),
        clip("1", "Rock", dataset="deam"),
        clip("", "Pop"),
        clip("", "Pop"),
    ]
    assert album_figures(clips, np.array([ROCK] * 5), EVEN, GENRES, n_resamples=20) is None


def test_a_mixture_of_clear_answers_is_left_alone() -> None:
    sure = np.full((8, 4), 0.01) + 0.96 * np.eye(4)[np.arange(8) % 4]
    clips = [clip(str(i // 2 if i < 2 else i), GENRES[i % 4]) for i in range(8)]
    figures = album_figures(clips, sure, EVEN, GENRES, n_resamples=20)
    assert figures is not None
    assert figures.mixed[5] == (1.0, 1.0)
