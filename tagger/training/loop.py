"""The training run: batches, optimiser, averaged weights, checkpoints."""

from __future__ import annotations

import copy
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from tagger.audio.spans import split_starts
from tagger.errors import TaggerError
from tagger.features import fit_frames
from tagger.model_card import FILTER_BANK, check_weights, load_card
from tagger.nets import CRNN, NetOutput, build, keep_freed_memory
from tagger.predict import WINDOWS_AT_ONCE
from tagger.training import augment
from tagger.training.clips import FRONT_END, GENRES, Clip
from tagger.training.log import log_path, log_row
from tagger.training.metrics import figures
from tagger.training.targets import Losses, Targets

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
    seed: int = 0
    start_from: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Clips with their log-mels, (n, n_mels, longest) float16 and true `lengths` in frames, and targets."""

    clips: Sequence[Clip]
    log_mels: Tensor
    lengths: Tensor
    targets: Targets

    def rows(self, index: Sequence[int]) -> Corpus:
        at = torch.tensor(index)
        return Corpus(
            [self.clips[i] for i in index], self.log_mels[at], self.lengths[at], self.targets.rows(at)
        )

    def to(self, device: torch.device) -> Corpus:
        return Corpus(self.clips, self.log_mels.to(device), self.lengths.to(device), self.targets.to(device))


def stack(clips: Sequence[Clip], log_mels: Sequence[NDArray[np.float16]], targets: Targets) -> Corpus:
    """Pads the log-mels to one length so that a batch is one gather."""
    lengths = torch.tensor([m.shape[1] for m in log_mels])
    padded = torch.zeros(len(clips), FRONT_END.n_mels, int(lengths.max()), dtype=torch.float16)
    for row, spectrogram in zip(padded, log_mels, strict=True):
        row[:, : spectrogram.shape[1]] = torch.from_numpy(spectrogram.copy())
    return Corpus(clips, padded, lengths, targets)


def train(
    corpus: Corpus, valid: Corpus, settings: Settings, device: torch.device, checkpoint: str, resume: bool
) -> CRNN:
    """The trained network with averaged weights, on `device`; a checkpoint is written after each epoch."""
    keep_freed_memory()
    torch.manual_seed(settings.seed)
    np.random.seed(settings.seed)
    run = _Run(corpus.to(device), settings, device)
    averaged: CRNN = run.averaged
    start = run.load(checkpoint) if resume and os.path.exists(checkpoint) else 0
    for epoch in range(start, settings.epochs):
        began, loss = time.perf_counter(), run.epoch(epoch)
        row = {"epoch": epoch + 1, "loss": loss, "seconds": time.perf_counter() - began}
        if epoch % 5 == 4 or epoch == settings.epochs - 1:
            row |= figures(valid.clips, *answers(averaged, valid, device))
        log.info("epoch %d %s", epoch + 1, {name: round(value, 3) for name, value in row.items()})
        log_row(log_path(checkpoint), row)
        run.save(checkpoint, epoch + 1)
    return averaged


def answers(
    network: CRNN, corpus: Corpus, device: torch.device, temperature: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Genre probabilities (n, n_genres) and raw energy (n,) of whole clips, windows averaged as in a scan."""
    return pooled(*window_answers(network, corpus, device), temperature)


def window_answers(network: CRNN, corpus: Corpus, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Genre logits (n_windows, n_genres), raw energy (n_windows,) and the row of each window's clip."""
    network.eval()
    windows, owner = _windows(corpus)
    logits, energy = [], []
    with torch.inference_mode():
        for batch in windows.split(WINDOWS_AT_ONCE[device.type]):
            output = network(batch.to(device).float())
            logits.append(output.genre_logits.cpu())
            energy.append(output.energy.cpu())
    return torch.cat(logits), torch.cat(energy), owner


def pooled(
    logits: Tensor, energy: Tensor, owner: Tensor, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean over the windows of each clip of what `window_answers` gives, as in a scan."""
    columns = torch.cat([(logits / temperature).softmax(1), energy.unsqueeze(1)], 1)
    n_windows = owner.bincount()
    sums = torch.zeros(len(n_windows), columns.shape[1]).index_add_(0, owner, columns)
    means = (sums / n_windows.unsqueeze(1)).double().numpy()
    return means[:, :-1], means[:, -1]


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


def _windows(corpus: Corpus) -> tuple[Tensor, Tensor]:
    """All scan windows of the clips, (n_windows, n_mels, n_frames), and the row of each one's clip."""
    n_frames, windows, owner = FRONT_END.n_frames, [], []
    for row, (spectrogram, length) in enumerate(zip(corpus.log_mels, corpus.lengths, strict=True)):
        whole = spectrogram[:, : int(length)].cpu().numpy()
        for start in split_starts(int(length), n_frames):
            windows.append(torch.from_numpy(fit_frames(whole[:, start : start + n_frames], n_frames).copy()))
            owner.append(row)
    return torch.stack(windows), torch.tensor(owner)
