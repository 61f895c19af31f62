"""The numbers that decide the outcome of a training run, and the networks that ship."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tagger.errors import TaggerError

STANDARD = {
    "name": "crnn",
    "channels": [24, 48, 64, 96, 128],
    "blocks": [0, 0, 1, 1, 1],
    "hidden": 96,
    "embedding_dim": 192,
    "dropout": 0.3,
}
"""The network of the standard model, as its `model.json` will say."""

SMALL = {
    "name": "crnn",
    "channels": [12, 24, 32, 40, 44],
    "blocks": [0, 0, 0, 1, 1],
    "hidden": 40,
    "embedding_dim": 64,
    "dropout": 0.15,
}
"""For a Raspberry Pi: under 150,000 parameters with the tempo head."""

SIZES = {"standard": STANDARD, "small": SMALL}

OPTIONS = ("epochs", "learning_rate", "seed")
"""Settings that have options of their own on the command line."""

LEAST = {"batch_size": 2}
MOST = {"dropout": 1.0, "average_decay": 1.0}
"""The limits of some numbers, beyond which a run would end in an error; else 1 and 0 are the least."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the outcome of a run.

    Crops run up to `stretch` faster or slower. They are shorter than a scan's windows: it halves the
    work, and attention pooling does not mind. `mixup` is the alpha of the Beta distribution (Zhang et
    al. 2018). `label_weight` is that of the genre labels among the losses, `distil` that of a
    teacher's answers, `soft_genre_weight` and `soft_arousal_weight` within it those of the probes on them.
    `start_from` names models of the same network to go on from: from the mean of their weights. `optimiser`
    is AdamW under a one-cycle schedule, or plain gradient descent at a constant rate.
    """

    network: dict[str, Any] = field(default_factory=lambda: dict(STANDARD))
    epochs: int = 80
    optimiser: Literal["adamw", "sgd"] = "adamw"
    batch_size: int = 64
    crop_frames: int = 288
    stretch: float = 0.08
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    augment: bool = True
    mixup: float = 0.2
    label_weight: float = 1.0
    distil: float = 1.5
    soft_genre_weight: float = 0.5
    soft_arousal_weight: float = 0.25
    average_decay: float = 0.998
    patience: int = 6
    seed: int = 0
    start_from: tuple[str, ...] = ()


def changed(settings: Settings, changes: Sequence[str]) -> Settings:
    """Change numbers in `settings` or in its network: "mixup=0", "dropout=0.1".

    Raises `TaggerError` for a name that is not among them, and for a value that is no number of its kind.

    >>> changed(Settings(), ["mixup=0", "dropout=0.1"]).network["dropout"]
    0.1
    """
    for change in changes:
        name, _, text = change.partition("=")
        in_network = _numbers(settings.network)
        numbers = {k: v for k, v in _numbers(asdict(settings)).items() if k not in OPTIONS} | in_network
        if name not in numbers:
            raise TaggerError(f"--set {change}: there is no {name!r}; change one of {', '.join(numbers)}")
        value = _number_like(name, numbers[name], text)
        if value is None:
            kind = "a whole number" if isinstance(numbers[name], int) else "a number"
            to = f"to {MOST[name]:g}" if name in MOST else "on"
            from_to = f"from {_least(name, numbers[name])} {to}"
            raise TaggerError(f"--set {change}: {name} takes {kind} {from_to}; it is {numbers[name]} now")
        changes_to: dict[str, Any] = {name: value}
        if name in in_network:
            changes_to = {"network": settings.network | changes_to}
        settings = replace(settings, **changes_to)
    return settings


def _numbers(values: dict[str, Any]) -> dict[str, int | float]:
    return {name: value for name, value in values.items() if type(value) in (int, float)}


def _number_like(name: str, example: int | float, text: str) -> int | float | None:
    """Read a number of the type of `example`; None where `text` is none, or too small or too large a one."""
    with suppress(ValueError):
        value = type(example)(text)
        if _least(name, example) <= value <= MOST.get(name, math.inf) and value < math.inf:
            return value
    return None


def _least(name: str, example: int | float) -> int:
    return LEAST.get(name, 1 if isinstance(example, int) else 0)
