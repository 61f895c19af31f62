"""Trains the tempo head on annotated clips, made-up rhythms, and what another network or program says."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tagger.nets.network import remove_level
from tagger.nets.tempo_head import FIRST_BPM, LAST_BPM, TempoHead, tempo_classes
from tagger.predict import TOLERANCE, tempo_and_confidence
from tagger.training.augment import FLOOR_DB, equalise, gain, low_pass
from tagger.training.clips import FRONT_END
from tagger.training.corpus import Corpus, LogMels
from tagger.training.tempo_examples import (
    Tell,
    TempoAnswers,
    TempoExamples,
    agreed,
    annotated,
    bell,
    made_up,
    told,
    window_logits,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TempoSettings:
    """`steps` steps, where a round comes first `first_steps` in it. Each batch holds `batch_size` crops,
    `annotated` of them of annotated clips and `made_up` of the `rhythms` made-up ones; speeds vary by up to
    a factor of `stretch`."""

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
    answers: TempoAnswers | None = None,
) -> TempoHead:
    """A tempo head, trained on the clips of `corpus` that have a tempo, on made-up rhythms, and on the clips
    without one as another network tells it: `answers` are those of `read_answers`.

    Without answers, the head and librosa's beat tracker hear these clips after a first round; where the
    two agree, the second round, which begins anew, has more to learn from.
    """
    clips, log_mels = corpus.clips, corpus.log_mels
    certain, rhythms = annotated(clips, log_mels), made_up(settings.rhythms, jobs)
    more = told(clips, log_mels, answers or {})
    if not len(more.bpm):
        first = _train((certain, more, rhythms), settings, settings.first_steps, frame_rate_hz)
        more = agreed(first, clips, log_mels, jobs)
    log.info("tempo: %d clips are annotated, %d told or agreed on", len(certain.bpm), len(more.bpm))
    return _train((certain, more, rhythms), settings, settings.steps, frame_rate_hz)


def fitted_temperature(tell: Tell, valid: Corpus) -> float:
    """The temperature under which the confidence best tells whether Acc1 holds: least cross-entropy over
    a grid (Guo et al. 2017); 1 where no clip is annotated."""
    examples = annotated(valid.clips, valid.log_mels)
    heard = [window_logits(tell, log_mel) for log_mel in examples.log_mels]

    def cross_entropy(temperature: float) -> float:
        shares = [(logits / temperature).softmax(dim=1).mean(dim=0).double().numpy() for logits in heard]
        told = np.array([tempo_and_confidence(share, FIRST_BPM) for share in shares])
        right = np.abs(told[:, 0] - examples.bpm.numpy()) <= TOLERANCE * examples.bpm.numpy()
        confidence = told[:, 1].clip(1e-6, 1 - 1e-6)
        return float(-np.where(right, np.log(confidence), np.log(1 - confidence)).mean())

    grid: list[float] = np.geomspace(0.5, 64.0, 57).tolist()
    return min(grid, key=cross_entropy) if heard else 1.0


def _train(
    examples: tuple[TempoExamples, TempoExamples, TempoExamples],
    settings: TempoSettings,
    steps: int,
    frame_rate_hz: float,
) -> TempoHead:
    """A new head after `steps` steps, its weights averaged over the last of them."""
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    head = TempoHead(FRONT_END.n_mels, frame_rate_hz)
    averaged = copy.deepcopy(head)
    optimiser = torch.optim.AdamW(
        head.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=steps, pct_start=0.1
    )
    for step in range(steps):
        crops, shares = _batch(random, examples, settings)
        logits = head.train()(remove_level(low_pass(equalise(gain(crops)))))
        loss = F.cross_entropy(logits, shares)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        _average(averaged, head, min(settings.average_decay, step / (step + 10)))
        if step % 250 == 249:
            log.info("tempo step %d loss %.3f", step + 1, loss.item())
    return averaged.eval()


def tempo_loss(logits: Tensor, bpm: Tensor) -> Tensor:
    """Cross-entropy with a bell around the true tempo in place of one class; the mean."""
    return F.cross_entropy(logits, bell(bpm))


def _batch(
    random: np.random.Generator,
    examples: tuple[TempoExamples, TempoExamples, TempoExamples],
    settings: TempoSettings,
) -> tuple[Tensor, Tensor]:
    """Crops (batch, n_mels, n_frames) in dB and the shares (batch, 257) of their tempos: of annotated clips,
    of those with an uncertain tempo (where there are none of one kind, of the other), and made-up ones."""
    certain, more, rhythms = examples
    n_more = settings.batch_size - settings.annotated - settings.made_up
    crops, shares = [], []
    for those, n in (
        (certain if len(certain.bpm) else more, settings.annotated),
        (more if len(more.bpm) else certain, n_more),
        (rhythms, settings.made_up),
    ):
        if not n:
            continue
        chosen = those.rows(random.integers(0, len(those.bpm), n).tolist())
        speed = torch.from_numpy(settings.stretch ** random.uniform(-1, 1, n)).float()
        speed = speed.clamp(min=FIRST_BPM / chosen.bpm, max=LAST_BPM / chosen.bpm)
        spare = (chosen.log_mels.lengths - 1 - speed * FRONT_END.n_frames).clamp(min=0)
        start = spare * torch.from_numpy(random.uniform(0, 1, n)).float()
        crops.append(_crops(chosen.log_mels, start, speed))
        shares.append(_faster(chosen.shares, speed))
    return torch.cat(crops), torch.cat(shares)


def _faster(shares: Tensor, speed: Tensor) -> Tensor:
    """(n, 257) shares of the classes when the music is `speed` (n,) times as fast; they sum to one again."""
    last = shares.shape[1] - 1
    position = tempo_classes(shares) / speed.unsqueeze(1) - FIRST_BPM
    low = position.floor().clamp(0, last - 1).long()
    share = position - low
    moved = shares.gather(1, low) * (1 - share) + shares.gather(1, low + 1) * share
    moved = moved.masked_fill((position < 0) | (position > last), 0.0)
    return moved / moved.sum(dim=1, keepdim=True).clamp(min=1e-9)


def _crops(log_mels: LogMels, start: Tensor, speed: Tensor) -> Tensor:
    """A window of each from `start` on, `speed` times as fast; silence follows what is too short."""
    position = start.unsqueeze(1) + speed.unsqueeze(1) * torch.arange(FRONT_END.n_frames)
    last = log_mels.lengths.unsqueeze(1) - 1
    low = position.long().minimum(last - 1)
    share = (position - low).unsqueeze(1)
    crops = log_mels.at(low).float() * (1 - share) + log_mels.at(low + 1).float() * share
    return crops.masked_fill((position > last).unsqueeze(1), FLOOR_DB)


def _average(slow: TempoHead, fast: TempoHead, decay: float) -> None:
    with torch.no_grad():
        for a, b in zip(slow.state_dict().values(), fast.state_dict().values(), strict=True):
            if a.is_floating_point():
                a.lerp_(b, 1 - decay)
            else:
                a.copy_(b)
