"""Spectrograms as colour pictures, for networks that were made to look at photographs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tagger.nets.crnn import DYNAMIC_RANGE_DB


def colour_picture(log_mel_db: Tensor, height: int, width: int) -> Tensor:
    """(batch, n_mels, n_frames) in dB → (batch, 3, height, width) in 0–1, high bands on top.

    The colours are those of "jet", which plots of spectrograms had before perceptual maps: dark blue
    for soft, by way of green, to dark red for loud. All that the CRNN cuts off is of the first.
    """
    loudest = log_mel_db.amax(dim=(1, 2), keepdim=True)
    level = ((log_mel_db - loudest) / DYNAMIC_RANGE_DB + 1).clamp(0, 1).flip(1).unsqueeze(1)
    level = F.interpolate(level, size=(height, width), mode="bilinear", align_corners=False, antialias=True)
    centres = torch.tensor([3.0, 2.0, 1.0], device=level.device).reshape(1, 3, 1, 1)
    picture: Tensor = (1.5 - (4 * level - centres).abs()).clamp(0, 1)
    return picture
