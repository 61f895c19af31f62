"""The training run: batches, optimiser, averaged weights, checkpoints."""

from __future__ import annotations

import copy
import logging
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tagger.errors import TaggerError
from tagger.model_card import FILTER_BANK, check_weights, load_card
from tagger.nets import CRNN, NetOutput, build, keep_freed_memory
from tagger.training import augment
from tagger.training.answers import answers
from tagger.training.clips import FRONT_END, GENRES
from tagger.training.corpus import Corpus
from tagger.training.log import log_path, log_row, read_log
from tagger.training.metrics import figures
from tagger.training.targets import Losses

log = logging.getLogger(__name__)

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

    Crops are shorter than a scan's windows: it halves the work, and attention pooling does not mind.
    `mixup` is the alpha of the Beta distribution (Zhang et al. 2018), `distil` the teacher's weight.
    `start_from` names a model of the same network to go on from, where it is not empty.
    """

    network: dict[str, Any] = field(default_factory=lambda: dict(STANDARD))
    epochs: int = 80
    batch_size: int = 64
    crop_frames: int = 288
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    mixup: float = 0.2
    distil: float = 1.5
    average_decay: float = 0.998
    patience: int = 6
    seed: int = 0
    start_from: str = ""


def train(
    corpus: Corpus, valid: Corpus, settings: Settings, device: torch.device, checkpoint: str, resume: bool
) -> CRNN:
    """The trained network with averaged weights, on `device`; a checkpoint is written after each epoch.

    Where the mean average precision on `valid` has not risen for `settings.patience` looks at it, five
    epochs apart, training ends early with the weights that were best.
    """
    keep_freed_memory()
    torch.manual_seed(settings.seed)
    np.random.seed(settings.seed)
    run = _Run(corpus.to(device), settings, device)
    averaged: CRNN = run.averaged
    start = run.load(checkpoint) if resume and os.path.exists(checkpoint) else 0
    for epoch in range(start, settings.epochs):
        began, loss = time.perf_counter(), run.epoch(epoch)
        row = {"epoch": epoch + 1, "loss": loss, "seconds": time.perf_counter() - began}
        if is_looked_at := epoch % 5 == 4 or epoch == settings.epochs - 1:
            row |= figures(valid.clips, *answers(averaged, valid, device))
        log.info("epoch %d %s", epoch + 1, {name: round(value, 3) for name, value in row.items()})
        log_row(log_path(checkpoint), row)
        run.save(checkpoint, epoch + 1)
        if is_looked_at and _ends_early(averaged, checkpoint, settings.patience):
            log.info("no better for %d looks: ends with the best weights", settings.patience)
            break
    return averaged


def _ends_early(averaged: CRNN, checkpoint: str, patience: int) -> bool:
    """Keeps the weights if they are the best so far; if none were for `patience` looks, loads the best."""
    best = checkpoint + ".best"
    seen = read_log(log_path(checkpoint)).get("genre_map", np.zeros(0))
    seen = seen[~np.isnan(seen)]
    since = len(seen) - 1 - int(seen.argmax()) if len(seen) else 0
    if since == 0:
        torch.save(averaged.state_dict(), best)
    elif since >= patience and os.path.exists(best):
        averaged.load_state_dict(torch.load(best, weights_only=True))
        return True
    return False


def weights_of(model: str) -> dict[str, Tensor]:
    """Those of an installed model, or of one in a folder, without its tempo head."""
    weights = load_file(check_weights(load_card(model)))
    return {
        name: t for name, t in weights.items() if name != FILTER_BANK and not name.startswith("tempo_head.")
    }


def _go_on_from(network: CRNN, model: str) -> None:
    try:
        network.load_state_dict(weights_of(model))
    except RuntimeError:
        raise TaggerError(f"{model}: is of another size or shape; give the --size that it has") from None


class _Run:
    """Network, averaged copy, optimiser and schedule of one run."""

    def __init__(self, corpus: Corpus, settings: Settings, device: torch.device) -> None:
        self.corpus, self.settings, self.device = corpus, settings, device
        network = build(settings.network, FRONT_END.n_mels, len(GENRES))
        if settings.start_from:
            _go_on_from(network, settings.start_from)
        self.network: CRNN = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.network)
        self.losses = Losses(self.network.embedding_dim, settings.distil).to(device)
        parameters = [*self.network.parameters(), *self.losses.parameters()]
        self.optimiser = torch.optim.AdamW(
            parameters, settings.learning_rate, weight_decay=settings.weight_decay
        )
        steps = settings.epochs * math.ceil(len(corpus.clips) / settings.batch_size)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, settings.learning_rate, total_steps=steps, pct_start=0.1
        )

    def epoch(self, epoch: int) -> float:
        """One pass over all clips; the mean loss."""
        self.network.train()
        total = torch.zeros((), device=self.device)
        batches = list(self._batches())
        for index in batches:
            loss = self._step(index)
            total += loss
        return float(total) / len(batches)

    def _step(self, index: Tensor) -> Tensor:
        corpus = self.corpus
        crops = augment.random_crops(corpus.log_mels[index], corpus.lengths[index], self.settings.crop_frames)
        crops = augment.augment(crops)
        targets, other = corpus.targets.rows(index), torch.randperm(len(index), device=self.device)
        share = (
            float(np.random.beta(self.settings.mixup, self.settings.mixup)) if self.settings.mixup else 1.0
        )
        with torch.autocast(self.device.type, torch.bfloat16):
            output = NetOutput(
                *(part.float() for part in self.network(share * crops + (1 - share) * crops[other]))
            )
        loss: Tensor = share * self.losses(output, targets) + (1 - share) * self.losses(
            output, targets.rows(other)
        )
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.schedule.step()
        self._average()
        return loss.detach()

    def _average(self) -> None:
        """Exponential moving average of all weights and running statistics."""
        decay = min(self.settings.average_decay, self.schedule.last_epoch / (self.schedule.last_epoch + 10))
        with torch.no_grad():
            pairs = zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True)
            for slow, fast in pairs:
                if slow.is_floating_point():
                    slow.lerp_(fast, 1 - decay)
                else:
                    slow.copy_(fast)

    def _batches(self) -> Iterator[Tensor]:
        order = torch.randperm(len(self.corpus.clips), device=self.device)
        yield from (b for b in order.split(self.settings.batch_size) if len(b) > 1)

    def save(self, path: str, epoch: int) -> None:
        parts = {name: getattr(self, name).state_dict() for name in self._parts()}
        torch.save({"epoch": epoch, **parts}, path + ".new")
        os.replace(path + ".new", path)

    def load(self, path: str) -> int:
        """The epoch to go on with."""
        stored = torch.load(path, map_location=self.device, weights_only=True)
        for name in self._parts():
            getattr(self, name).load_state_dict(stored[name])
        return int(stored["epoch"])

    @staticmethod
    def _parts() -> tuple[str, ...]:
        return ("network", "averaged", "losses", "optimiser", "schedule")
