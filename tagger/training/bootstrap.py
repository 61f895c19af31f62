"""How far a figure would move on other clips of the same kind: bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_RESAMPLES = 1000
"""Enough for the 2.5 % and 97.5 % quantiles (Efron & Tibshirani 1993, chapter 13)."""

Measure = Callable[[NDArray[np.int_]], Mapping[str, float]]
"""From the rows of a sample, some of them several times, to its figures by name."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the ends of its 95 % interval; all NaN where it is not defined."""

    value: float
    low: float
    high: float


def estimates(
    measure: Measure, groups: Sequence[str], n_resamples: int = N_RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Each figure of `measure` over all rows, with its 95 % percentile bootstrap interval.

    `groups` has a name for each row; rows of one group are drawn together, for songs of one artist
    are no independent evidence. A row with an empty name is a group of its own. The same `seed` gives
    the same intervals. Resamples in which a figure is NaN are left out of its interval.
    """
    members, random = _members(groups), np.random.default_rng(seed)
    drawn = []
    for _ in range(n_resamples):
        chosen = random.integers(len(members), size=len(members))
        drawn.append(measure(np.concatenate([members[g] for g in chosen])))
    return {
        name: Estimate(value, *_interval([d.get(name, math.nan) for d in drawn]))
        for name, value in measure(np.arange(len(groups))).items()
    }


def _members(groups: Sequence[str]) -> list[NDArray[np.int_]]:
    rows: dict[str | int, list[int]] = {}
    for row, name in enumerate(groups):
        rows.setdefault(name or row, []).append(row)
    return [np.array(of_one) for of_one in rows.values()]


def _interval(values: Sequence[float]) -> tuple[float, float]:
    defined = [value for value in values if not math.isnan(value)]
    if not defined:
        return math.nan, math.nan
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
