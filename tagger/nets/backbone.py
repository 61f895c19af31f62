"""Networks made for photographs, on pictures of spectrograms (pytorchcv)."""

from __future__ import annotations

import os
from typing import Any, cast

import torch
from torch import Tensor, nn

from tagger.errors import ModelError
from tagger.nets.network import NetOutput, colour_picture, only_genre

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
            "this network needs pytorchcv; install it with: pip install '.[train]' (in tagger's source)"
        ) from None
    return model_provider
