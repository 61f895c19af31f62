"""Fit an energy head to the owner's own energy levels, 1 to 10."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.errors import TaggerError
from tagger.learn.examples import Examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.heads import Heads
    from tagger.types import FloatArray

LEAST_LEVELS = 20
"""Tracks with a level of the owner's, or there is nothing to learn from."""

SHRINKAGE = 100.0
"""Of the ridge regression, on inputs of unit variance; RidgeCV chooses this, a tenth or ten times of it."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelFit:
    """An energy head: `weights` (d,) and `bias` give the energy 0–1 of an embedding as it is.

    `error` is the mean distance from the levels of makers that were not seen, in levels. `embeddings` are
    those that it was fitted to.
    """

    weights: NDArray[np.float32]
    bias: np.float32
    error: float
    embeddings: NDArray[np.float32]

    def fields(self, heads: Heads) -> dict[str, Any]:
        """Give the fields of `model.json`: of the energy, and of the mood, whose arousal is read from it.

        A raw energy is an energy here, so that the scale is even. `heads` are those of before: the line from
        their arousal's logits leads to those of the new energies.
        """
        fields: dict[str, Any] = {"energy": {"quantiles": [i / 100 for i in range(101)]}}
        if heads.card.mood is None:
            return fields
        before = heads.arousal_logits(self.embeddings.astype(np.float16))
        energies = self.embeddings @ self.weights + self.bias
        slope, offset = np.polyfit(energies, before, 1) if np.ptp(energies) > 0 else (0.0, before.mean())
        quantiles = list(heads.card.mood.valence_quantiles)
        return fields | {"mood": {"valence_quantiles": quantiles, "arousal": [float(slope), float(offset)]}}


def fit_levels(examples: Examples) -> LevelFit:
    """Fit a ridge regression to the levels. Raises TaggerError where they are too few or all equal."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold

    known = np.flatnonzero(~np.isnan(examples.levels))
    levels: FloatArray = examples.levels[known]
    makers = [examples.makers[row] for row in known]
    if len(known) < LEAST_LEVELS or np.ptp(levels) == 0 or len(set(makers)) < 2:
        raise TaggerError(
            f"too few energy levels to learn from: {len(known)} tracks have one of your own, and "
            f"{LEAST_LEVELS} of different levels and artists are needed; leave out --energy, or tag more"
        )
    embeddings = examples.embeddings[known].astype(np.float64)
    mean, spread = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-3
    inputs, energies = (embeddings - mean) / spread, (levels - 0.5) / 10
    alphas = [SHRINKAGE / 10, SHRINKAGE, SHRINKAGE * 10]
    said = np.zeros(len(known))
    for seen, held in GroupKFold(min(5, len(set(makers)))).split(inputs, groups=makers):
        said[held] = RidgeCV(alphas).fit(inputs[seen], energies[seen]).predict(inputs[held])
    head = RidgeCV(alphas).fit(inputs, energies)
    weights = head.coef_ / spread
    return LevelFit(
        weights.astype(np.float32),
        np.float32(head.intercept_ - weights @ mean),
        float(np.abs(10 * said.clip(0, 1) + 0.5 - levels).mean()),
        examples.embeddings[known],
    )
