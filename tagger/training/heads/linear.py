"""Linear heads on embeddings: logistic regression, its calibration, and answers to clips it never saw."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import load_file
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor

from tagger.errors import TaggerError
from tagger.model_card import WEIGHTS_FILE, ModelCard
from tagger.training.targets import genre_losses
from tagger.types import FloatArray

LEAST_SPREAD = 1e-3
"""Added to the standard deviation of each number of an embedding: some are nearly always 0."""

MOST_STEPS = 500
"""Of L-BFGS (Liu & Nocedal 1989), which ends sooner where nothing changes any more."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (n, n_outputs) and their targets to the loss of each row, (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A head: `weights` (n_outputs, embedding_dim) and `bias` (n_outputs,), float64."""

    weights: FloatArray
    bias: FloatArray

    def logits(self, embeddings: FloatArray) -> FloatArray:
        """Give (n, n_outputs) by embeddings (n, embedding_dim)."""
        return np.asarray(embeddings @ self.weights.T + self.bias)

    def scaled(self, slope: FloatArray | float, offset: FloatArray | float) -> Linear:
        """Give the head whose logits are `slope` · logit + `offset`, one each an output or one for all."""
        slopes = np.broadcast_to(slope, self.bias.shape)
        return Linear(self.weights * slopes[:, None], self.bias * slopes + offset)

    def tensors(self, name: str) -> dict[str, NDArray[np.float32]]:
        """Give the tensors of a weight file, `name`.weight and `name`.bias."""
        return {
            f"{name}.weight": self.weights.astype(np.float32, order="C"),
            f"{name}.bias": self.bias.astype(np.float32, order="C"),
        }


def own_head(card: ModelCard, name: str) -> Linear:
    """Load a head of a model, such as `genre_head`. Raises `TaggerError` where none reads embeddings."""
    weights = load_file(os.path.join(card.folder, WEIGHTS_FILE))
    if f"{name}.weight" not in weights:
        raise TaggerError(f"{card.id}: has no {name} that reads embeddings")
    return Linear(*(weights[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias")))


def fit_yes_no(
    embeddings: FloatArray, targets: FloatArray, shrinkage: float, counts: FloatArray | None = None
) -> Linear:
    """Fit outputs that are each asked by themselves (logistic regression).

    `targets` (n, n_outputs) are the wanted probabilities, 0–1. `shrinkage` weighs half the squared length of
    each output's weights, for embeddings of unit variance, against the sum of the losses. `counts` (n,) says
    how much each row counts.

    >>> head = fit_yes_no(np.array([[-1.0], [1.0]]), np.array([[0.2], [0.8]]), shrinkage=1e-9)
    >>> np.round(1 / (1 + np.exp(-head.logits(np.array([[1.0]])))), 3)
    array([[0.8]])
    """

    def loss(logits: Tensor, wanted: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(dim=1)

    return _fitted(embeddings, targets.astype(np.float64), shrinkage, counts, loss)


def fit_classes(
    embeddings: FloatArray,
    classes: NDArray[np.int_],
    n_classes: int,
    shrinkage: float,
    counts: FloatArray | None = None,
) -> Linear:
    """Fit classes (n,) that exclude each other (multinomial logistic regression); else as `fit_yes_no`."""
    return _fitted(embeddings, np.eye(n_classes)[classes], shrinkage, counts, _share_losses)


def fit_labels(
    embeddings: FloatArray, labels: NDArray[np.bool_], shrinkage: float, counts: FloatArray | None = None
) -> Linear:
    """Fit classes of which a row may have several, and some of which nobody said which they are.

    `labels` (n, n_labels, n_classes) are as of `targets.Targets`; else as `fit_classes`.
    """
    return _fitted(embeddings, labels, shrinkage, counts, genre_losses)


def fit_shares(
    embeddings: FloatArray, shares: FloatArray, shrinkage: float, counts: FloatArray, beside: Linear
) -> Linear:
    """Fit what added to the head `beside` makes its classes as likely as `shares`, (n, n_classes).

    Gives the sum of both; `shrinkage` is that of what is added. Else as `fit_classes`.

    >>> embeddings, nothing = np.array([[-1.0], [1.0]]), Linear(np.zeros((2, 1)), np.zeros(2))
    >>> head = fit_shares(embeddings, np.array([[0.9, 0.1], [0.2, 0.8]]), 1e-9, np.ones(2), nothing)
    >>> from tagger.heads import softmax
    >>> softmax(head.logits(embeddings)).round(2).tolist()
    [[0.9, 0.1], [0.2, 0.8]]
    """
    return _fitted(embeddings, shares, shrinkage, counts, _share_losses, beside)


def _share_losses(logits: Tensor, wanted: Tensor) -> Tensor:
    return -(logits.log_softmax(dim=1) * wanted).sum(dim=1)


def _fitted(
    embeddings: FloatArray,
    targets: NDArray[Any],
    shrinkage: float,
    counts: FloatArray | None,
    loss: Loss,
    beside: Linear | None = None,
) -> Linear:
    """Minimise the sum of the losses and the shrinkage: convex, so the same data give the same head."""
    mean, spread = embeddings.mean(axis=0), embeddings.std(axis=0) + LEAST_SPREAD
    x, wanted = torch.from_numpy((embeddings - mean) / spread), torch.from_numpy(targets)
    count = torch.from_numpy(np.ones(len(x)) if counts is None else counts)
    weights = torch.zeros(x.shape[1], wanted.shape[-1], dtype=torch.float64)
    bias = torch.zeros(wanted.shape[-1], dtype=torch.float64)

    given = torch.from_numpy(beside.logits(embeddings)) if beside else torch.zeros_like(bias)

    def total() -> Tensor:
        logits = given + x @ weights + bias
        return (loss(logits, wanted) * count).sum() + shrinkage / 2 * weights.square().sum()

    _minimise(total, [weights, bias])
    scaled = weights.numpy().T / spread
    added = Linear(scaled, bias.numpy() - scaled @ mean)
    return Linear(beside.weights + added.weights, beside.bias + added.bias) if beside else added


def _minimise(total: Callable[[], Tensor], parameters: Sequence[Tensor]) -> None:
    """Find the parameters, in place, for which `total` is least."""
    for parameter in parameters:
        parameter.requires_grad_(True)
    down = torch.optim.LBFGS(parameters, max_iter=MOST_STEPS, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        down.zero_grad()
        value = total()
        value.backward()
        return value

    down.step(closure)
    for parameter in parameters:
        parameter.requires_grad_(False)


# Calibration, on clips that the head was not fitted to.


def platt(
    logits: FloatArray, truth: NDArray[np.bool_], counts: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Fit slopes and offsets (n_outputs,) that make logits (n, n_outputs) those of calibrated probabilities.

    Platt 1999 ("Probabilistic outputs for support vector machines"), with his targets, which are a little
    within 0 and 1: an output that no clip contradicts would be sure beyond reason. `truth` (n, n_outputs).
    """
    n_yes, n_no = truth.sum(axis=0), (~truth).sum(axis=0)
    wanted = torch.from_numpy(np.where(truth, (n_yes + 1) / (n_yes + 2), 1 / (n_no + 2)))
    x = torch.from_numpy(logits.astype(np.float64))
    count = (
        torch.ones(len(x), 1, dtype=torch.float64) if counts is None else torch.from_numpy(counts)[:, None]
    )
    slope = torch.ones(x.shape[1], dtype=torch.float64)
    offset = torch.zeros(x.shape[1], dtype=torch.float64)

    def total() -> Tensor:
        return F.binary_cross_entropy_with_logits(x * slope + offset, wanted, count, reduction="sum")

    _minimise(total, [slope, offset])
    return slope.numpy(), offset.numpy()


def softmax_slope(logits: FloatArray, classes: NDArray[np.int_], counts: FloatArray | None = None) -> float:
    """Fit the factor of logits (n, n_classes) for which the true classes (n,) are likeliest.

    It is one over the temperature of Guo et al. 2017 ("On calibration of modern neural networks").
    """
    x, wanted = torch.from_numpy(logits), torch.from_numpy(classes)
    count = torch.from_numpy(np.ones(len(x)) if counts is None else counts)
    slope = torch.ones(1, dtype=torch.float64)

    def total() -> Tensor:
        return (F.cross_entropy(x * slope, wanted, reduction="none") * count).sum()

    _minimise(total, [slope])
    return float(slope.item())


def unseen_logits(
    fit: Callable[[NDArray[np.int_]], Linear],
    embeddings: FloatArray,
    classes: NDArray[np.int_],
    groups: Sequence[str],
    n_folds: int,
    seed: int = 0,
) -> tuple[FloatArray, NDArray[np.int_]]:
    """Answer each row by a head that was fitted to no row of its group.

    `fit` makes a head of the rows at some places. The rows are dealt out to `n_folds`, groups whole, and
    `classes` (n,) evenly. Gives logits (n, n_outputs) and the fold of each row, (n,).
    """
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    fold_of = np.zeros(len(embeddings), int)
    parts: dict[int, FloatArray] = {}
    for fold, (others, own) in enumerate(folds.split(embeddings, classes, groups)):
        fold_of[own] = fold
        parts[fold] = fit(others).logits(embeddings[own])
    logits = np.zeros((len(embeddings), next(iter(parts.values())).shape[1]))
    for fold, part in parts.items():
        logits[fold_of == fold] = part
    return logits, fold_of
