"""Figures in which each artist counts once: a few prolific ones would decide a mean over clips."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from tagger.training.breakdown import N_RESAMPLES, Estimate, estimates
from tagger.training.clips import GENRES, Clip
from tagger.training.metrics import calibration_error, labels_of, top_hits, top_hits_of_three
from tagger.types import MIN_CONFIDENCE, FloatArray


def artists_of(clips: Sequence[Clip]) -> list[str]:
    """Give for each clip the name of its artist, song or package, whatever the data set keeps apart.

    Groups are numbered by data set; a clip without one is a group of its own.
    """
    return [f"{clip.dataset} {clip.group or clip.path}" for clip in clips]


def artist_counts(clips: Sequence[Clip]) -> FloatArray:
    """Give how much each clip counts, (n,), so that each artist counts once among these clips."""
    artists = artists_of(clips)
    n_clips = Counter(artists)
    return np.array([1 / n_clips[artist] for artist in artists])


def genre_figures_by_artist(
    clips: Sequence[Clip],
    probabilities: FloatArray,
    genres: Sequence[str] = GENRES,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, Estimate]:
    """Measure genre probabilities (n, n_genres): the mean within artists, then over them, with an interval.

    `hit`, `hit_top3`, `genre_map` and `calibration_error` are as `metrics.figures` defines them. `sure` is
    the share of the answers with a confidence of `MIN_CONFIDENCE` and more, `precision_sure` the share of
    these that are right. Only clips with labels count; without any, there are no figures.
    """
    known = [i for i, clip in enumerate(clips) if clip.genres]
    if not known:
        return {}
    clips, probabilities = [clips[i] for i in known], probabilities[known]
    counts = artist_counts(clips)
    hits, hits_of_three = (
        top_hits(clips, probabilities, genres),
        top_hits_of_three(clips, probabilities, genres),
    )
    named, perhaps = labels_of(clips, genres)
    confidence = probabilities.max(axis=1)
    sure = confidence >= MIN_CONFIDENCE

    def measure(rows: NDArray[np.int_]) -> dict[str, float]:
        count, hit, is_sure = counts[rows], hits[rows], sure[rows]
        decided = ~perhaps[rows]
        precisions = (
            average_precision_score(
                named[rows, genre][at], probabilities[rows, genre][at], sample_weight=count[at]
            )
            for genre, at in enumerate(decided.T)
            if named[rows, genre][at].any()
        )
        return {
            "hit": float(np.average(hit, weights=count)),
            "hit_top3": float(np.average(hits_of_three[rows], weights=count)),
            "genre_map": float(np.mean(list(precisions))),
            "calibration_error": calibration_error(confidence[rows], hit, counts=count),
            "sure": float(np.average(is_sure, weights=count)),
            "precision_sure": float(np.average(hit[is_sure], weights=count[is_sure]))
            if is_sure.any()
            else math.nan,
        }

    return estimates(measure, artists_of(clips), n_resamples)
