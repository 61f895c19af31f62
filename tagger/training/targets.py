"""What a clip should make the network say, and how far it is from that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tagger.nets import NetOutput
from tagger.training.clips import GENRES, Clip, label_sets
from tagger.training.probe import cross_fitted
from tagger.training.settings import Settings

MAX_LABELS = 6
UNLIKELY = -1e9
"""A log-probability in place of −inf, whose gradient would be NaN."""

AROUSAL_SPREAD = 0.17
"""About the standard deviation of DEAM's arousal on 0–1; brings squared errors to order one."""

TAGS, EMBEDDING = 100, 200
"""What MusiCNN gives of a clip: 50 tags each of MSD and MTT, and its penultimate layer."""


@dataclass(frozen=True, slots=True)
class Targets:
    """One row per clip; NaN where nothing is known.

    `labels` is (n, MAX_LABELS, n_genres) bool: each row of a clip is one label, true for every genre
    that would satisfy it. `ratings` is (n, 3): arousal, high arousal yes/no, power minus calmness.
    `tags` is (n, TAGS) and `embedding` (n, EMBEDDING) of the teacher, the latter standardised;
    `soft_genres` (n, n_genres) and `soft_arousal` (n,) are what probes on them answer. `bpm` is (n,).
    """

    labels: Tensor
    ratings: Tensor
    tags: Tensor
    embedding: Tensor
    soft_genres: Tensor
    soft_arousal: Tensor
    bpm: Tensor

    def rows(self, index: Tensor) -> Targets:
        return Targets(*(getattr(self, field.name)[index] for field in fields(self)))

    def to(self, device: torch.device) -> Targets:
        return Targets(*(getattr(self, field.name).to(device) for field in fields(self)))


def make_targets(
    folders: Sequence[tuple[str, Sequence[Clip]]], genres: Sequence[str] = GENRES, taught: bool = True
) -> Targets:
    """Targets of the clips of all `folders`, one after the other: from the labels and, where a folder holds
    one, from the answers of a teacher in its `teacher.npz`, unless it is not to be `taught` by that.

    Labels of clips that are not in the split `train` teach nothing here, not even by way of a probe.
    """
    clips = [clip for _, part in folders for clip in part]
    labels = torch.zeros(len(clips), MAX_LABELS, len(genres), dtype=torch.bool)
    for i, clip in enumerate(clips):
        for k, meant in enumerate(label_sets(clip.genres, genres)[:MAX_LABELS]):
            labels[i, k, list(meant)] = True
    ratings = torch.tensor([[c.arousal, c.arousal_high, c.power_minus_calmness] for c in clips])
    answers = [_teacher(os.path.join(folder, "teacher.npz"), part, taught) for folder, part in folders]
    tags, embedding = (torch.cat(column) for column in zip(*answers, strict=True))
    known = ~embedding.isnan().any(dim=1)
    if known.any():
        embedding = (embedding - embedding[known].mean(dim=0)) / (embedding[known].std(dim=0) + 1e-6)
    soft = _soft(clips, labels, ratings, tags, embedding)
    return Targets(labels, ratings, tags, embedding, *soft, torch.tensor([clip.bpm for clip in clips]))


def _teacher(path: str, clips: Sequence[Clip], taught: bool) -> tuple[Tensor, Tensor]:
    """Its tags (n, TAGS) and its embedding (n, EMBEDDING); NaN for clips that it has not heard."""
    tags = torch.full((len(clips), TAGS), torch.nan)
    embedding = torch.full((len(clips), EMBEDDING), torch.nan)
    if taught and os.path.exists(path):
        stored = np.load(path)
        row = {str(path): i for i, path in enumerate(stored["path"])}
        heard = [i for i, clip in enumerate(clips) if clip.path in row]
        rows = [row[clips[i].path] for i in heard]
        tags[heard] = torch.from_numpy(np.hstack([stored["msd"], stored["mtt"]])[rows].astype(np.float32))
        embedding[heard] = torch.from_numpy(stored["embedding"][rows].astype(np.float32))
    return tags, embedding


def _soft(
    clips: Sequence[Clip], labels: Tensor, ratings: Tensor, tags: Tensor, embedding: Tensor
) -> tuple[Tensor, Tensor]:
    """Genre probabilities and arousal that the teacher's answers suggest; NaN where it has none."""
    features = torch.cat([embedding, tags.logit(eps=1e-4)], dim=1)
    heard = ~features.isnan().any(dim=1)
    train = torch.tensor([clip.split == "train" for clip in clips]) & heard
    groups = [f"{clip.dataset} {clip.group}" for clip in clips]
    features = features.nan_to_num(0)
    logits = cross_fitted(
        features, labels, train & labels.any(dim=(1, 2)), groups, labels.shape[2], genre_loss
    )
    arousal = cross_fitted(
        features, ratings[:, :1] / AROUSAL_SPREAD, train & ~ratings[:, 0].isnan(), groups, 1, F.mse_loss
    )
    unheard = ~heard.unsqueeze(1)
    return logits.softmax(dim=1).masked_fill(unheard, torch.nan), (AROUSAL_SPREAD * arousal).masked_fill(
        unheard, torch.nan
    ).squeeze(1)


class Losses(nn.Module):
    """All losses together; owns the heads and scales that exist for training only."""

    def __init__(self, embedding_dim: int, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.tags = nn.Linear(embedding_dim, TAGS)
        self.embedding = nn.Linear(embedding_dim, EMBEDDING)
        self.scales = energy_scales()

    def forward(self, output: NetOutput, targets: Targets) -> Tensor:
        return (
            self.settings.label_weight * genre_loss(output.genre_logits, targets.labels)
            + energy_loss(output.energy, targets.ratings, self.scales)
            + self.settings.distil * self._teacher(output, targets)
        )

    def _teacher(self, output: NetOutput, targets: Targets) -> Tensor:
        """Its tags, its embedding, and what the probes make of them (Hinton et al. 2015)."""
        heard, tags = _known_rows(targets.tags)
        _, embedding = _known_rows(targets.embedding)
        answered, genres = _known_rows(targets.soft_genres)
        rated, arousal = _known_rows(targets.soft_arousal.unsqueeze(1))
        tag_loss = F.binary_cross_entropy_with_logits(self.tags(output.embedding), tags, reduction="none")
        soft_genre_loss = -(genres * output.genre_logits.log_softmax(dim=1)).sum(dim=1)
        soft_arousal_loss = ((output.energy.sigmoid() - arousal.squeeze(1)) / AROUSAL_SPREAD).square()
        return (
            _known_mean(5.0 * tag_loss.mean(dim=1), heard)
            + _known_mean((self.embedding(output.embedding) - embedding).square().mean(dim=1), heard)
            + _known_mean(self.settings.soft_genre_weight * soft_genre_loss, answered)
            + _known_mean(self.settings.soft_arousal_weight * soft_arousal_loss, rated)
        )


def energy_scales() -> nn.Parameter:
    """Where `energy_loss` begins to learn slope and shift of 4Q's quadrants and of Emotify's power."""
    return nn.Parameter(torch.tensor([3.0, 0.0, 0.3, 0.0]))


def energy_loss(energy: Tensor, ratings: Tensor, scales: Tensor, quadrant_weight: float = 0.5) -> Tensor:
    """How far raw energy (n,) is from ratings (n, 3), each data set on its own of the `scales` (4,).

    The raw energy is DEAM's arousal before a sigmoid; `quadrant_weight` is that of 4Q's high or low arousal.
    """
    known, (arousal, quadrant, power) = ~ratings.isnan(), ratings.nan_to_num(0).unbind(1)
    slope, shift, slope_power, shift_power = scales
    high = F.binary_cross_entropy_with_logits(slope * energy + shift, quadrant, reduction="none")
    losses = (
        ((energy.sigmoid() - arousal) / AROUSAL_SPREAD).square(),
        quadrant_weight * high,
        0.3 * ((slope_power * energy + shift_power - power) / 0.3).square(),
    )
    return sum((_known_mean(loss, known[:, i]) for i, loss in enumerate(losses)), torch.zeros(()).to(energy))


def genre_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, averaged over the labels of a clip; a label of several genres wants their sum."""
    log_p = logits.log_softmax(dim=1).unsqueeze(1)
    per_label = -log_p.masked_fill(~labels, UNLIKELY).logsumexp(dim=2)
    present = labels.any(dim=2)
    per_clip = per_label.masked_fill(~present, 0).sum(dim=1) / present.sum(dim=1).clamp(min=1)
    return _known_mean(per_clip, present.any(dim=1))


def _known_rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """Which rows hold no NaN, and `values` with zeros in place of the others."""
    return ~values.isnan().any(dim=1), values.nan_to_num(0)


def _known_mean(values: Tensor, known: Tensor) -> Tensor:
    """The sum over known values divided by the size of the batch: rare ratings weigh what they are."""
    return torch.where(known, values, 0).sum() / len(values)
