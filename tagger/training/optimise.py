"""The one way in which weights are learned: optimiser, learning rate, averaged weights, and the steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel

RISING = 0.1
"""The share of the steps in which the learning rate rises, before it falls."""

LARGEST_GRADIENT = 5.0
"""The norm to which gradients are cut in networks that learn from sound."""

_AVERAGE_WARM_UP = 10
"""In the first steps the average forgets faster, by about this number of steps: the beginning is no good."""

Batch = TypeVar("Batch")
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, slots=True, eq=False)
class Descent(Generic[Net]):
    """A network on its way down, with all that a step needs and a checkpoint keeps.

    `averaged` follows the weights and running statistics of `network`. Gradients of the network are cut to
    the norm `largest_gradient`.
    """

    network: Net
    averaged: AveragedModel
    optimiser: Optimizer
    schedule: LRScheduler
    largest_gradient: float = math.inf

    @property
    def result(self) -> Net:
        """The network with the averaged weights."""
        return cast(Net, self.averaged.module)


def descent(
    network: Net,
    optimiser: Optimizer,
    schedule: LRScheduler,
    average_decay: float = 0.0,
    largest_gradient: float = math.inf,
) -> Descent[Net]:
    """Make the descent of `network`, whose averaged weights decay by `average_decay` (0–1) a step."""
    averaged = AveragedModel(network, multi_avg_fn=_moving_average(average_decay), use_buffers=True)
    return Descent(network, averaged, optimiser, schedule, largest_gradient)


def optimise(descent: Descent[Net], batches: Iterable[Batch], loss: Callable[[Batch], Tensor]) -> float:
    """Take one step down the gradient of `loss` for each batch; gives the mean loss, NaN without a batch.

    >>> network = nn.Linear(1, 1)
    >>> sgd = torch.optim.SGD(network.parameters(), 0.1)
    >>> down = descent(network, sgd, constant(sgd))
    >>> losses = [optimise(down, range(9), lambda _: network(torch.ones(1)).square().sum()) for _ in "ab"]
    >>> losses[1] < losses[0]
    True
    """
    total, n_batches = torch.zeros(()), 0
    for batch in batches:
        value = loss(batch)
        descent.optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(descent.network.parameters(), descent.largest_gradient)
        descent.optimiser.step()
        descent.schedule.step()
        descent.averaged.update_parameters(descent.network)
        total, n_batches = total.to(value.device) + value.detach(), n_batches + 1
    return float(total) / n_batches if n_batches else math.nan


def one_cycle(optimiser: Optimizer, steps: int, rising: float = RISING) -> LRScheduler:
    """Schedule the rate to rise for the share `rising` of the steps, then to fall (Smith & Topin 2018).

    Too few steps to rise in begin at the highest rate and fall by a cosine: `OneCycleLR` divides by the
    number of steps between the first and the highest, or leaves the highest out.
    """
    if rising * steps <= 1:
        return CosineAnnealingLR(optimiser, T_max=max(1, steps))
    rate = optimiser.param_groups[0]["lr"]
    return OneCycleLR(optimiser, rate, total_steps=steps, pct_start=rising)


def constant(optimiser: Optimizer) -> LRScheduler:
    """Keep the learning rate as it is."""
    return ConstantLR(optimiser, factor=1.0)


def _moving_average(
    decay: float,
) -> Callable[[tuple[Tensor, ...] | list[Tensor], tuple[Tensor, ...] | list[Tensor], Tensor | int], None]:
    """Average exponentially, with a decay that is less in the first steps; whole numbers are taken over."""

    @torch.no_grad()
    def average(
        slow: tuple[Tensor, ...] | list[Tensor],
        fast: tuple[Tensor, ...] | list[Tensor],
        n_averaged: Tensor | int,
    ) -> None:
        n = int(n_averaged)
        kept = min(decay, n / (n + _AVERAGE_WARM_UP))
        for old, new in zip(slow, fast, strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - kept)
            else:
                old.copy_(new)

    return average
