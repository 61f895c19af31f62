"""Clips with all that training needs of them, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.training.clips import GENRES, Clip
from tagger.training.targets import Targets


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Clips with their log-mels, (n, n_mels, longest) float16 and true `lengths` in frames, and targets.

    `genres` are those that the targets speak of, in their order.
    """

    clips: Sequence[Clip]
    log_mels: Tensor
    lengths: Tensor
    targets: Targets
    genres: tuple[str, ...] = GENRES

    def rows(self, index: Sequence[int]) -> Corpus:
        at = torch.tensor(index)
        return Corpus(
            [self.clips[i] for i in index],
            self.log_mels[at],
            self.lengths[at],
            self.targets.rows(at),
            self.genres,
        )

    def to(self, device: torch.device) -> Corpus:
        log_mels, lengths = self.log_mels.to(device), self.lengths.to(device)
        return Corpus(self.clips, log_mels, lengths, self.targets.to(device), self.genres)


def stack(
    clips: Sequence[Clip],
    log_mels: Sequence[NDArray[np.float16]],
    targets: Targets,
    genres: tuple[str, ...] = GENRES,
) -> Corpus:
    """Pads the log-mels to one length so that a batch is one gather."""
    lengths = torch.tensor([m.shape[1] for m in log_mels])
    padded = torch.zeros(len(clips), log_mels[0].shape[0], int(lengths.max()), dtype=torch.float16)
    for row, spectrogram in zip(padded, log_mels, strict=True):
        row[:, : spectrogram.shape[1]] = torch.from_numpy(spectrogram.copy())
    return Corpus(clips, padded, lengths, targets, genres)
