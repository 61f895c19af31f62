"""The targets of a clip, from labels, ratings and a teacher, and how far a network is from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tagger.nets import NetOutput
from tagger.training.clips import GENRES, Clip, label_sets
from tagger.training.optimise import descent, one_cycle, optimise
from tagger.training.settings import Settings

MAX_LABELS = 6
UNLIKELY = -1e9
"""A log-probability in place of −inf, whose gradient would be NaN."""

AROUSAL_SPREAD = 0.17
"""About the standard deviation of DEAM's arousal on 0–1; brings squared errors to order one."""

TAGS, EMBEDDING = 100, 200
"""The numbers that MusiCNN gives of a clip: 50 tags each of MSD and MTT, and its penultimate layer."""

N_FOLDS = 5
PROBE_EPOCHS, PROBE_HIDDEN = 150, 256
PROBE_RATE, PROBE_DECAY = 3e-3, 0.5

LARGEST_INPUT = 6.0
"""Standard deviations at which an input is cut off: the embedding has rare, huge values."""

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of all clips, one row per clip; NaN where nothing is known.

    `labels` is (n, MAX_LABELS, n_genres) bool: each row of a clip is one label, true for every genre
    that would satisfy it. `ratings` is (n, 3): arousal, high arousal yes/no, power minus calmness.
    `tags` is (n, TAGS) and `embedding` (n, EMBEDDING) of the teacher, the latter standardised;
    `soft_genres` (n, n_genres) and `soft_arousal` (n,) are the answers of probes on them. `bpm` is (n,).
    """

    labels: Tensor
    ratings: Tensor
    tags: Tensor
    embedding: Tensor
    soft_genres: Tensor
    soft_arousal: Tensor
    bpm: Tensor

    def rows(self, index: Tensor) -> Targets:
        """Give the targets of the clips at these places."""
        return Targets(*(getattr(self, field.name)[index] for field in fields(self)))

    def to(self, device: torch.device) -> Targets:
        """Move the targets to a device."""
        return Targets(*(getattr(self, field.name).to(device) for field in fields(self)))


def make_targets(
    folders: Sequence[tuple[str, Sequence[Clip]]], genres: Sequence[str] = GENRES, taught: bool = True
) -> Targets:
    """Make the targets of the clips of all `folders`, one after the other.

    They come from the labels and, if they are to be `taught`, from a teacher's answers where a folder holds
    these in its `teacher.npz`. Labels of clips that are not in the split `train` teach nothing here, not even
    by way of a probe.
    """
    clips = [clip for _, part in folders for clip in part]
    labels = label_rows(clips, genres)
    ratings = torch.tensor([[c.arousal, c.arousal_high, c.power_minus_calmness] for c in clips])
    taught_by = [teacher_answers(folder if taught else None, part) for folder, part in folders]
    tags, embedding = (torch.cat(column) for column in zip(*taught_by, strict=True))
    known = ~embedding.isnan().any(dim=1)
    if known.any():
        embedding = (embedding - embedding[known].mean(dim=0)) / (embedding[known].std(dim=0) + 1e-6)
    soft = _soft(clips, labels, ratings, tags, embedding)
    return Targets(labels, ratings, tags, embedding, *soft, torch.tensor([clip.bpm for clip in clips]))


def label_rows(clips: Sequence[Clip], genres: Sequence[str] = GENRES) -> Tensor:
    """Give the labels of clips, (n, MAX_LABELS, n_genres), as `Targets` has them."""
    labels = torch.zeros(len(clips), MAX_LABELS, len(genres), dtype=torch.bool)
    for i, clip in enumerate(clips):
        for k, meant in enumerate(label_sets(clip.genres, genres)[:MAX_LABELS]):
            labels[i, k, list(meant)] = True
    return labels


def teacher_answers(folder: str | None, clips: Sequence[Clip]) -> tuple[Tensor, Tensor]:
    """Read what the teacher says of the clips in `folder`: tags (n, TAGS) and embedding (n, EMBEDDING).

    NaN for clips that its `teacher.npz` does not know, or of no folder.
    """
    tags = torch.full((len(clips), TAGS), torch.nan)
    embedding = torch.full((len(clips), EMBEDDING), torch.nan)
    path = os.path.join(folder or "", "teacher.npz")
    if folder is not None and os.path.exists(path):
        stored = np.load(path)
        row = {str(path): i for i, path in enumerate(stored["path"])}
        known = [i for i, clip in enumerate(clips) if clip.path in row]
        rows = [row[clips[i].path] for i in known]
        tags[known] = torch.from_numpy(np.hstack([stored["msd"], stored["mtt"]])[rows].astype(np.float32))
        embedding[known] = torch.from_numpy(stored["embedding"][rows].astype(np.float32))
    return tags, embedding


def _soft(
    clips: Sequence[Clip], labels: Tensor, ratings: Tensor, tags: Tensor, embedding: Tensor
) -> tuple[Tensor, Tensor]:
    """Give genre probabilities and arousal that the teacher's answers suggest; NaN where it has none."""
    features = torch.cat([embedding, tags.logit(eps=1e-4)], dim=1)
    known = ~features.isnan().any(dim=1)
    train = torch.tensor([clip.split == "train" for clip in clips]) & known
    groups = [f"{clip.dataset} {clip.group}" for clip in clips]
    features = features.nan_to_num(0)
    logits = cross_fitted(
        features, labels, train & labels.any(dim=(1, 2)), groups, labels.shape[2], genre_loss
    )
    arousal = cross_fitted(
        features, ratings[:, :1] / AROUSAL_SPREAD, train & ~ratings[:, 0].isnan(), groups, 1, F.mse_loss
    )
    unknown = ~known.unsqueeze(1)
    soft_genres = logits.softmax(dim=1).masked_fill(unknown, torch.nan)
    return soft_genres, (AROUSAL_SPREAD * arousal).masked_fill(unknown, torch.nan).squeeze(1)


class Losses(nn.Module):
    """The sum of all losses; owns the heads and scales that exist for training only."""

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
        """Measure the distance to its tags, its embedding, and the probes on them (Hinton et al. 2015)."""
        known, tags = _known_rows(targets.tags)
        _, embedding = _known_rows(targets.embedding)
        answered, genres = _known_rows(targets.soft_genres)
        rated, arousal = _known_rows(targets.soft_arousal.unsqueeze(1))
        tag_loss = F.binary_cross_entropy_with_logits(self.tags(output.embedding), tags, reduction="none")
        soft_genre_loss = -(genres * output.genre_logits.log_softmax(dim=1)).sum(dim=1)
        soft_arousal_loss = ((output.energy.sigmoid() - arousal.squeeze(1)) / AROUSAL_SPREAD).square()
        return (
            _known_mean(5.0 * tag_loss.mean(dim=1), known)
            + _known_mean((self.embedding(output.embedding) - embedding).square().mean(dim=1), known)
            + _known_mean(self.settings.soft_genre_weight * soft_genre_loss, answered)
            + _known_mean(self.settings.soft_arousal_weight * soft_arousal_loss, rated)
        )


def energy_scales() -> nn.Parameter:
    """Give the slopes and shifts of 4Q's quadrants and Emotify's power from which `energy_loss` learns on."""
    return nn.Parameter(torch.tensor([3.0, 0.0, 0.3, 0.0]))


def energy_loss(energy: Tensor, ratings: Tensor, scales: Tensor, quadrant_weight: float = 0.5) -> Tensor:
    """Measure how far raw energy (n,) is from ratings (n, 3), each data set on its own of the `scales` (4,).

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
    """Average the cross-entropy over the clips; those without labels lower it."""
    return _known_mean(genre_losses(logits, labels), labels.any(dim=(1, 2)))


def genre_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Give the cross-entropy of each clip, (n,), over its labels; one of several genres wants their sum."""
    log_p = logits.log_softmax(dim=1).unsqueeze(1)
    per_label = -log_p.masked_fill(~labels, UNLIKELY).logsumexp(dim=2)
    present = labels.any(dim=2)
    return per_label.masked_fill(~present, 0).sum(dim=1) / present.sum(dim=1).clamp(min=1)


def _known_rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which rows hold no NaN; gives `values` too, with zeros in place of NaN."""
    return ~values.isnan().any(dim=1), values.nan_to_num(0)


def _known_mean(values: Tensor, known: Tensor) -> Tensor:
    """Divide the sum of the known values by the size of the batch, so that rare ratings weigh little."""
    return torch.where(known, values, 0).sum() / len(values)


# Probes: small networks on the teacher's answers, asked for the genre and the arousal of every clip.


def cross_fitted(
    features: Tensor, targets: Tensor, known: Tensor, groups: Sequence[str], n_outputs: int, loss: Loss
) -> Tensor:
    """Give the probes' answers for every clip, (n, n_outputs), none from a probe that has learned the clip.

    `features` is (n, d) and `targets` (n, ...), true where `known` (n,) is. Clips with targets lie in
    `N_FOLDS` folds by their group; a fold is answered by the probe of the others (so that the student
    learns what the teacher knows, not what the probe has learnt by heart), all else by the mean of
    the probes. `loss(outputs, targets)` is that of known rows. NaN where there are too few targets to learn
    from, or all of them are of one group.
    """
    known_groups = {group for group, is_known in zip(groups, known.tolist(), strict=True) if is_known}
    if int(known.sum()) < N_FOLDS * 2 or len(known_groups) < 2:
        return torch.full((len(features), n_outputs), torch.nan)
    inputs = _standardised(features, known)
    names = sorted(set(groups))
    shuffled = torch.randperm(len(names), generator=torch.Generator().manual_seed(0)).tolist()
    fold_of = {name: place % N_FOLDS for name, place in zip(names, shuffled, strict=True)}
    fold = torch.tensor([fold_of[group] for group in groups])
    answers = torch.zeros(N_FOLDS, len(inputs), n_outputs)
    for k in range(N_FOLDS):
        rows = known & (fold != k)
        answers[k] = _probe(inputs, inputs[rows], targets[rows], n_outputs, loss, seed=k)
    own = answers[fold, torch.arange(len(inputs))]
    return torch.where(known.unsqueeze(1), own, answers.mean(dim=0))


def _standardised(features: Tensor, known: Tensor) -> Tensor:
    mean, spread = features[known].mean(dim=0), features[known].std(dim=0) + 1e-4
    return ((features - mean) / spread).clamp(-LARGEST_INPUT, LARGEST_INPUT)


def _probe(
    everything: Tensor, inputs: Tensor, targets: Tensor, n_outputs: int, loss: Loss, seed: int
) -> Tensor:
    """Train a probe on `inputs` and give its answers for `everything`."""
    torch.manual_seed(seed)
    probe = nn.Sequential(
        nn.Dropout(0.5),
        nn.Linear(inputs.shape[1], PROBE_HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(PROBE_HIDDEN, n_outputs),
    )
    adamw = torch.optim.AdamW(probe.parameters(), PROBE_RATE, weight_decay=PROBE_DECAY)
    down = descent(probe, adamw, one_cycle(adamw, PROBE_EPOCHS, rising=0.3))
    optimise(down, range(PROBE_EPOCHS), lambda _: loss(probe(inputs), targets))
    with torch.no_grad():
        answers: Tensor = probe.eval()(everything)
    return answers
