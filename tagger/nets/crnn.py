"""A small convolutional recurrent network with attention pooling and heads for genre, energy and tempo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from tagger.nets.network import NetOutput, remove_level
from tagger.nets.tempo_head import TempoHead

STRIDES = ((2, 2), (2, 2), (2, 2), (2, 1), (2, 1))
"""Of each stage over (bands, frames): 96 bands become 3, and a step of time is 186 ms."""


class CRNN(nn.Module):
    """Log-mel → strided convolutions → bidirectional GRU over time → attention pooling → heads.

    After Choi et al. 2017 ("Convolutional recurrent neural networks for music classification"), with
    strides for pooling, separable residual blocks (Sandler et al. 2018) where maps are small, and the
    mean, the maximum and an attention-weighted mean over time in place of the last state. Input is
    (batch, n_mels, n_frames) in dB; its level is removed first, so a louder copy of a track gives the
    same answer. `blocks` counts the residual blocks after each stage; `frame_rate_hz` makes a tempo
    head, 0 leaves it out.
    """

    n_windows = 1

    def __init__(
        self,
        n_mels: int,
        n_genres: int,
        channels: Sequence[int] = (24, 48, 64, 96, 128),
        blocks: Sequence[int] = (0, 0, 0, 0, 0),
        hidden: int = 96,
        embedding_dim: int = 128,
        dropout: float = 0.3,
        frame_rate_hz: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding_dim = embedding_dim
        self.bands = nn.BatchNorm1d(n_mels)
        widths = [1, *channels]
        self.convolutions = nn.Sequential(
            *(
                _stage(a, b, stride, n)
                for a, b, stride, n in zip(widths[:-1], channels, STRIDES, blocks, strict=True)
            )
        )
        n_bands = n_mels
        for band_stride, _ in STRIDES:
            n_bands = -(-n_bands // band_stride)
        n_features = channels[-1] * n_bands
        self.recurrent = nn.GRU(n_features, hidden, batch_first=True, bidirectional=True)
        self.attention = nn.Sequential(nn.Linear(2 * hidden, 64), nn.Tanh(), nn.Linear(64, 1))
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Sequential(
            nn.Linear(2 * hidden + 2 * n_features, embedding_dim),
            nn.BatchNorm1d(embedding_dim),
            nn.ReLU(),
        )
        self.genre_head = nn.Linear(embedding_dim, n_genres)
        self.energy_head = nn.Linear(embedding_dim, 1)
        self.tempo_head = TempoHead(n_mels, frame_rate_hz) if frame_rate_hz else None

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        """Predict from log-mels (batch, n_mels, n_frames) in dB."""
        return self.predict(*self.encode(log_mel_db))

    def encode(self, log_mel_db: Tensor) -> tuple[Tensor, Tensor]:
        """Encode log-mels into steps of time (batch, n_steps, n_features), and compute the tempo logits.

        This part has large maps, so it is best run on few windows at once.
        """
        level_removed = remove_level(log_mel_db)
        dtype = next(self.convolutions.parameters()).dtype
        maps = self.convolutions(self.bands(level_removed).unsqueeze(1).to(dtype)).float()
        steps = maps.flatten(1, 2).transpose(1, 2)
        tempo = self.tempo_head(level_removed) if self.tempo_head else steps.new_zeros(len(steps), 0)
        return steps, tempo

    def predict(self, steps: Tensor, tempo_logits: Tensor) -> NetOutput:
        """Predict genre and energy from steps of time.

        This part goes through time step by step, so it is best run on many windows at once.
        """
        states, _ = self.recurrent(self.dropout(steps))
        weights = self.attention(states).softmax(dim=1)
        pooled = torch.cat([(weights * states).sum(dim=1), steps.mean(dim=1), steps.amax(dim=1)], dim=1)
        embedding = self.project(self.dropout(pooled))
        features = self.dropout(embedding)
        energy = self.energy_head(features).squeeze(1)
        return NetOutput(self.genre_head(features), energy, embedding, tempo_logits)


class Separable(nn.Module):
    """A residual block: a 3×3 convolution of each channel alone, then two across the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = _convolution(channels, channels, 3, groups=channels)
        self.expand = _convolution(channels, 2 * channels, 1)
        self.reduce = _convolution(2 * channels, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.expand(self.depthwise(maps)).relu()
        return maps + cast(Tensor, self.reduce(inner))


def _stage(in_channels: int, out_channels: int, stride: tuple[int, int], n_blocks: int) -> nn.Sequential:
    blocks = (Separable(out_channels) for _ in range(n_blocks))
    return nn.Sequential(_convolution(in_channels, out_channels, 3, stride=stride), nn.ReLU(), *blocks)


def _convolution(
    in_channels: int, out_channels: int, size: int, stride: tuple[int, int] = (1, 1), groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, size, stride=stride, padding=size // 2, groups=groups, bias=False
        ),
        nn.BatchNorm2d(out_channels),
    )
