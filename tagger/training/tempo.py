"""Trains the tempo head: annotated clips, made-up rhythms, and copies of both at other speeds."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.nets.crnn import remove_level
from tagger.nets.tempo import FIRST_BPM, LAST_BPM, TempoHead
from tagger.training.augment import FLOOR_DB, equalise, gain, low_pass

log = logging.getLogger(__name__)

TOLERANCE = 0.02
"""Standard deviation of the soft target around the annotated tempo: half of what Acc1 forgives."""


@dataclass(frozen=True, slots=True)
class TempoSettings:
    """Each batch holds `batch_size` crops, `made_up` of them of made-up rhythms; speeds vary by up to
    a factor of `stretch`."""

    steps: int = 3000
    batch_size: int = 48
    made_up: int = 20
    stretch: float = 1.35
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    average_decay: float = 0.998
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TempoExamples:
    """Log-mels (n_mels, any length) float16 in dB, and their tempos (n,) in BPM."""

    log_mels: Sequence[NDArray[np.float16]]
    bpm: Sequence[float]


def train_tempo(
    head: TempoHead, real: TempoExamples, made_up: TempoExamples, n_frames: int, settings: TempoSettings
) -> TempoHead:
    """The trained head, its weights averaged over the last steps."""
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    averaged = copy.deepcopy(head)
    optimiser = torch.optim.AdamW(
        head.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    head.train()
    for step in range(settings.steps):
        crops, bpm = _batch(random, real, made_up, n_frames, settings)
        loss = tempo_loss(head(remove_level(_altered(crops))), bpm)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        _average(averaged, head, min(settings.average_decay, step / (step + 10)))
        if step % 250 == 249:
            log.info("tempo step %d loss %.3f", step + 1, float(loss))
    return averaged.eval()


def tempo_loss(logits: Tensor, bpm: Tensor) -> Tensor:
    """Cross-entropy with a bell of 2 % around the true tempo in place of one class; the mean."""
    classes = torch.arange(FIRST_BPM, LAST_BPM + 1, device=logits.device)
    distance = (classes / bpm.unsqueeze(1)).log() / TOLERANCE
    target = (-0.5 * distance.square()).softmax(dim=1)
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


def _batch(
    random: np.random.Generator,
    real: TempoExamples,
    made_up: TempoExamples,
    n_frames: int,
    settings: TempoSettings,
) -> tuple[Tensor, Tensor]:
    """Crops (batch, n_mels, n_frames) in dB and their tempos (batch,)."""
    chosen = [(real, i) for i in random.integers(0, len(real.bpm), settings.batch_size - settings.made_up)]
    chosen += [(made_up, i) for i in random.integers(0, len(made_up.bpm), settings.made_up)]
    crops, tempos = [], []
    for examples, i in chosen:
        log_mel, bpm = examples.log_mels[i], examples.bpm[i]
        speed = float(settings.stretch ** random.uniform(-1, 1))
        speed = min(max(speed, FIRST_BPM / bpm), LAST_BPM / bpm)
        crops.append(_crop(random, log_mel, n_frames, speed))
        tempos.append(bpm * speed)
    return torch.from_numpy(np.stack(crops)), torch.tensor(tempos, dtype=torch.float32)


def _crop(
    random: np.random.Generator, log_mel: NDArray[np.float16], n_frames: int, speed: float
) -> NDArray[np.float32]:
    """From a random place, `speed` times as fast; what is too short is followed by silence."""
    length = log_mel.shape[1]
    spare = max(0.0, length - 1 - speed * n_frames)
    position = random.uniform(0, spare) + speed * np.arange(n_frames)
    low = np.minimum(position.astype(int), length - 2)
    share = np.clip(position - low, 0, 1).astype(np.float32)
    crop = log_mel[:, low] * (1 - share) + log_mel[:, low + 1] * share
    crop[:, position > length - 1] = FLOOR_DB
    return np.asarray(crop, dtype=np.float32)


def _altered(crops: Tensor) -> Tensor:
    return low_pass(equalise(gain(crops)))


def _average(slow: TempoHead, fast: TempoHead, decay: float) -> None:
    with torch.no_grad():
        for a, b in zip(slow.state_dict().values(), fast.state_dict().values(), strict=True):
            if a.is_floating_point():
                a.lerp_(b, 1 - decay)
            else:
                a.copy_(b)
