"""Clips with all that training needs of them; their log-mels stay where they are until a batch wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagger.training.clips import GENRES, Clip
from tagger.training.targets import Targets


class LogMels:
    """Log-mels of any lengths, each (n_mels, n_frames) float16 in dB.

    Those of a cache are views of its file, of which only what a batch takes is read: a data set may be
    larger than memory. `lengths`, (n,), are in frames.
    """

    def __init__(self, log_mels: Sequence[NDArray[np.float16]]) -> None:
        self._log_mels = log_mels
        self.lengths = torch.tensor([log_mel.shape[1] for log_mel in log_mels], dtype=torch.long)

    def __len__(self) -> int:
        return len(self._log_mels)

    def __iter__(self) -> Iterator[NDArray[np.float16]]:
        return iter(self._log_mels)

    def __getitem__(self, at: int) -> NDArray[np.float16]:
        return self._log_mels[at]

    @property
    def n_mels(self) -> int:
        return len(self._log_mels[0])

    def rows(self, index: Sequence[int]) -> LogMels:
        return LogMels([self._log_mels[i] for i in index])

    def at(self, frames: Tensor) -> Tensor:
        """The frames of each that its own row of (n, n_frames) names: (n, n_mels, n_frames) float16."""
        found = np.empty((len(self), self.n_mels, frames.shape[1]), np.float16)
        for log_mel, at, out in zip(self._log_mels, frames.numpy(), found, strict=True):
            np.take(log_mel, at, axis=1, out=out, mode="clip")  # "raise" would buffer; frames are in range
        return torch.from_numpy(found)


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Clips with their log-mels and targets. `genres` are those that the targets speak of, in their order."""

    clips: Sequence[Clip]
    log_mels: LogMels
    targets: Targets
    genres: tuple[str, ...] = GENRES

    def rows(self, index: Sequence[int]) -> Corpus:
        clips = [self.clips[i] for i in index]
        return Corpus(clips, self.log_mels.rows(index), self.targets.rows(torch.tensor(index)), self.genres)
