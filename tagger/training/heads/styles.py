"""The head of the styles of electronic music, taught by people's names for excerpts of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.heads import softmax
from tagger.training.breakdown import N_RESAMPLES, Estimate, estimates
from tagger.training.by_artist import artists_of
from tagger.training.clips import LEARNED, Clip
from tagger.training.heads.heard import Heard
from tagger.training.heads.linear import Linear, fit_classes, softmax_slope, unseen_logits
from tagger.training.heads.word_list import BETWEEN_STYLES, STYLES
from tagger.training.metrics import calibration_error
from tagger.types import HAS_WORD, FloatArray

SHRINKAGE = 30.0
"""From 10 to 100 the share that is right moves by 0.01."""

EVENNESS = 0.5
"""A style counts as the number of its excerpts to the power of one less this: the guide has four times more
of Trance than of Industrial, which is no measure of how often one meets them."""

N_FOLDS = 5

NO_STYLE, UNKNOWN = 0, -1

MAYBE_ELECTRONIC = ("Electronic", "Experimental", "New Age")
"""Clips with one of these labels may be of any style; nobody said of which."""


@dataclass(frozen=True, slots=True, eq=False)
class StyleHead:
    """The head `linear`, calibrated, whose first output is of no style, and the `names` of the others.

    What follows was measured on excerpts whose artists the answering head was not fitted to. `right` is the
    share of the excerpts of the styles whose own is the likeliest of these, `right_by_fold` and
    `right_by_style` are the same in parts. `said` has by style the precision and the recall of a probability
    of `HAS_WORD` and more; `falsely_said` is the share of clips without a style that get one so.
    """

    linear: Linear
    names: tuple[str, ...]
    n_clips: Mapping[str, int]
    right: Estimate
    right_by_fold: tuple[float, ...]
    right_by_style: Mapping[str, float]
    said: Mapping[str, tuple[float, float]]
    falsely_said: float
    calibration_error: float


def fit_styles(
    heard: Heard, styles: Mapping[str, Sequence[str]] = STYLES, n_resamples: int = N_RESAMPLES
) -> StyleHead:
    """Fit the head to the learned clips: excerpts with a subgenre, and music that is not electronic.

    Music without a style counts as much as all styles together, so a probability holds where half of the
    music is of them. Styles without an excerpt are left out.
    """
    there = {clip.subgenre for clip in heard.clips if clip.split in LEARNED}
    styles = {name: subgenres for name, subgenres in styles.items() if there & set(subgenres)}
    names, classes = tuple(styles), classes_of(heard.clips, styles)
    known = heard.rows(classes != UNKNOWN)
    classes = classes[classes != UNKNOWN]
    counts = _counts(classes, len(names))

    def fit(at: NDArray[np.int_]) -> Linear:
        return fit_classes(known.embeddings[at], classes[at], 1 + len(names), SHRINKAGE, counts[at])

    unseen, fold_of = unseen_logits(fit, known.embeddings, classes, known.artists, N_FOLDS)
    slope = softmax_slope(unseen, classes, counts)
    linear = fit(np.arange(len(classes))).scaled(slope, 0.0)
    return _measured(linear, names, known.clips, classes, slope * unseen, fold_of, n_resamples)


def classes_of(clips: Sequence[Clip], styles: Mapping[str, Sequence[str]] = STYLES) -> NDArray[np.int_]:
    """Give the class of each clip, (n,): `NO_STYLE`, the place of its style from 1 on, or `UNKNOWN`.

    `UNKNOWN` is what is not to be learned, may be electronic but has no subgenre, or is between two styles.
    """
    place = {subgenre: i for i, of_style in enumerate(styles.values(), 1) for subgenre in of_style}
    return np.array([_class(clip, place) for clip in clips])


def _class(clip: Clip, place: Mapping[str, int]) -> int:
    if clip.split not in LEARNED or clip.subgenre in BETWEEN_STYLES:
        return UNKNOWN
    if clip.subgenre:
        return place.get(clip.subgenre, NO_STYLE)
    is_other = bool(clip.genres) and not set(clip.genres) & set(MAYBE_ELECTRONIC)
    return NO_STYLE if is_other else UNKNOWN


def _counts(classes: NDArray[np.int_], n_styles: int) -> FloatArray:
    """Give how much each clip counts, (n,); the mean is 1."""
    n_clips = np.bincount(classes, minlength=1 + n_styles).astype(float)
    weight = np.zeros_like(n_clips)
    there = n_clips > 0
    weight[there] = n_clips[there] ** -EVENNESS
    if there[NO_STYLE]:
        weight[NO_STYLE] = (weight[1:] * n_clips[1:]).sum() / n_clips[NO_STYLE]
    counts = weight[classes]
    return np.asarray(counts / counts.mean())


def _measured(
    linear: Linear,
    names: tuple[str, ...],
    clips: Sequence[Clip],
    classes: NDArray[np.int_],
    logits: FloatArray,
    fold_of: NDArray[np.int_],
    n_resamples: int,
) -> StyleHead:
    """Measure the head by calibrated logits (n, 1 + n_styles) of clips that it was not fitted to."""
    has_style = classes != NO_STYLE
    right = logits[:, 1:].argmax(axis=1) + 1 == classes
    probabilities = softmax(logits)
    said, likeliest = probabilities >= HAS_WORD, probabilities.argmax(axis=1)
    own = [clip for clip, has in zip(clips, has_style, strict=True) if has]
    right_of_own = right[has_style]

    def measure(rows: NDArray[np.int_]) -> dict[str, float]:
        return {"right": float(right_of_own[rows].mean())}

    of = {name: classes == i for i, name in enumerate(names, 1)}
    return StyleHead(
        linear=linear,
        names=names,
        n_clips={name: int(is_own.sum()) for name, is_own in of.items()},
        right=estimates(measure, artists_of(own), n_resamples)["right"],
        right_by_fold=tuple(float(right[has_style & (fold_of == fold)].mean()) for fold in range(N_FOLDS)),
        right_by_style={name: float(right[is_own].mean()) for name, is_own in of.items()},
        said={
            name: _precision_and_recall(said[has_style, i], of[name][has_style])
            for i, name in enumerate(names, 1)
        },
        falsely_said=float(said[~has_style, 1:].any(axis=1).mean()),
        calibration_error=calibration_error(
            probabilities.max(axis=1), likeliest == classes, counts=_counts(classes, len(names))
        ),
    )


def _precision_and_recall(said: NDArray[np.bool_], is_own: NDArray[np.bool_]) -> tuple[float, float]:
    """Give the share of what is said that is true, NaN where nothing is, and of what is true that is said."""
    precision = float(is_own[said].mean()) if said.any() else math.nan
    return precision, float(said[is_own].mean())
