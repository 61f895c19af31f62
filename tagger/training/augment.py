"""Augmentations of batches of log-mels, all drawn per clip."""

from __future__ import annotations

import torch
from torch import Tensor

from tagger.training.log_mels import LogMels

FLOOR_DB = -100.0
"""The value of `tagger.features.log_mel` for silence."""


def random_crops(log_mels: LogMels, n_frames: int, stretch: float = 0.08) -> Tensor:
    """Crop each at a random offset: (n, n_mels, n_frames) float16 on the CPU.

    Clips shorter than the crop are repeated. Time runs up to `stretch` faster or slower.
    """
    lengths = log_mels.lengths
    rate = 1 + stretch * _uniform(lengths, (len(log_mels), 1), -1, 1)
    spare = (lengths.unsqueeze(1) - n_frames * rate).clamp(min=0)
    spare = torch.where(spare > 0, spare, lengths.unsqueeze(1).to(spare.dtype))
    offset = spare * _uniform(lengths, (len(log_mels), 1), 0, 1)
    return log_mels.at((offset + rate * torch.arange(n_frames)).long() % lengths.unsqueeze(1))


def augment(log_mels: Tensor) -> Tensor:
    """Apply gain, equaliser, low-pass, a shift by mel bands, then SpecAugment; same shape, dB."""
    return spec_augment(low_pass(equalise(shift_bands(gain(log_mels)))))


def gain(log_mels: Tensor, range_db: float = 10.0) -> Tensor:
    """Make each clip louder or softer by up to `range_db`; values below the floor are cut."""
    return (log_mels + _uniform(log_mels, (len(log_mels), 1, 1), -range_db, range_db)).clamp(min=FLOOR_DB)


def equalise(log_mels: Tensor, range_db: float = 5.0) -> Tensor:
    """Add a smooth random curve over the bands: a straight tilt and one bow, each up to `range_db`."""
    n, n_mels, _ = log_mels.shape
    x = torch.linspace(-1, 1, n_mels, device=log_mels.device)
    tilt = _uniform(log_mels, (n, 1), -range_db, range_db) * x
    bow = _uniform(log_mels, (n, 1), -range_db, range_db) * (torch.cos(torch.pi * x) / 2)
    return log_mels + (tilt + bow).unsqueeze(2)


def low_pass(log_mels: Tensor, probability: float = 0.5, lowest_share: float = 0.65) -> Tensor:
    """Make, with `probability`, all bands above a random one (in the upper 35 %) drop away steeply.

    The data sets end at different frequencies, by which a network must not know them.
    """
    n, n_mels, _ = log_mels.shape
    band = torch.arange(n_mels, device=log_mels.device)
    edge = n_mels * _uniform(log_mels, (n, 1), lowest_share, 1)
    drop_db = 15.0 * (band - edge).clamp(min=0) * (_uniform(log_mels, (n, 1), 0, 1) < probability)
    return (log_mels - drop_db.unsqueeze(2)).clamp(min=FLOOR_DB)


def shift_bands(log_mels: Tensor, furthest: int = 1) -> Tensor:
    """Move all bands up or down by at most `furthest`: about a semitone of pitch."""
    n, n_mels, n_frames = log_mels.shape
    shift = torch.randint(-furthest, furthest + 1, (n, 1), device=log_mels.device)
    band = (torch.arange(n_mels, device=log_mels.device) + shift).clamp(0, n_mels - 1)
    return log_mels.gather(1, band.unsqueeze(2).expand(n, n_mels, n_frames))


def spec_augment(log_mels: Tensor, n_masks: int = 2, widest_band: int = 12, longest: int = 48) -> Tensor:
    """Mask bands and stretches of time with the clip's mean (SpecAugment, Park et al. 2019)."""
    mean = log_mels.mean(dim=(1, 2), keepdim=True)
    hidden = torch.zeros_like(log_mels, dtype=torch.bool)
    for _ in range(n_masks):
        hidden |= _mask(log_mels, 1, widest_band).unsqueeze(2)
        hidden |= _mask(log_mels, 2, longest).unsqueeze(1)
    return torch.where(hidden, mean, log_mels)


def _mask(log_mels: Tensor, axis: int, widest: int) -> Tensor:
    n, size = len(log_mels), log_mels.shape[axis]
    width = torch.randint(0, widest + 1, (n, 1), device=log_mels.device)
    start = (_uniform(log_mels, (n, 1), 0, 1) * (size - width)).long()
    position = torch.arange(size, device=log_mels.device)
    return (position >= start) & (position < start + width)


def _uniform(like: Tensor, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    return torch.empty(shape, device=like.device).uniform_(low, high)
