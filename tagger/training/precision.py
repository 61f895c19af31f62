"""How sure the model must be of a genre to be right as often as is asked, told by validation data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tagger.nets import Network
from tagger.training.answers import answers
from tagger.training.corpus import Corpus
from tagger.training.metrics import top_hits
from tagger.types import FloatArray

MIN_PREDICTIONS = 5
"""Fewer predictions above a threshold say nothing of it."""

LEAST = 0.5
"""Nobody asks for a genre that is more often wrong than right."""

DECIMALS = 4
"""Of confidences, before they are counted, so that a stored threshold stands for what was counted."""

PrecisionTable = list[list[float]]
"""[[precision, threshold], ...], both rising."""


def measured_precision(
    network: Network, valid: Corpus, device: torch.device, temperature: float
) -> dict[str, PrecisionTable]:
    """`genre_precision` of the network's calibrated answers to those clips of `valid` that have labels."""
    labelled = valid.rows([i for i, clip in enumerate(valid.clips) if clip.genres])
    probabilities, _ = answers(network, labelled, device, temperature)
    hits = top_hits(labelled.clips, probabilities, valid.genres)
    return genre_precision(probabilities, hits, valid.genres)


def genre_precision(
    probabilities: FloatArray, hits: NDArray[np.bool_], genres: Sequence[str]
) -> dict[str, PrecisionTable]:
    """Per genre the precisions that a threshold on the confidence reaches, and the lowest that does.

    `probabilities` is (n, n_genres), calibrated; `hits` (n,) says whether the likeliest genre is right.
    A prediction of a genre is an answer that has it as the likeliest, its probability is the confidence.
    The precision at a threshold is that of all predictions at and above it, however sure, not of those
    near it. The table holds the thresholds at which it is higher than at every lower one, from `LEAST`
    on, so the first entry that reaches a target is the lowest threshold to do so. It is empty for a genre
    that never reaches `LEAST`, or was predicted fewer than `MIN_PREDICTIONS` times.

    Precision is estimated by the rule of succession, (right + 1) / (n + 2): the mean of what it may be
    after n predictions if nothing was known before (Laplace; Jaynes 2003, "Probability Theory", ch. 6).
    So five of five right are 0.86, and 0.9 takes at least eight. The bare share, of which the best of
    many thresholds is taken, promises too much: thresholds from one labelled split, held to another, were
    right for 0.9 in 0.88 and 0.85 (the splits exchanged), by this rule in 0.93 and 0.82, for 0.8 in 0.76
    and 0.75, and in 0.82 and 0.81. A lower bound (Wilson's of 95 %) lets no genre reach 0.9 with so few.
    """
    likeliest, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1).round(DECIMALS)
    predicted = (likeliest == i for i in range(len(genres)))
    return {
        genre: _table(confidence[chosen], hits[chosen])
        for genre, chosen in zip(genres, predicted, strict=True)
    }


def _table(confidence: FloatArray, hits: NDArray[np.bool_]) -> PrecisionTable:
    """Of one genre's predictions, (n,) both."""
    table: PrecisionTable = []
    for threshold in np.unique(confidence):  # rising
        above = hits[confidence >= threshold]
        precision = round(float((above.sum() + 1) / (len(above) + 2)), DECIMALS)
        is_best = precision > table[-1][0] if table else precision >= LEAST
        if is_best and len(above) >= MIN_PREDICTIONS:
            table.append([precision, round(float(threshold), DECIMALS)])
    return table
