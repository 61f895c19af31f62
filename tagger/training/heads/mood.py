"""The mood: a head of valence, fitted to quadrants that listeners named; arousal is read off the energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.heads import quadrants
from tagger.model_card import MoodScale
from tagger.training.breakdown import N_RESAMPLES, Estimate, estimates
from tagger.training.by_artist import artist_counts, artists_of
from tagger.training.clips import Clip
from tagger.training.export import QUANTILES
from tagger.training.heads.heard import Heard
from tagger.training.heads.linear import Linear, fit_yes_no, platt, unseen_logits
from tagger.training.metrics import calibration_error, ranking
from tagger.types import FloatArray

SHRINKAGE = 33.0
"""From 10 to 100 the area under the ROC curve, of artists that were not learned, moves by 0.005."""

N_FOLDS = 10

VALENCE_HIGH, AROUSAL_HIGH = (1, 4), (1, 2)
"""The quadrants on that side of Russell's plane."""


@dataclass(frozen=True, slots=True, eq=False)
class MoodHead:
    """The head `valence`, whose sigmoid is the probability that listeners call it high, and the `scale`.

    `unseen` are the figures, as `mood_figures` measures them, of the labelled clips, these answered by heads
    that were not fitted to their artists.
    """

    valence: Linear
    scale: MoodScale
    unseen: dict[str, Estimate]


def fit_mood(heard: Heard, raw_energy: FloatArray, n_resamples: int = N_RESAMPLES) -> MoodHead:
    """Fit the head to the clips of `train` and `valid` with a quadrant, `raw_energy` (n,) being of all clips.

    Few are labelled, so validation is by folds. Both probabilities are calibrated (Platt), the valence's on
    clips whose artists the answering head was not fitted to. The quantiles are of the clips to learn from.
    """
    labelled = np.array([clip.quadrant > 0 for clip in heard.clips]) & heard.is_in(("train", "valid"))
    known, energy = heard.rows(labelled), raw_energy[labelled]
    is_high = np.array([[c.quadrant in VALENCE_HIGH, c.quadrant in AROUSAL_HIGH] for c in known.clips])

    def fit(at: NDArray[np.int_]) -> Linear:
        return fit_yes_no(known.embeddings[at], is_high[at, :1].astype(float), SHRINKAGE)

    quadrant = np.array([clip.quadrant for clip in known.clips])
    unseen, _ = unseen_logits(fit, known.embeddings, quadrant, known.artists, N_FOLDS)
    counts = artist_counts(known.clips)
    slope, offset = platt(unseen, is_high[:, :1], counts)
    valence = fit(np.arange(len(known.clips))).scaled(slope, offset)
    reference = heard.embeddings[heard.is_learned & ~heard.is_extra]
    quantiles = np.quantile(valence.logits(reference)[:, 0], np.linspace(0, 1, QUANTILES))
    (a,), (c,) = platt(energy[:, None], is_high[:, 1:], counts)
    scale = MoodScale(tuple(round(float(q), 5) for q in quantiles), (round(float(a), 5), round(float(c), 5)))
    shares = quadrants(slope * unseen[:, 0] + offset, energy, scale)
    likeliest, confidence = shares.argmax(axis=1) + 1, shares.max(axis=1)
    return MoodHead(
        valence, scale, mood_figures(known.clips, likeliest, confidence, unseen[:, 0], n_resamples)
    )


def mood_figures(
    clips: Sequence[Clip],
    answered: NDArray[np.int_],
    confidence: FloatArray,
    valence: FloatArray,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, Estimate]:
    """Measure answers to clips with a quadrant, each artist counting once, with an interval over artists.

    `answered` (n,) are quadrants, 1 to 4, `confidence` (n,) their probabilities, `valence` (n,) on any scale.
    `mood_accuracy`: the answer is the clip's quadrant. `valence_auc`: area under the ROC curve, high valence
    against low. `mood_calibration_error`: of the confidence, in ten bins.
    """
    quadrant = np.array([clip.quadrant for clip in clips])
    right, counts = answered == quadrant, artist_counts(clips)
    is_high = np.isin(quadrant, VALENCE_HIGH).astype(float)

    def measure(rows: NDArray[np.int_]) -> dict[str, float]:
        count = counts[rows]
        return {
            "mood_accuracy": float(np.average(right[rows], weights=count)),
            "valence_auc": ranking(is_high[rows], valence[rows], count),
            "mood_calibration_error": calibration_error(confidence[rows], right[rows], counts=count),
        }

    return estimates(measure, artists_of(clips), n_resamples)
