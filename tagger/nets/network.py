"""The input and output that all networks share: log-mels made level or coloured; `NetOutput`."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tagger.runtime.graph import DYNAMIC_RANGE_DB, SCALE_DB


class NetOutput(NamedTuple):
    """Genre logits (batch, n_genres), raw energy (batch,), embedding (batch, embedding_dim), tempo
    logits (batch, n_tempo).

    n_genres, embedding_dim and n_tempo are 0 for a network that has no such head; its energy is then NaN.
    """

    genre_logits: Tensor
    energy: Tensor
    embedding: Tensor
    tempo_logits: Tensor


def only_genre(genre_logits: Tensor) -> NetOutput:
    """Make the output of a network that predicts genre alone."""
    nothing = genre_logits.new_zeros(len(genre_logits), 0)
    return NetOutput(
        genre_logits, genre_logits.new_full((len(genre_logits),), float("nan")), nothing, nothing
    )


def remove_level(log_mel_db: Tensor) -> Tensor:
    """Bring decibels to zero mean per window and about unit scale, cut 80 dB below the loudest point.

    A louder copy of a window gives the same values. Shape (batch, n_mels, n_frames).
    """
    loudest = log_mel_db.amax(dim=(1, 2), keepdim=True)
    clipped = torch.maximum(log_mel_db, loudest - DYNAMIC_RANGE_DB)
    centred: Tensor = (clipped - clipped.mean(dim=(1, 2), keepdim=True)) / SCALE_DB
    return centred


def colour_picture(log_mel_db: Tensor, height: int, width: int) -> Tensor:
    """Paint log-mels, (batch, n_mels, n_frames) in dB → (batch, 3, height, width) in 0–1, high bands on top.

    The colours are those of "jet", which plots of spectrograms had before perceptual maps: dark blue
    for soft, by way of green, to dark red for loud. Everything 80 dB below the loudest point is dark blue.
    """
    loudest = log_mel_db.amax(dim=(1, 2), keepdim=True)
    level = ((log_mel_db - loudest) / DYNAMIC_RANGE_DB + 1).clamp(0, 1).flip(1).unsqueeze(1)
    level = F.interpolate(level, size=(height, width), mode="bilinear", align_corners=False, antialias=True)
    centres = torch.tensor([3.0, 2.0, 1.0], device=level.device).reshape(1, 3, 1, 1)
    picture: Tensor = (1.5 - (4 * level - centres).abs()).clamp(0, 1)
    return picture
