"""Calibration: what the numbers of a head mean, measured on answers to music that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.heads import softmax
from tagger.types import FloatArray

TEMPERATURES: Sequence[float] = np.geomspace(0.4, 4.0, 58).tolist()
"""That are tried."""

MIN_PREDICTIONS = 5
"""With fewer predictions above a threshold its precision is not known."""

LEAST_PRECISION = 0.5
"""Nobody asks for a genre that is more often wrong than right."""

DECIMALS = 4
"""Of confidences, before they are counted, so that a stored threshold stands for the predictions counted."""

PrecisionTable = list[list[float]]
"""[[precision, threshold], ...], both rising."""


def fitted_temperature(logits: FloatArray, hits: NDArray[np.bool_]) -> float:
    """Fit the temperature under which the likeliest class's probability is nearest to the share of hits.

    `logits` are (n, n_classes), `hits` (n,) tells whether the likeliest is right. Least binary cross-entropy
    over a grid (after Guo et al. 2017, "On Calibration of Modern Neural Networks", with hits in place of one
    label).

    >>> logits = np.repeat([[4.0, 0.0]], 4, axis=0)
    >>> 3.4 < fitted_temperature(logits, np.array([True, True, True, False])) < 3.8
    True
    """
    return min(TEMPERATURES, key=lambda t: hit_cross_entropy(softmax(logits / t), hits))


def hit_cross_entropy(probabilities: FloatArray, hits: NDArray[np.bool_]) -> float:
    """Give the binary cross-entropy of the confidences of probabilities (n, n_classes) and hits (n,)."""
    confidence = probabilities.max(axis=1).clip(1e-6, 1 - 1e-6)
    return float(-np.where(hits, np.log(confidence), np.log(1 - confidence)).mean())


def genre_precision(
    probabilities: FloatArray, hits: NDArray[np.bool_], genres: Sequence[str]
) -> dict[str, PrecisionTable]:
    """Tabulate by genre the precisions that thresholds on the confidence reach, with the lowest that does.

    `probabilities` is (n, n_genres), calibrated; `hits` (n,) says whether the likeliest genre is right.
    A prediction of a genre is an answer that has it as the likeliest, its probability is the confidence.
    The precision at a threshold is that of all predictions at and above it, however sure, not of those
    near it. The table holds the thresholds at which it is higher than at every lower one, from
    `LEAST_PRECISION` on, so the first entry that reaches a target is the lowest threshold to do so. It is
    empty for a genre that never reaches that, or was predicted fewer than `MIN_PREDICTIONS` times.

    Precision is estimated by the rule of succession, (right + 1) / (n + 2): the mean of what it may be
    after n predictions if nothing was known before (Laplace; Jaynes 2003, "Probability Theory", ch. 6).
    So five of five right are 0.86, and 0.9 takes at least eight. The bare share, of which the best of
    many thresholds is taken, promises too much: thresholds from one labelled split, held to another, were
    right for 0.9 in 0.88 and 0.85 (the splits exchanged), by this rule in 0.93 and 0.82, for 0.8 in 0.76
    and 0.75, and in 0.82 and 0.81. A lower bound (Wilson's of 95 %) lets no genre reach 0.9 with so few.

    >>> sure = np.linspace(0.6, 0.95, 8)
    >>> genre_precision(np.stack([sure, 1 - sure], axis=1), np.full(8, True), ("Jazz", "Pop"))
    {'Jazz': [[0.9, 0.6]], 'Pop': []}
    """
    likeliest, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1).round(DECIMALS)
    predicted = (likeliest == i for i in range(len(genres)))
    return {
        genre: _precision_table(confidence[chosen], hits[chosen])
        for genre, chosen in zip(genres, predicted, strict=True)
    }


def _precision_table(confidence: FloatArray, hits: NDArray[np.bool_]) -> PrecisionTable:
    """Tabulate one genre's predictions, (n,) both."""
    table: PrecisionTable = []
    for threshold in np.unique(confidence):  # rising
        above = hits[confidence >= threshold]
        precision = round(float((above.sum() + 1) / (len(above) + 2)), DECIMALS)
        is_best = precision > table[-1][0] if table else precision >= LEAST_PRECISION
        if is_best and len(above) >= MIN_PREDICTIONS:
            table.append([precision, round(float(threshold), DECIMALS)])
    return table
