"""The figures that a model is judged by. All are between 0 and 1 (r: −1 and 1), more is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

from tagger.training.clips import GENRES, Clip, label_sets
from tagger.types import FloatArray

TEMPO_TOLERANCE = 0.04
"""The share by which an estimate may miss the annotated tempo (Gouyon et al. 2006)."""

OTHER_OCTAVES = (2.0, 3.0, 1 / 2, 1 / 3)
"""The factors that `tempo_acc2` allows besides 1: people tap at any of these."""

MIN_TEMPO_S = 10.0
"""Clips shorter than this have too few beats to estimate a tempo from."""


def figures(
    clips: Sequence[Clip],
    genre_probabilities: FloatArray | None,
    energy: FloatArray | None,
    bpm: FloatArray | None = None,
    genres: Sequence[str] = GENRES,
) -> dict[str, float]:
    """Measure a model's answers: `genre_probabilities` (n, n_genres) of `genres` and `energy` (n,).

    `hit`, `hit_top3`: a labelled genre is first, or among the first three. `genre_map`: mean over the
    genres of the average precision. `calibration_error`: expected calibration error of the first
    genre's probability in ten bins (Guo et al. 2017; less is better). `deam_r`: Pearson's r with
    DEAM's arousal. `4q_auc`: area under the ROC curve for high against low arousal. `tempo_acc1`,
    `tempo_acc2`: see `tempo_accuracies`; only where `bpm` (n,) is given, NaN for no answer, and a clip
    of `MIN_TEMPO_S` or more, or of unknown length, is annotated. A figure whose clips are not there is
    NaN. An aspect that is None was not predicted, and has no figures.
    """
    return {
        **({} if genre_probabilities is None else _genre_figures(clips, genre_probabilities, genres)),
        **({} if energy is None else _energy_figures(clips, energy)),
        **({} if bpm is None else _tempo_figures(clips, bpm)),
    }


def measured(figures: Mapping[str, float]) -> dict[str, float]:
    """Keep the figures that there were clips for: those that are not NaN."""
    return {name: value for name, value in figures.items() if not math.isnan(value)}


def accuracy_figures(
    clips: Sequence[Clip], genre_probabilities: FloatArray, genres: Sequence[str] = GENRES
) -> dict[str, float]:
    """Measure `accuracy` (top-1), `top3` and `macro_f1` of the clips with labels, to compare classifiers.

    For F1 the truth is the answer where it satisfies a label, else the first label. It is the mean over
    the genres that occur as truth; one that is never answered has 0.
    """
    named, perhaps = labels_of(clips, genres)
    known = (named | perhaps).any(axis=1)
    hits = _hits(clips, genre_probabilities, genres)[known]
    answered = genre_probabilities[known].argmax(axis=1)
    truth = np.where(hits[:, 0], answered, (named | perhaps)[known].argmax(axis=1))
    return {
        "accuracy": float(hits[:, 0].mean()),
        "top3": float(hits[:, :3].any(axis=1).mean()),
        "macro_f1": float(
            f1_score(truth, answered, labels=np.unique(truth), average="macro", zero_division=0)
        ),
    }


def tempo_error_figures(annotated_bpm: FloatArray, estimated_bpm: FloatArray) -> dict[str, float]:
    """Measure `rmse_bpm`, the root of the mean squared error, and `tempo_accuracies` where both are known."""
    known = ~np.isnan(annotated_bpm) & ~np.isnan(estimated_bpm)
    truth, estimated = annotated_bpm[known], estimated_bpm[known]
    acc1, acc2 = tempo_accuracies(truth, estimated)
    return {"rmse_bpm": float(np.sqrt(np.mean((estimated - truth) ** 2))), "acc1": acc1, "acc2": acc2}


def top_hits(
    clips: Sequence[Clip], genre_probabilities: FloatArray, genres: Sequence[str] = GENRES
) -> NDArray[np.bool_]:
    """Tell, (n,), whether the likeliest genre is among the clip's labels; without labels it is not."""
    return _hits(clips, genre_probabilities, genres)[:, 0]


def top_hits_of_three(
    clips: Sequence[Clip], genre_probabilities: FloatArray, genres: Sequence[str] = GENRES
) -> NDArray[np.bool_]:
    """Tell, (n,), whether one of the three likeliest genres is among the clip's labels."""
    return np.asarray(_hits(clips, genre_probabilities, genres)[:, :3].any(axis=1))


def labels_of(
    clips: Sequence[Clip], genres: Sequence[str] = GENRES
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give the genres that a label names, (n, n_genres), and those that one like `Pop/Rock` may mean."""
    named, perhaps = np.zeros((2, len(clips), len(genres)), bool)
    for row, clip in enumerate(clips):
        for meant in label_sets(clip.genres, genres):
            (named if len(meant) == 1 else perhaps)[row, list(meant)] = True
    return named, perhaps


def average_precisions(
    clips: Sequence[Clip], genre_probabilities: FloatArray, genres: Sequence[str] = GENRES
) -> FloatArray:
    """Measure (n_genres,) over the clips whose labels decide a genre (`Pop/Rock` leaves its members open).

    NaN for a genre that no clip is labelled with.
    """
    named, perhaps = labels_of(clips, genres)
    decided = (named | perhaps).any(axis=1, keepdims=True) & ~perhaps
    values = np.full(len(genres), np.nan)
    for genre, at in enumerate(decided.T):
        if named[at, genre].any():
            values[genre] = average_precision_score(named[at, genre], genre_probabilities[at, genre])
    return values


def calibration_error(
    confidence: FloatArray,
    correct: NDArray[np.bool_],
    n_bins: int = 10,
    counts: FloatArray | None = None,
) -> float:
    """Average the distance of confidence and share correct over equal bins, weighted by their counts.

    `counts` (n,) says how much each answer counts, 1 where it is None.

    >>> round(calibration_error(np.full(10, 0.85), np.arange(10) < 6), 2)
    0.25
    """
    in_bins, means, shares = reliability(confidence, correct, n_bins, counts)
    return float(np.sum(in_bins * np.abs(means - shares)) / np.sum(in_bins))


def reliability(
    confidence: FloatArray,
    correct: NDArray[np.bool_],
    n_bins: int = 10,
    counts: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give count, mean confidence and share correct of each equal bin of confidence that is not empty."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    counts = np.ones(len(bins)) if counts is None else counts
    in_bins = np.bincount(bins, counts, n_bins).astype(np.float64)
    used = np.flatnonzero(in_bins)
    means, shares = (
        np.bincount(bins, counts * values, n_bins)[used] / in_bins[used] for values in (confidence, correct)
    )
    return in_bins[used], means, shares


def correlation(truth: FloatArray, energy: FloatArray) -> float:
    """Measure Pearson's r, −1 to 1; NaN for fewer than two clips or where either is constant."""
    if len(truth) < 2 or np.ptp(truth) == 0 or np.ptp(energy) == 0:
        return math.nan
    return float(np.corrcoef(truth, energy)[0, 1])


def ranking(high: FloatArray, energy: FloatArray, counts: FloatArray | None = None) -> float:
    """Measure the area under the ROC curve of energy for `high` 1 against 0; NaN where one is missing.

    It is the share of pairs, one of each, in which the energy of the high one is greater; equal ones are half
    a pair (Hanley & McNeil 1982). `counts` (n,) says how much each clip counts.
    """
    counts = np.ones(len(high)) if counts is None else counts
    _, place = np.unique(energy, return_inverse=True)
    yes, no = (np.bincount(place, counts * (high == value)) for value in (1, 0))
    if not yes.sum() or not no.sum():
        return math.nan
    lower = no.cumsum() - no / 2
    return float((yes * lower).sum() / (yes.sum() * no.sum()))


def tempo_accuracies(annotated_bpm: FloatArray, estimated_bpm: FloatArray) -> tuple[float, float]:
    """Measure the shares of estimates within 4 % of the annotation, and of it or its octaves (acc1, acc2).

    Gouyon et al. 2006, "An experimental comparison of audio tempo induction algorithms": acc2 also takes
    two and three times the annotated tempo, a half and a third of it. NaN is a wrong answer.

    >>> tempo_accuracies(np.full(4, 120.0), np.array([120, 124, 60, 90]))
    (0.5, 0.75)
    """
    near = [
        np.abs(estimated_bpm - factor * annotated_bpm) <= TEMPO_TOLERANCE * factor * annotated_bpm
        for factor in (1.0, *OTHER_OCTAVES)
    ]
    return float(near[0].mean()), float(np.any(near, axis=0).mean())


def _genre_figures(
    clips: Sequence[Clip], probabilities: FloatArray, genres: Sequence[str]
) -> dict[str, float]:
    named, perhaps = labels_of(clips, genres)
    known = (named | perhaps).any(axis=1)
    hits = _hits(clips, probabilities, genres)[known]
    return {
        "hit": float(hits[:, 0].mean()),
        "hit_top3": float(hits[:, :3].any(axis=1).mean()),
        "genre_map": float(np.nanmean(average_precisions(clips, probabilities, genres))),
        "calibration_error": calibration_error(probabilities[known].max(axis=1), hits[:, 0]),
    }


def _energy_figures(clips: Sequence[Clip], energy: FloatArray) -> dict[str, float]:
    arousal = np.array([clip.arousal if clip.dataset == "deam" else np.nan for clip in clips])
    high = np.array([clip.arousal_high for clip in clips])
    rated, quadrant = ~np.isnan(arousal), ~np.isnan(high)
    return {
        "deam_r": correlation(arousal[rated], energy[rated]),
        "4q_auc": ranking(high[quadrant], energy[quadrant]),
    }


def _tempo_figures(clips: Sequence[Clip], bpm: FloatArray) -> dict[str, float]:
    annotated = np.array([np.nan if clip.length_s < MIN_TEMPO_S else clip.bpm for clip in clips])
    known = ~np.isnan(annotated)
    if not known.any():
        return {}
    acc1, acc2 = tempo_accuracies(annotated[known], bpm[known])
    return {"tempo_acc1": acc1, "tempo_acc2": acc2}


def _hits(clips: Sequence[Clip], probabilities: FloatArray, genres: Sequence[str]) -> NDArray[np.bool_]:
    """Tell, (n, n_genres), whether the k-th likeliest genre of a clip satisfies one of its labels."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    named, perhaps = labels_of(clips, genres)
    return np.take_along_axis(named | perhaps, order, axis=1)
