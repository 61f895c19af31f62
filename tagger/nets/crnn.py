"""A small convolutional recurrent network with attention pooling and heads for genre, energy and tempo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tagger.nets.network import NetOutput, remove_level
from tagger.runtime.graph import STRIDES
from tagger.runtime.rhythm import (
    BINS_PER_OCTAVE,
    FIRST_BPM,
    LAST_BPM,
    OCTAVES,
    SOFTEST,
    lags,
    tempo_bins,
    waves,
)


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


def for_inference(network: CRNN, half: bool = False) -> CRNN:
    """Fold batch norms into their convolutions: the same function, about a third faster.

    Changes `network` in place; it can be trained no more. `half` takes the convolutions to float16, for GPUs.
    """
    network.eval()
    for module in list(network.convolutions.modules()):
        if isinstance(module, nn.Sequential) and isinstance(module[0], nn.Conv2d):
            module[0] = fuse_conv_bn_eval(module[0], cast(nn.BatchNorm2d, module[1]))
            module[1] = nn.Identity()
    if half:
        network.convolutions.to(torch.float16)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


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


# The tempo head


class TempoHead(nn.Module):
    """Onset curves → strength of every pulse rate → one logit a BPM.

    A convolution over all bands turns the rise of the sound into `channels` onset curves. For each,
    its Fourier transform and its autocorrelation measure how strong every pulse rate is (a tempogram,
    Grosche & Müller 2011), on a logarithmic axis, where a faster copy of the music is the same
    picture further up: what follows are convolutions along that axis, so few examples teach all tempi.
    """

    def __init__(self, n_mels: int, frame_rate_hz: float, channels: int = 8, width: int = 32) -> None:
        super().__init__()
        self.frame_rate_hz = frame_rate_hz
        self.onsets = nn.Sequential(
            nn.Conv1d(2 * n_mels, 2 * channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(2 * channels, channels, 5, padding=2),
        )
        self.norm = nn.BatchNorm1d(3 * channels)
        self.rates = nn.Sequential(
            nn.Conv1d(3 * channels * len(OCTAVES), width, 1),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Conv1d(width, width, 9, padding=4),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Conv1d(width, 1, 9, padding=4),
        )
        self.prior = nn.Parameter(torch.zeros(1, 1, 14))

    def forward(self, log_mel: Tensor) -> Tensor:
        """Compute the logits (batch, 257) of log-mels (batch, n_mels, n_frames) by `remove_level`."""
        rise = F.pad((log_mel[:, :, 1:] - log_mel[:, :, :-1]).clamp(min=0), (1, 0))
        curves = self.onsets(torch.cat([log_mel, 2 * rise], dim=1)).float()
        strength = self.norm(self._tempogram(curves))
        octave = BINS_PER_OCTAVE
        n_bins = strength.shape[2] - 3 * octave
        views = [strength[:, :, (o + 1) * octave :][:, :, :n_bins] for o in OCTAVES]
        scores = self.rates(torch.cat(views, dim=1))
        prior = F.interpolate(self.prior, size=n_bins, mode="linear", align_corners=True)
        return self._to_bpm((scores + prior).squeeze(1))

    def _tempogram(self, curves: Tensor) -> Tensor:
        """Compute the spectrum, and the autocorrelation at one and at four periods of each rate.

        (batch, channels, n_frames) → (batch, 3 × channels, n_rates).
        """
        n_frames = curves.shape[2]
        centred = curves - curves.mean(dim=2, keepdim=True)
        scale = centred.square().mean(dim=2, keepdim=True).sqrt() + SOFTEST
        centred = centred / scale
        cosine, sine = _waves(n_frames, self.frame_rate_hz, curves.device)
        spectrum = torch.hypot(centred @ cosine, centred @ sine)
        autocorrelation = _autocorrelation(centred)
        once, fourfold = (_at(autocorrelation, _tensor(lag, curves)) for lag in lags(self.frame_rate_hz))
        return torch.cat([(spectrum + SOFTEST).log(), once, fourfold], dim=1)

    def _to_bpm(self, scores: Tensor) -> Tensor:
        """Read scores (batch, n_bins) on the logarithmic axis at each BPM: (batch, 257)."""
        return _at(scores.unsqueeze(1), _tensor(tempo_bins(), scores)).squeeze(1)


def tempo_classes(like: Tensor) -> Tensor:
    """Give the tempo in BPM of each class, (257,), on the device of `like`."""
    return torch.arange(FIRST_BPM, LAST_BPM + 1, device=like.device, dtype=torch.float32)


def mean_bpm(logits: Tensor) -> Tensor:
    """Compute the mean tempo in BPM of distributions by their logits, (batch, 257) → (batch,)."""
    return (logits.softmax(dim=1) * tempo_classes(logits)).sum(dim=1)


@lru_cache(maxsize=4)
def _waves(n_frames: int, frame_rate_hz: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Give the waves of `tagger.runtime.rhythm.waves` on a device."""
    with torch.inference_mode(False):  # the cache serves training too
        cosine, sine = waves(n_frames, frame_rate_hz)
        return torch.from_numpy(cosine).to(device), torch.from_numpy(sine).to(device)


def _tensor(values: NDArray[np.float64], like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.device, torch.float32)


def _autocorrelation(curves: Tensor) -> Tensor:
    """Autocorrelate along the last axis, without wrapping round, divided by the overlap."""
    n = curves.shape[2]
    n_fft = 1 << (2 * n - 1).bit_length()
    spectrum = torch.fft.rfft(curves, n=n_fft)
    power = (spectrum.real.square() + spectrum.imag.square()).to(spectrum.dtype)
    products = torch.fft.irfft(power, n=n_fft)[:, :, :n]
    overlap = torch.arange(n, 0, -1, device=curves.device).clamp(min=n // 8)
    correlation: Tensor = products / overlap
    return correlation


def _at(values: Tensor, position: Tensor) -> Tensor:
    """Interpolate (batch, channels, n) linearly at `position` (m,); beyond the end it is 0."""
    n = values.shape[2]
    low = position.floor().clamp(max=n - 2).long()
    share = (position - low).clamp(max=1.0)
    found: Tensor = values[:, :, low] * (1 - share) + values[:, :, low + 1] * share
    return found.masked_fill(position > n - 1, 0.0)
