"""Small networks that others have published, to compare ours with."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from tagger.errors import ModelError
from tagger.nets.crnn import TempoHead, mean_bpm, tempo_classes
from tagger.nets.network import NetOutput, colour_picture, only_genre, remove_level


class MelCnn(nn.Module):
    """Log-mel → convolutions, each with batch norm and a pool → mean and maximum → genres.

    With `window_frames`, the sound is cut into windows of so many frames, each of which is classified
    alone; the answer is the mean of their probabilities (soft voting). 129 frames are 3 s, and of a
    track's three windows of 10 s, which then come one after the other, they make ten. The rest at the
    end is left out. Input is (batch, n_mels, n_frames) in dB.
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
        """Predict from log-mels in dB."""
        if not self.window_frames:
            return only_genre(self._logits(log_mel_db))
        log_p = self.window_logits(log_mel_db).log_softmax(dim=2)
        return only_genre(log_p.logsumexp(dim=1) - torch.tensor(log_p.shape[1]).log())

    def window_logits(self, log_mel_db: Tensor) -> Tensor:
        """Compute the logits of each window by itself, (batch, n_windows, n_genres)."""
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


# Mel-frequency cepstral coefficients over time

N_MFCC = 20
MFCC_FRAMES = 1291
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
            nn.LSTM(MFCC_FRAMES if steps == "coefficients" else N_MFCC, hidden, batch_first=True)
        )
        self.second = one_bias(nn.LSTM(hidden, hidden, batch_first=True))
        self.head = nn.Sequential(
            nn.Linear(hidden, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, n_genres)
        )

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        """Predict from log-mels in dB."""
        coefficients = self.norm((cast(Tensor, self.cosines) @ log_mel_db)[:, :, :MFCC_FRAMES])
        sequence = coefficients if self.steps == "coefficients" else coefficients.transpose(1, 2)
        states, _ = self.second(self.first(sequence)[0])
        return only_genre(self.head(states[:, -1]))


def dct(n: int) -> Tensor:
    """Make the matrix of the orthonormal DCT-II, (n, n), which turns decibels into cepstral coefficients.

    >>> bool(torch.allclose(dct(4) @ dct(4).T, torch.eye(4), atol=1e-6))
    True
    """
    k, i = torch.arange(n).unsqueeze(1), torch.arange(n)
    matrix = torch.cos(math.pi / n * (i + 0.5) * k) * math.sqrt(2 / n)
    matrix[0] /= math.sqrt(2)
    return matrix


def one_bias(lstm: nn.LSTM) -> nn.LSTM:
    """Leave an LSTM one trainable bias, as textbooks and Keras have it; PyTorch's second adds nothing."""
    bias = cast(nn.Parameter, lstm.bias_hh_l0)
    nn.init.zeros_(bias).requires_grad_(False)
    return lstm


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
        """Predict from log-mels in dB."""
        return only_genre(self.network(colour_picture(log_mel_db, self.height, self.width) - 0.5))


SPREAD = 0.02
"""Standard deviation of the bell that stands for the answer, as a share of the tempo."""


class TempoRegression(nn.Module):
    """Log-mel → learned tempogram → distribution over tempi → its mean in BPM.

    In training, the tempo logits are those of the distribution. Afterwards they are a bell around the mean,
    so that it is read like the answer of a network of classes. Input is (batch, n_mels, n_frames)
    in dB.
    """

    n_windows = 1
    embedding_dim = 0

    def __init__(self, n_mels: int, n_genres: int, frame_rate_hz: float) -> None:
        super().__init__()
        self.tempogram = TempoHead(n_mels, frame_rate_hz)

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        """Predict from log-mels in dB."""
        logits = self.tempo_logits(log_mel_db)
        nothing = logits.new_zeros(len(logits), 0)
        return NetOutput(nothing, logits.new_full((len(logits),), float("nan")), nothing, logits)

    def tempo_logits(self, log_mel_db: Tensor) -> Tensor:
        """Compute a bell around the mean tempo, (batch, 257); in training, the logits behind the mean."""
        logits: Tensor = self.tempogram(remove_level(log_mel_db)).float()
        if self.training:
            return logits
        bpm = mean_bpm(logits).unsqueeze(1)
        bell: Tensor = -0.5 * ((tempo_classes(bpm) - bpm) / (SPREAD * bpm)).square()
        return bell


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
        """Predict from a table of features."""
        logit = self.network(features[:, :, 0])
        return only_genre(torch.cat([torch.zeros_like(logit), logit], dim=1))


# Image networks

BACKBONES = {
    "resnet18": ("resnet18", 1),
    "alexnet": ("alexnetb", 6),
    "vgg11-bn": ("bn_vgg11b", 7),
    "squeezenet": ("squeezenet_v1_0", 1),
    "densenet": ("densenet121", 1),
    "inception-v3": ("inceptionv3", 1),
}
"""Of each: its name in pytorchcv, and the width of the last maps, to which pictures of any size are pooled.

These are the variants of torchvision, with the same numbers of parameters.
"""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the red, green and blue of ImageNet's pictures, by which its networks' inputs are normalised."""


class Backbone(nn.Module):
    """Colour picture of a log-mel → one of `BACKBONES` → genres.

    `size` is the side of the square picture in pixels. Input is the log-mel of one window, (batch,
    n_mels, n_frames) in dB. Raises `ModelError` where pytorchcv is not installed.
    """

    n_windows = 1
    embedding_dim = 0

    def __init__(self, n_mels: int, n_genres: int, backbone: str, size: int = 224) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise ModelError(f"unknown image network {backbone!r}; there are {', '.join(BACKBONES)}")
        (name, width), self.size = BACKBONES[backbone], size
        self.network = _pool_to(width, _provider().get_model(name, num_classes=n_genres))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, log_mel_db: Tensor) -> NetOutput:
        """Predict from log-mels in dB."""
        picture = colour_picture(log_mel_db, self.size, self.size)
        network: Any = self.network
        maps = network.features((picture - cast(Tensor, self.mean)) / cast(Tensor, self.std))
        ends_in_pool = hasattr(network.output, "final_pool")
        return only_genre(network.output(maps if ends_in_pool else maps.flatten(1)).flatten(1))


def imagenet_weights(backbone: str) -> str:
    """Give the file in which pytorchcv keeps the ImageNet weights of a backbone once it has loaded them."""
    name = BACKBONES[backbone][0]
    from pytorchcv.models.model_store import get_model_name_suffix_data

    error, sha1, _ = get_model_name_suffix_data(name)
    return os.path.join(os.path.expanduser("~"), ".torch", "models", f"{name}-{error}-{sha1[:8]}.pth")


def load_imagenet(network: Backbone, path: str) -> None:
    """Load all weights but those of the last layers, which are of ImageNet's classes."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    kept = {name: t for name, t in stored.items() if not name.startswith("output.")}
    missing, unexpected = network.network.load_state_dict(kept, strict=False)
    if unexpected or any(not name.startswith("output.") for name in missing):
        raise ModelError(f"{path}: not the weights of this network; delete it, and load it again")


def _pool_to(width: int, network: Any) -> nn.Module:
    pool = nn.AdaptiveAvgPool2d(width)
    last = network.output if hasattr(network.output, "final_pool") else network.features
    last.add_module("final_pool", pool)
    return cast(nn.Module, network)


def _provider() -> Any:
    try:
        from pytorchcv import model_provider
    except ImportError:
        raise ModelError(
            "this network needs pytorchcv; install it with pip install 'music-tagger[train]'"
        ) from None
    return model_provider
