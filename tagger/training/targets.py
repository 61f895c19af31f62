"""What a clip should make the network say, and how far it is from that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tagger.errors import TaggerError
from tagger.nets import NetOutput
from tagger.training.clips import GENRES, Clip, label_sets

MAX_LABELS = 6
UNLIKELY = -1e9
"""A log-probability in place of −inf, whose gradient would be NaN."""

AROUSAL_SPREAD = 0.17
"""About the standard deviation of DEAM's arousal on 0–1; brings squared errors to order one."""


@dataclass(frozen=True, slots=True)
class Targets:
    """One row per clip; NaN where nothing is known.

    `labels` is (n, MAX_LABELS, n_genres) bool: each row of a clip is one label, true for every genre
    that would satisfy it. `ratings` is (n, 3): arousal, high arousal yes/no, power minus calmness.
    `tags` is (n, 100) and `embedding` (n, 200) of the teacher, the latter standardised.
    """

    labels: Tensor
    ratings: Tensor
    tags: Tensor
    embedding: Tensor

    def rows(self, index: Tensor) -> Targets:
        return Targets(*(t[index] for t in (self.labels, self.ratings, self.tags, self.embedding)))

    def to(self, device: torch.device) -> Targets:
        return Targets(*(t.to(device) for t in (self.labels, self.ratings, self.tags, self.embedding)))


def make_targets(data: str, clips: Sequence[Clip]) -> Targets:
    """Targets of `clips` from their labels and the teacher's answers in `teacher.npz`."""
    labels = torch.zeros(len(clips), MAX_LABELS, len(GENRES), dtype=torch.bool)
    for i, clip in enumerate(clips):
        for k, genres in enumerate(label_sets(clip.genres)[:MAX_LABELS]):
            labels[i, k, list(genres)] = True
    ratings = torch.tensor([[c.arousal, c.arousal_high, c.power_minus_calmness] for c in clips])
    tags, embedding = _teacher(data, clips)
    return Targets(labels, ratings, tags, embedding)


class Losses(nn.Module):
    """All losses together; owns the heads and scales that exist for training only."""

    def __init__(self, embedding_dim: int, targets: Targets, distil: float = 1.0) -> None:
        super().__init__()
        self.distil = distil
        self.tags = nn.Linear(embedding_dim, targets.tags.shape[1])
        self.embedding = nn.Linear(embedding_dim, targets.embedding.shape[1])
        self.scales = nn.Parameter(torch.tensor([3.0, 0.0, 0.3, 0.0]))

    def forward(self, output: NetOutput, targets: Targets) -> Tensor:
        genre = genre_loss(output.genre_logits, targets.labels)
        return (
            genre
            + self._energy(output.energy, targets.ratings)
            + self.distil * self._teacher(output, targets)
        )

    def _energy(self, energy: Tensor, ratings: Tensor) -> Tensor:
        """Every data set rates on its own scale; the raw energy is DEAM's arousal before a sigmoid."""
        known, (arousal, quadrant, power) = ~ratings.isnan(), ratings.nan_to_num(0).unbind(1)
        slope, shift, slope_power, shift_power = self.scales
        losses = [
            ((energy.sigmoid() - arousal) / AROUSAL_SPREAD).square(),
            0.5 * F.binary_cross_entropy_with_logits(slope * energy + shift, quadrant, reduction="none"),
            0.3 * ((slope_power * energy + shift_power - power) / 0.3).square(),
        ]
        return sum(
            (_known_mean(loss, known[:, i]) for i, loss in enumerate(losses)), torch.zeros(()).to(energy)
        )

    def _teacher(self, output: NetOutput, targets: Targets) -> Tensor:
        tags = F.binary_cross_entropy_with_logits(self.tags(output.embedding), targets.tags)
        return 5.0 * tags + 1.0 * F.mse_loss(self.embedding(output.embedding), targets.embedding)


def genre_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, averaged over the labels of a clip; a label of several genres wants their sum."""
    log_p = logits.log_softmax(dim=1).unsqueeze(1)
    per_label = -log_p.masked_fill(~labels, UNLIKELY).logsumexp(dim=2)
    present = labels.any(dim=2)
    per_clip = per_label.masked_fill(~present, 0).sum(dim=1) / present.sum(dim=1).clamp(min=1)
    return _known_mean(per_clip, present.any(dim=1))


def _known_mean(values: Tensor, known: Tensor) -> Tensor:
    """The sum over known values divided by the size of the batch: rare ratings weigh what they are."""
    return torch.where(known, values, 0).sum() / len(values)


def _teacher(data: str, clips: Sequence[Clip]) -> tuple[Tensor, Tensor]:
    try:
        stored = np.load(os.path.join(data, "teacher.npz"))
    except OSError as error:
        raise TaggerError(f"{error.filename}: {error.strerror}; the teacher's answers are needed") from None
    row = {str(path): i for i, path in enumerate(stored["path"])}
    rows = [row[clip.path] for clip in clips]
    tags = np.hstack([stored["msd"], stored["mtt"]])[rows].astype(np.float32)
    embedding = stored["embedding"][rows].astype(np.float32)
    embedding = (embedding - embedding.mean(axis=0)) / (embedding.std(axis=0) + 1e-6)
    return torch.from_numpy(tags), torch.from_numpy(embedding)
