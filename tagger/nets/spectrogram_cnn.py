"""A small convolutional network on pictures of spectrograms, with most of its weights in one dense layer."""

from __future__ import annotations

from torch import Tensor, nn

from tagger.nets.output import NetOutput, only_genre
from tagger.nets.picture import colour_picture


class SpectrogramCnn(nn.Module):
    """Picture → convolution 8 → pool → convolution 32 → pool → dense 128 → genres.

    Input is the log-mel of one window, (batch, n_mels, n_frames) in dB; it is painted `width` by
    `height` pixels large.
    """

    n_windows = 1
    embedding_dim = 0

    def __init__(
        self, n_mels: int, n_genres: int, width: int = 496, height: int = 369, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.height, self.width = height, width
        self.network = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (height // 4) * (width // 4), 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, n_genres),
        )

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        return only_genre(self.network(colour_picture(log_mel_db, self.height, self.width) - 0.5))
