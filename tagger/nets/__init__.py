"""The networks that a `model.json` can name."""

from __future__ import annotations

import warnings
from typing import Any

from tagger.errors import ModelError
from tagger.nets.allocator import keep_freed_memory
from tagger.nets.bfloat16 import multiplies_bfloat16
from tagger.nets.crnn import CRNN, NetOutput, for_inference

__all__ = ["CRNN", "NetOutput", "build", "for_inference", "keep_freed_memory", "multiplies_bfloat16"]

NETWORKS = {"crnn": CRNN}


def build(network: dict[str, Any], n_mels: int, n_genres: int) -> CRNN:
    """The untrained network that a model card's `network` describes. Raises `ModelError` if unknown."""
    settings = dict(network)
    name = settings.pop("name", "")
    if name not in NETWORKS:
        raise ModelError(f"unknown network {name!r}; this version of tagger knows {', '.join(NETWORKS)}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors")  # a head of no genres
        return NETWORKS[name](n_mels, n_genres, **settings)
