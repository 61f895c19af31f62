"""The figures that a model is judged by. All are between 0 and 1 (r: −1 and 1), more is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from tagger.training.clips import GENRES, Clip, label_sets
from tagger.types import FloatArray


def figures(clips: Sequence[Clip], genre_probabilities: FloatArray, energy: FloatArray) -> dict[str, float]:
    """All figures of a model's answers: `genre_probabilities` (n, n_genres), `energy` (n,), any scale.

    `hit`, `hit_top3`: a labelled genre is first, or among the first three. `genre_map`: mean over the
    genres of the average precision. `calibration_error`: expected calibration error of the first
    genre's probability in ten bins (Guo et al. 2017; less is better). `deam_r`: Pearson's r with
    DEAM's arousal. `4q_auc`: area under the ROC curve for high against low arousal.
    """
    labels = [label_sets(clip.genres) for clip in clips]
    known = np.array([bool(sets) for sets in labels])
    hits = _hits(labels, genre_probabilities)[known]
    arousal = np.array([clip.arousal if clip.dataset == "deam" else np.nan for clip in clips])
    high = np.array([clip.arousal_high for clip in clips])
    rated, quadrant = ~np.isnan(arousal), ~np.isnan(high)
    return {
        "hit": float(hits[:, 0].mean()),
        "hit_top3": float(hits[:, :3].any(axis=1).mean()),
        "genre_map": _mean_average_precision(labels, genre_probabilities),
        "calibration_error": calibration_error(genre_probabilities[known].max(axis=1), hits[:, 0]),
        "deam_r": float(np.corrcoef(arousal[rated], energy[rated])[0, 1]),
        "4q_auc": float(roc_auc_score(high[quadrant], energy[quadrant])),
    }


def top_hits(clips: Sequence[Clip], genre_probabilities: FloatArray) -> NDArray[np.bool_]:
    """(n,) whether the likeliest genre is among the clip's labels; clips without labels count as misses."""
    return _hits([label_sets(clip.genres) for clip in clips], genre_probabilities)[:, 0]


def calibration_error(confidence: FloatArray, correct: NDArray[np.bool_], n_bins: int = 10) -> float:
    """Mean distance between confidence and share correct over equal bins, weighted by their counts."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        (bins == b).mean() * abs(confidence[bins == b].mean() - correct[bins == b].mean())
        for b in range(n_bins)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def _hits(labels: Sequence[list[set[int]]], probabilities: FloatArray) -> NDArray[np.bool_]:
    """(n, n_genres) whether the k-th likeliest genre of a clip satisfies one of its labels."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    wanted = [set().union(*sets) for sets in labels]
    return np.array([[genre in w for genre in row] for row, w in zip(order, wanted, strict=True)], dtype=bool)


def _mean_average_precision(labels: Sequence[list[set[int]]], probabilities: FloatArray) -> float:
    """Per genre over the clips whose labels decide it: `Pop/Rock` says nothing of its three members."""
    values = []
    for genre in range(len(GENRES)):
        decided = [bool(sets) and all(len(s) == 1 or genre not in s for s in sets) for sets in labels]
        truth = np.array([{genre} in sets for sets in labels])[decided]
        if truth.any():
            values.append(average_precision_score(truth, probabilities[decided, genre]))
    return float(np.mean(values))
