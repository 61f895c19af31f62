"""Two LSTM layers over mel-frequency cepstral coefficients."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from tagger.nets.output import NetOutput, only_genre

N_MFCC = 20
N_FRAMES = 1291
"""The coefficients and frames of a 30 s excerpt, as `librosa.feature.mfcc` gives them by default."""


class MfccLstm(nn.Module):
    """MFCC → LSTM 64 → LSTM 64 → dense 64 → dropout → genres.

    With `steps` "coefficients" the sequence has 20 steps of 1,291 features, each step one coefficient
    over all time: the layout of a (20, 1291) array that nobody transposed, and of the published
    figures. With "frames" it has 1,291 steps of 20. Input is the log-mel of a track's three windows
    one after the other, (batch, n_mels, n_frames) in dB; frames over 1,291 are cut off.
    """

    n_windows = 3
    embedding_dim = 0

    def __init__(
        self,
        n_mels: int,
        n_genres: int,
        steps: str = "coefficients",
        hidden: int = 64,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if steps not in ("coefficients", "frames"):
            raise ValueError(f"steps {steps!r}, which are coefficients or frames")
        self.steps = steps
        self.register_buffer("cosines", dct(n_mels)[:N_MFCC], persistent=False)
        self.norm = nn.BatchNorm1d(N_MFCC, affine=False)
        self.first = one_bias(
            nn.LSTM(N_FRAMES if steps == "coefficients" else N_MFCC, hidden, batch_first=True)
        )
        self.second = one_bias(nn.LSTM(hidden, hidden, batch_first=True))
        self.head = nn.Sequential(
            nn.Linear(hidden, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, n_genres)
        )

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        coefficients = self.norm((cast(Tensor, self.cosines) @ log_mel_db)[:, :, :N_FRAMES])
        sequence = coefficients if self.steps == "coefficients" else coefficients.transpose(1, 2)
        states, _ = self.second(self.first(sequence)[0])
        return only_genre(self.head(states[:, -1]))


def dct(n: int) -> Tensor:
    """The orthonormal DCT-II, (n, n): what makes cepstral coefficients of decibels."""
    k, i = torch.arange(n).unsqueeze(1), torch.arange(n)
    matrix = torch.cos(math.pi / n * (i + 0.5) * k) * math.sqrt(2 / n)
    matrix[0] /= math.sqrt(2)
    return matrix


def one_bias(lstm: nn.LSTM) -> nn.LSTM:
    """With one trainable bias, as the textbooks and Keras have it; PyTorch's second adds nothing to it."""
    bias = cast(nn.Parameter, lstm.bias_hh_l0)
    nn.init.zeros_(bias).requires_grad_(False)
    return lstm
