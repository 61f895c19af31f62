"""The numbers that decide the outcome of a training run, and the networks that ship."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

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


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the outcome of a run.

    Crops run up to `stretch` faster or slower. They are shorter than a scan's windows: it halves the
    work, and attention pooling does not mind. `mixup` is the alpha of the Beta distribution (Zhang et
    al. 2018), `distil` the teacher's weight. `start_from` names a model of the same network to go on
    from, where it is not empty. `optimiser` is AdamW under a one-cycle schedule, or plain gradient
    descent at a constant rate.
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
    distil: float = 1.5
    average_decay: float = 0.998
    patience: int = 6
    seed: int = 0
    start_from: str = ""
