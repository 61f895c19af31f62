"""The tempo head: from a log-mel spectrogram by a learned tempogram to one class a BPM."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FIRST_BPM, LAST_BPM = 30, 286
"""The classes of Schreiber & Müller 2018 ("A single-step approach to musical tempo estimation using a
convolutional neural network"), one a BPM."""

BINS_PER_OCTAVE = 60
"""Of the logarithmic axis of pulse rates: 1.2 % a bin, a third of the tolerance of Acc1."""

OCTAVES = (-1, 0, 1, 2)
"""Rates that a tempo shows at: itself, half of it (pairs of beats), and its divisions into two and four."""


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
        scale = centred.square().mean(dim=2, keepdim=True).sqrt() + 1e-3
        centred = centred / scale
        cosine, sine = _waves(n_frames, self.frame_rate_hz, curves.device)
        spectrum = torch.hypot(centred @ cosine, centred @ sine)
        autocorrelation = _autocorrelation(centred)
        lags = 60 * self.frame_rate_hz / _rates_bpm(curves.device)
        once, fourfold = (_at(autocorrelation, lags * k) for k in (1, 4))
        return torch.cat([(spectrum + 1e-3).log(), once, fourfold], dim=1)

    def _to_bpm(self, scores: Tensor) -> Tensor:
        """Read scores (batch, n_bins) on the logarithmic axis at each BPM: (batch, 257)."""
        bpm = tempo_classes(scores)
        bins = (bpm / FIRST_BPM).log2() * BINS_PER_OCTAVE
        return _at(scores.unsqueeze(1), bins).squeeze(1)


def tempo_classes(like: Tensor) -> Tensor:
    """Give the tempo in BPM of each class, (257,), on the device of `like`."""
    return torch.arange(FIRST_BPM, LAST_BPM + 1, device=like.device, dtype=torch.float32)


def mean_bpm(logits: Tensor) -> Tensor:
    """Compute the mean tempo in BPM of distributions by their logits, (batch, 257) → (batch,)."""
    return (logits.softmax(dim=1) * tempo_classes(logits)).sum(dim=1)


@lru_cache(maxsize=4)
def _waves(n_frames: int, frame_rate_hz: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Make a cosine and a sine of every pulse rate under a Hann window, each (n_frames, n_rates)."""
    with torch.inference_mode(False):  # the cache serves training too
        time_s = torch.arange(n_frames, device=device) / frame_rate_hz
        phase = 2 * math.pi * _rates_bpm(device) / 60 * time_s.unsqueeze(1)
        window = torch.hann_window(n_frames, periodic=False, device=device).unsqueeze(1) * (2 / n_frames)
        return phase.cos() * window, phase.sin() * window


def _rates_bpm(device: torch.device) -> Tensor:
    """Give the pulse rates from an octave under the slowest tempo to two over the fastest."""
    n_bins = math.ceil(math.log2(LAST_BPM / FIRST_BPM) * BINS_PER_OCTAVE) + 2
    bins = torch.arange(n_bins + 3 * BINS_PER_OCTAVE, device=device)
    return FIRST_BPM / 2 * 2 ** (bins / BINS_PER_OCTAVE)


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
