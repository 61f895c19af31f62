"""Training of the tempo head: on annotated clips, made-up rhythms, and clips with pseudo-labels."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tagger.nets.crnn import TempoHead, tempo_classes
from tagger.nets.network import remove_level
from tagger.predict import TOLERANCE, tempo_and_confidence
from tagger.runtime.rhythm import FIRST_BPM, LAST_BPM
from tagger.training.augment import FLOOR_DB, equalise, gain, low_pass
from tagger.training.clips import FRONT_END
from tagger.training.corpus import Corpus
from tagger.training.log_mels import LogMels
from tagger.training.optimise import LARGEST_GRADIENT, descent, one_cycle, optimise
from tagger.training.tempo_examples import (
    TempoDistributions,
    TempoExamples,
    TempoFunction,
    annotated,
    consensus,
    made_up,
    pseudo_labels,
    soft_target,
    window_logits,
)

log = logging.getLogger(__name__)

LOG_EVERY = 250
"""Steps from one line in the log to the next."""


@dataclass(frozen=True, slots=True)
class TempoSettings:
    """The numbers that decide how a tempo head turns out.

    `steps` steps, or `first_steps` in a round before that. Each batch holds `batch_size` crops, `annotated`
    of them of annotated clips and `made_up` of the `rhythms` made-up ones; speeds vary by up to a factor of
    `stretch`.
    """

    first_steps: int = 1000
    steps: int = 2500
    rhythms: int = 1500
    batch_size: int = 48
    annotated: int = 12
    made_up: int = 8
    stretch: float = 1.3
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    average_decay: float = 0.998
    seed: int = 0


def train_tempo(
    corpus: Corpus,
    settings: TempoSettings,
    frame_rate_hz: float,
    jobs: int,
    distributions: TempoDistributions | None = None,
) -> TempoHead:
    """Train a tempo head on the clips of `corpus` with a tempo, on made-up rhythms and on pseudo-labels.

    `distributions` are another network's answers. Without them, the head and librosa's beat tracker
    estimate the other clips after a first round; those on which the two agree are learned from in the
    second round, which begins anew.
    """
    clips, log_mels = corpus.clips, corpus.log_mels
    certain, rhythms = annotated(clips, log_mels), made_up(settings.rhythms, jobs)
    more = pseudo_labels(clips, log_mels, distributions or {})
    if not len(more.bpm):
        first = _train((certain, more, rhythms), settings, settings.first_steps, frame_rate_hz)
        more = consensus(first, clips, log_mels, jobs)
    log.info("tempo: %d clips are annotated, %d have pseudo-labels", len(certain.bpm), len(more.bpm))
    return _train((certain, more, rhythms), settings, settings.steps, frame_rate_hz)


def fitted_tempo_temperature(tempo: TempoFunction, valid: Corpus) -> float:
    """Fit the temperature under which the confidence is nearest to the share that Acc1 finds right.

    Least cross-entropy over a grid (Guo et al. 2017); 1 where no clip is annotated.
    """
    examples = annotated(valid.clips, valid.log_mels)
    logits_of_clips = [window_logits(tempo, log_mel) for log_mel in examples.log_mels]

    def cross_entropy(temperature: float) -> float:
        shares = [
            (logits / temperature).softmax(dim=1).mean(dim=0).double().numpy() for logits in logits_of_clips
        ]
        estimates = np.array([tempo_and_confidence(share, FIRST_BPM) for share in shares])
        right = np.abs(estimates[:, 0] - examples.bpm.numpy()) <= TOLERANCE * examples.bpm.numpy()
        confidence = estimates[:, 1].clip(1e-6, 1 - 1e-6)
        return float(-np.where(right, np.log(confidence), np.log(1 - confidence)).mean())

    grid: list[float] = np.geomspace(0.5, 64.0, 57).tolist()
    return min(grid, key=cross_entropy) if logits_of_clips else 1.0


def tempo_loss(logits: Tensor, bpm: Tensor) -> Tensor:
    """Average the cross-entropy with soft targets around the true tempos, (n, 257) and (n,)."""
    return F.cross_entropy(logits, soft_target(bpm))


def _train(
    examples: tuple[TempoExamples, TempoExamples, TempoExamples],
    settings: TempoSettings,
    steps: int,
    frame_rate_hz: float,
) -> TempoHead:
    """Train a new head for `steps` steps; its weights are averaged over the last of them."""
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    head = TempoHead(FRONT_END.n_mels, frame_rate_hz).train()
    adamw = torch.optim.AdamW(head.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    down = descent(head, adamw, one_cycle(adamw, steps), settings.average_decay, LARGEST_GRADIENT)

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        crops, shares = batch
        return F.cross_entropy(head(remove_level(low_pass(equalise(gain(crops))))), shares)

    batches = _batches(random, examples, settings)
    for done in range(0, steps, LOG_EVERY):
        n_steps = min(LOG_EVERY, steps - done)
        mean_loss = optimise(down, islice(batches, n_steps), loss)
        log.info("tempo step %d loss %.3f", done + n_steps, mean_loss)
    return down.result.eval()


def _batches(
    random: np.random.Generator,
    examples: tuple[TempoExamples, TempoExamples, TempoExamples],
    settings: TempoSettings,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Draw batches without end: crops (batch, n_mels, n_frames) in dB and their targets (batch, 257).

    Of annotated clips, of those with pseudo-labels (where there are none of one kind, of the other), and of
    made-up rhythms.
    """
    certain, more, rhythms = examples
    n_more = settings.batch_size - settings.annotated - settings.made_up
    parts = (
        (certain if len(certain.bpm) else more, settings.annotated),
        (more if len(more.bpm) else certain, n_more),
        (rhythms, settings.made_up),
    )
    while True:
        drawn = [_drawn(random, kind, n, settings.stretch) for kind, n in parts if n]
        yield torch.cat([crops for crops, _ in drawn]), torch.cat([shares for _, shares in drawn])


def _drawn(
    random: np.random.Generator, examples: TempoExamples, n: int, stretch: float
) -> tuple[Tensor, Tensor]:
    """Draw `n` crops at random speeds, and the shares of their tempos."""
    chosen = examples.rows(random.integers(0, len(examples.bpm), n).tolist())
    speed = torch.from_numpy(stretch ** random.uniform(-1, 1, n)).float()
    speed = speed.clamp(min=FIRST_BPM / chosen.bpm, max=LAST_BPM / chosen.bpm)
    spare = (chosen.log_mels.lengths - 1 - speed * FRONT_END.n_frames).clamp(min=0)
    start = spare * torch.from_numpy(random.uniform(0, 1, n)).float()
    return crops_at_speed(chosen.log_mels, start, speed), shares_at_speed(chosen.shares, speed)


def shares_at_speed(shares: Tensor, speed: Tensor) -> Tensor:
    """Move shares (n, 257) of the classes to music that is `speed` (n,) times as fast; they sum to one."""
    last = shares.shape[1] - 1
    position = tempo_classes(shares) / speed.unsqueeze(1) - FIRST_BPM
    low = position.floor().clamp(0, last - 1).long()
    share = position - low
    moved = shares.gather(1, low) * (1 - share) + shares.gather(1, low + 1) * share
    moved = moved.masked_fill((position < 0) | (position > last), 0.0)
    return moved / moved.sum(dim=1, keepdim=True).clamp(min=1e-9)


def crops_at_speed(log_mels: LogMels, start: Tensor, speed: Tensor) -> Tensor:
    """Crop a window of each from frame `start` on, `speed` times as fast; short clips end in silence."""
    position = start.unsqueeze(1) + speed.unsqueeze(1) * torch.arange(FRONT_END.n_frames)
    last = log_mels.lengths.unsqueeze(1) - 1
    low = position.long().minimum(last - 1)
    share = (position - low).unsqueeze(1)
    crops = log_mels.at(low).float() * (1 - share) + log_mels.at(low + 1).float() * share
    return crops.masked_fill((position > last).unsqueeze(1), FLOOR_DB)
