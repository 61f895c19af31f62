"""A small dense network on the eight features that Echo Nest measured of a track."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tagger.nets.output import NetOutput, only_genre


class EchoNestMlp(nn.Module):
    """Features → dense layers → one output, the logit of the second of two genres.

    Input is (batch, n_features, n_frames), of which the first frame counts; no scan makes it. The input
    is brought to zero mean and unit variance first.
    """

    n_windows = 1
    embedding_dim = 0

    def __init__(
        self, n_mels: int, n_genres: int, hidden: Sequence[int] = (90,), dropout: float = 0.0
    ) -> None:
        super().__init__()
        widths = [n_mels, *hidden]
        layers: list[nn.Module] = [nn.BatchNorm1d(n_mels, affine=False)]
        for a, b in zip(widths[:-1], hidden, strict=True):
            layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(dropout)]
        self.network = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, features: Tensor) -> NetOutput:
        logit = self.network(features[:, :, 0])
        return only_genre(torch.cat([torch.zeros_like(logit), logit], dim=1))
