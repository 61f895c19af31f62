"""The figures of a model overall, by data set and by genre, each with its 95 % bootstrap interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from tagger.training.clips import GENRES, Clip, label_sets
from tagger.training.metrics import correlation, figures, labels_of, ranking, top_hits, top_hits_of_three
from tagger.types import FloatArray

ENERGY_TRUTH = {
    "deam": ("r with arousal", "arousal"),
    "memomusic": ("r with arousal", "arousal"),
    "emotify": ("r with power − calmness", "power_minus_calmness"),
    "4q": ("AUC, high against low arousal", "arousal_high"),
}
"""The figure by which the energy of a data set's clips is judged, and the field with the truth."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the clips: their number, their figures, and the number of clips that the model called so."""

    n_clips: int
    figures: Mapping[str, Estimate]
    n_called: int = 0


def overall(
    clips: Sequence[Clip],
    probabilities: FloatArray,
    energy: FloatArray,
    bpm: FloatArray | None = None,
    n_resamples: int = N_RESAMPLES,
) -> dict[str, Estimate]:
    """Measure `metrics.figures` with intervals; clips of one group are resampled together."""

    def measure(rows: NDArray[np.int_]) -> dict[str, float]:
        chosen = [clips[row] for row in rows]
        return figures(chosen, probabilities[rows], energy[rows], None if bpm is None else bpm[rows])

    return estimates(measure, [clip.group for clip in clips], n_resamples)


def by_dataset(
    clips: Sequence[Clip], probabilities: FloatArray, energy: FloatArray, n_resamples: int = N_RESAMPLES
) -> dict[str, Part]:
    """Measure `hit` and `hit_top3` of each data set's labelled clips, and its `energy` figure."""
    hits = np.array([top_hits(clips, probabilities), top_hits_of_three(clips, probabilities)])
    labelled = np.array([bool(clip.genres) for clip in clips])
    parts = {}
    for dataset, n_clips in sorted(Counter(clip.dataset for clip in clips).items()):
        at = np.flatnonzero([clip.dataset == dataset for clip in clips])

        def measure(rows: NDArray[np.int_], at: NDArray[np.int_] = at) -> dict[str, float]:
            chosen = at[rows]
            known = chosen[labelled[chosen]]
            result = _energy_figure([clips[i] for i in chosen], energy[chosen])
            if len(known):
                result |= {"hit": float(hits[0, known].mean()), "hit_top3": float(hits[1, known].mean())}
            return result

        groups = [clips[int(i)].group for i in at]
        parts[dataset] = Part(n_clips, estimates(measure, groups, n_resamples))
    return parts


def by_genre(
    clips: Sequence[Clip], probabilities: FloatArray, n_resamples: int = N_RESAMPLES
) -> dict[str, Part]:
    """Measure each genre that is a label: `recall`, `recall_top3`, `precision`, `average_precision`.

    `recall`: of the clips with the label, the share whose first answer is this very genre (a clip with
    several labels can give only one); `recall_top3`: one of the first three. `precision`: of the labelled
    clips that are called so, the share whose labels hold it (`Pop/Rock` holds its three members); NaN
    if none is.
    """
    named, perhaps = labels_of(clips)
    order, groups = np.argsort(-probabilities, axis=1, kind="stable"), [clip.group for clip in clips]
    labelled = (named | perhaps).any(axis=1)
    parts = {}
    for genre in np.flatnonzero(named.any(axis=0)):
        columns = _Columns(
            truth=named[:, genre],
            holds=named[:, genre] | perhaps[:, genre],
            decided=labelled & ~perhaps[:, genre],
            called=labelled & (order[:, 0] == genre),
            in_three=(order[:, :3] == genre).any(axis=1),
            probability=probabilities[:, genre],
        )
        measured = estimates(columns.measure, groups, n_resamples)
        parts[GENRES[genre]] = Part(int(columns.truth.sum()), measured, int(columns.called.sum()))
    return parts


def hit_and_confidence(
    clips: Sequence[Clip], probabilities: FloatArray, n_resamples: int = N_RESAMPLES
) -> dict[str, Estimate]:
    """Measure `hit` and the mean `confidence` of the labelled clips."""
    known = [i for i, clip in enumerate(clips) if clip.genres]
    hits, highest = top_hits(clips, probabilities)[known], probabilities[known].max(axis=1)

    def measure(rows: NDArray[np.int_]) -> dict[str, float]:
        return {"hit": float(hits[rows].mean()), "confidence": float(highest[rows].mean())}

    return estimates(measure, [clips[i].group for i in known], n_resamples)


def confusion(clips: Sequence[Clip], probabilities: FloatArray, genres: Sequence[str] = GENRES) -> FloatArray:
    """Count labels in rows and first answers in columns: (n_genres, n_genres), in clips.

    A hit counts on the diagonal of the genre that was answered. A miss is shared out evenly among
    the clip's labels, and the share of `Pop/Rock` among its three members.
    """
    matrix = np.zeros((len(genres), len(genres)))
    for clip, answer in zip(clips, probabilities.argmax(axis=1), strict=True):
        sets = label_sets(clip.genres, genres)
        if any(answer in s for s in sets):
            matrix[answer, answer] += 1
            continue
        for s in sets:
            matrix[list(s), answer] += 1 / len(sets) / len(s)
    return matrix


def estimates(
    measure: Measure, groups: Sequence[str], n_resamples: int = N_RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Estimate each figure of `measure` over all rows, with its 95 % percentile bootstrap interval.

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


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The labels and answers of one genre in every clip, each (n,)."""

    truth: NDArray[np.bool_]
    holds: NDArray[np.bool_]
    decided: NDArray[np.bool_]
    called: NDArray[np.bool_]
    in_three: NDArray[np.bool_]
    probability: FloatArray

    def measure(self, rows: NDArray[np.int_]) -> dict[str, float]:
        truth, called, decided = self.truth[rows], self.called[rows], rows[self.decided[rows]]
        result = {name: float("nan") for name in ("recall", "recall_top3", "precision", "average_precision")}
        if truth.any():
            result["recall"] = float(called[truth].mean())
            result["recall_top3"] = float(self.in_three[rows][truth].mean())
        if self.truth[decided].any():
            precision = average_precision_score(self.truth[decided], self.probability[decided])
            result["average_precision"] = float(precision)
        if called.any():
            result["precision"] = float(self.holds[rows][called].mean())
        return result


def _energy_figure(clips: Sequence[Clip], energy: FloatArray) -> dict[str, float]:
    """Measure `energy` as the clips' data set allows; nothing where it has no ratings."""
    if clips[0].dataset not in ENERGY_TRUTH:
        return {}
    _, field = ENERGY_TRUTH[clips[0].dataset]
    truth = np.array([getattr(clip, field) for clip in clips])
    rated = ~np.isnan(truth)
    measure = ranking if field == "arousal_high" else correlation
    return {"energy": measure(truth[rated], energy[rated])}


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
