"""Convolutions over a log-mel spectrogram, alone or as a vote of short windows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tagger.nets.crnn import remove_level
from tagger.nets.output import NetOutput, only_genre


class MelCnn(nn.Module):
    """Log-mel → convolutions, each with batch norm and a pool → mean and maximum → genres.

    With `window_frames`, the sound is cut into windows of so many frames, each of which is heard
    alone; the answer is the mean of their probabilities (soft voting). 129 frames are 3 s, and of a
    track's three windows of 10 s, which then come one after the other, they make ten. What is left
    over at the end is not heard. Input is (batch, n_mels, n_frames) in dB.
    """

    embedding_dim = 0

    def __init__(
        self,
        n_mels: int,
        n_genres: int,
        channels: Sequence[int] = (16, 32, 64, 128),
        window_frames: int = 0,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.window_frames = window_frames
        self.n_windows = 3 if window_frames else 1
        widths = [1, *channels]
        self.bands = nn.BatchNorm1d(n_mels)
        self.convolutions = nn.Sequential(*(_stage(a, b) for a, b in zip(widths[:-1], channels, strict=True)))
        n_features = 2 * channels[-1]
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(n_features, 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, n_genres),
        )

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        if not self.window_frames:
            return only_genre(self._logits(log_mel_db))
        log_p = self.window_logits(log_mel_db).log_softmax(dim=2)
        return only_genre(log_p.logsumexp(dim=1) - torch.tensor(log_p.shape[1]).log())

    def window_logits(self, log_mel_db: Tensor) -> Tensor:
        """What each window says by itself, (batch, n_windows, n_genres)."""
        windows = log_mel_db.unfold(2, self.window_frames, self.window_frames).transpose(1, 2)
        logits: Tensor = self._logits(windows.flatten(0, 1)).unflatten(0, windows.shape[:2])
        return logits

    def _logits(self, log_mel_db: Tensor) -> Tensor:
        maps = self.convolutions(self.bands(remove_level(log_mel_db)).unsqueeze(1)).mean(dim=2)
        logits: Tensor = self.head(torch.cat([maps.mean(dim=2), maps.amax(dim=2)], dim=1))
        return logits


def _stage(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
