"""The training run: batches, optimiser, averaged weights, checkpoints."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tagger.errors import TaggerError
from tagger.model_card import FILTER_BANK, check_weights, load_card
from tagger.nets import NetOutput, Network, build, keep_freed_memory
from tagger.training import augment
from tagger.training.corpus import Corpus
from tagger.training.log import log_path, log_row, read_log
from tagger.training.settings import Settings
from tagger.training.tasks import GENRE_AND_ENERGY, Task

log = logging.getLogger(__name__)

BEST = ".best"
"""Ends the name of the file beside the checkpoint that keeps the weights which were nearest to the aim."""


def train(
    corpus: Corpus,
    valid: Corpus,
    settings: Settings,
    device: torch.device,
    checkpoint: str,
    resume: bool,
    task: Task = GENRE_AND_ENERGY,
) -> Network:
    """The trained network with averaged weights, on `device`; a checkpoint is written after each epoch.

    Every fifth epoch, and after the last, it is looked how near the aim of the task is on `valid`; the
    weights are those that were nearest. After `settings.patience` looks that were no nearer, training ends
    early. No epoch at all leaves the weights where they start. Raises `TaggerError` for a checkpoint of
    another run, and where the loss is no number any more.
    """
    keep_freed_memory()
    _seed(settings.seed, 0)
    run = _Run(corpus, settings, device, task)
    averaged: Network = run.averaged
    start = run.load(checkpoint) if resume and os.path.exists(checkpoint) else 0
    if not start:
        _forget(checkpoint)
    elif any(_is_looked_at(n + 1, settings) for n in range(start)) and not os.path.exists(checkpoint + BEST):
        raise TaggerError(f"{checkpoint}{BEST}: is gone, and the best weights with it; leave out --resume")
    if not settings.epochs:
        return averaged
    for epoch in range(start, settings.epochs):
        if _looks_in_vain(checkpoint, task.aim) >= settings.patience:
            log.info("no better for %d looks: ends with the best weights", settings.patience)
            break
        began, loss = time.perf_counter(), run.epoch(epoch)
        if not math.isfinite(loss):
            raise TaggerError(f"the loss of epoch {epoch + 1} is no number; try a lower --learning-rate")
        row = {"epoch": epoch + 1, "loss": loss, "seconds": time.perf_counter() - began}
        if is_looked_at := _is_looked_at(epoch + 1, settings):
            row |= task.measure(averaged, valid, device)
        log.info("epoch %d %s", epoch + 1, {name: round(value, 3) for name, value in row.items()})
        log_row(log_path(checkpoint), row)
        if is_looked_at and _looks_in_vain(checkpoint, task.aim) == 0:
            _write(averaged.state_dict(), checkpoint + BEST)
        run.save(checkpoint, epoch + 1)
    averaged.load_state_dict(_read(checkpoint + BEST, device))
    return averaged


def _is_looked_at(epoch: int, settings: Settings) -> bool:
    """Of an epoch counted from 1."""
    return epoch % 5 == 0 or epoch == settings.epochs


def _write(values: dict[str, Any], path: str) -> None:
    """All of it in place of what is there, or nothing."""
    try:
        torch.save(values, path + ".new")
        os.replace(path + ".new", path)
    except (OSError, RuntimeError) as error:  # of a full disk PyTorch tells only that a length is wrong
        reason = str(error).splitlines()[0]
        raise TaggerError(f"{path}: cannot be written ({reason}); is the disk full?") from None


def _read(path: str, device: torch.device) -> dict[str, Any]:
    try:
        return dict(torch.load(path, map_location=device, weights_only=True))
    except Exception:  # of damage PyTorch tells by half a dozen kinds of error
        raise TaggerError(f"{path}: cannot be read; leave out --resume") from None


def _seed(seed: int, part: int) -> None:
    """Begins one part of a run anew with random numbers of its own."""
    number = (seed + 1_000_003 * part) % 2**32
    torch.manual_seed(number)
    np.random.seed(number)


def _looks_in_vain(checkpoint: str, aim: str) -> int:
    """How many of the last looks in the log were no nearer to the aim than the best before them."""
    seen = read_log(log_path(checkpoint)).get(aim.removeprefix("-"), np.zeros(0))
    seen = seen[~np.isnan(seen)] * (-1 if aim.startswith("-") else 1)
    return len(seen) - 1 - int(seen.argmax()) if len(seen) else 0


def _forget(checkpoint: str) -> None:
    """Another run's log must not end this one early."""
    for path in (log_path(checkpoint), checkpoint + BEST):
        with suppress(FileNotFoundError):
            os.remove(path)


def weights_of(model: str) -> dict[str, Tensor]:
    """Those of an installed model, or of one in a folder, without its tempo head."""
    weights = load_file(check_weights(load_card(model)))
    return {
        name: t for name, t in weights.items() if name != FILTER_BANK and not name.startswith("tempo_head.")
    }


def _go_on_from(network: Network, models: Sequence[str], genres: Sequence[str]) -> None:
    """From the mean of their weights (Wortsman et al. 2022, "Model soups")."""
    mean = {name: torch.zeros_like(w, dtype=torch.float64) for name, w in network.state_dict().items()}
    for model in models:
        heard = load_card(model).genres
        if heard and heard != tuple(genres):
            other = ", ".join(sorted({*heard} ^ {*genres})) or "another order"
            raise TaggerError(f"{model}: hears other genres than the data has: {other}")
        try:
            network.load_state_dict(weights_of(model))
        except RuntimeError:
            raise TaggerError(f"{model}: is of another size or shape; give the --size that it has") from None
        for name, weights in network.state_dict().items():
            mean[name] += weights / len(models)
    network.load_state_dict(mean)


class _Run:
    """Network, averaged copy, optimiser and schedule of one run."""

    def __init__(self, corpus: Corpus, settings: Settings, device: torch.device, task: Task) -> None:
        self.corpus, self.settings, self.device = corpus, settings, device
        self.targets = corpus.targets.to(device)
        network = build(settings.network, corpus.log_mels.n_mels, len(corpus.genres))
        task.prepare(network)
        if settings.start_from:
            _go_on_from(network, settings.start_from, corpus.genres)
        self.network: Network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.network)
        self.losses = task.losses(self.network, settings).to(device)
        parameters = [p for p in (*self.network.parameters(), *self.losses.parameters()) if p.requires_grad]
        steps = max(1, settings.epochs) * math.ceil(len(corpus.clips) / settings.batch_size)
        self.optimiser, self.schedule = _optimiser(parameters, settings, steps)
        self.identity = _identity(corpus, settings)

    def epoch(self, epoch: int) -> float:
        """One pass over all clips; the mean loss. Its random numbers are its own, so that a resumed run ends
        like a whole one."""
        _seed(self.settings.seed, epoch + 1)
        self.network.train()
        total = torch.zeros((), device=self.device)
        batches = list(self._batches())
        for index in batches:
            loss = self._step(index)
            total += loss
        return float(total) / len(batches)

    def _step(self, index: Tensor) -> Tensor:
        log_mels = self.corpus.log_mels.rows(index.tolist())
        crops = augment.random_crops(log_mels, self.settings.crop_frames, self.settings.stretch)
        crops = crops.to(self.device).float()
        if self.settings.augment:
            crops = augment.augment(crops)
        targets, other = self.targets.rows(index), torch.randperm(len(index), device=self.device)
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
        order = torch.randperm(len(self.corpus.clips))
        yield from (b for b in order.split(self.settings.batch_size) if len(b) > 1)

    def save(self, path: str, epoch: int) -> None:
        parts = {name: getattr(self, name).state_dict() for name in self._parts()}
        _write({"run": self.identity, "epoch": epoch, **parts}, path)

    def load(self, path: str) -> int:
        """The epoch to go on with."""
        stored = _read(path, self.device)
        if stored.get("run") != self.identity:
            raise TaggerError(f"{path}: is of a run on other data or with other options; leave out --resume")
        for name in self._parts():
            getattr(self, name).load_state_dict(stored[name])
        return int(stored["epoch"])

    @staticmethod
    def _parts() -> tuple[str, ...]:
        return ("network", "averaged", "losses", "optimiser", "schedule")


def _identity(corpus: Corpus, settings: Settings) -> str:
    """Tells a run from others: its settings, its genres and its clips."""
    clips = sorted(f"{clip.dataset} {clip.path}" for clip in corpus.clips)
    described = json.dumps([asdict(settings), corpus.genres, clips])
    return hashlib.sha256(described.encode("utf-8", "surrogateescape")).hexdigest()


def _optimiser(
    parameters: Sequence[nn.Parameter], settings: Settings, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    rate = settings.learning_rate
    if settings.optimiser == "sgd":
        descent = torch.optim.SGD(parameters, rate)
        return descent, torch.optim.lr_scheduler.ConstantLR(descent, factor=1.0)
    adamw = torch.optim.AdamW(parameters, rate, weight_decay=settings.weight_decay)
    return adamw, torch.optim.lr_scheduler.OneCycleLR(adamw, rate, total_steps=steps, pct_start=0.1)
