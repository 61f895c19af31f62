"""The networks that a `model.json` can name (PyTorch)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from tagger.errors import ModelError
from tagger.nets.classic import Backbone, EchoNestMlp, MelCnn, MfccLstm, SpectrogramCnn, TempoRegression
from tagger.nets.crnn import CRNN
from tagger.nets.inference import for_inference, keep_freed_memory, multiplies_bfloat16, tune_process
from tagger.nets.network import NetOutput

__all__ = [
    "CRNN",
    "Backbone",
    "NetOutput",
    "Network",
    "build",
    "for_inference",
    "keep_freed_memory",
    "multiplies_bfloat16",
    "tune_process",
]

Network = CRNN | MfccLstm | SpectrogramCnn | MelCnn | TempoRegression | Backbone | EchoNestMlp
"""All turn log-mels (batch, n_mels, n_frames) in dB into a `NetOutput`.

`n_windows` of a track's windows, one after the other in time, are one input: 1 or 3. `embedding_dim` is
0 where the network gives no embedding.
"""

NETWORKS: Mapping[str, Callable[..., Network]] = {
    "crnn": CRNN,
    "mfcc-lstm": MfccLstm,
    "spectrogram-cnn": SpectrogramCnn,
    "mel-cnn": MelCnn,
    "tempo-regression": TempoRegression,
    "backbone": Backbone,
    "echonest-mlp": EchoNestMlp,
}


def build(network: Mapping[str, Any], n_mels: int, n_genres: int) -> Network:
    """Build the untrained network that a model card's `network` describes. Raises `ModelError` if unknown."""
    settings = dict(network)
    name = settings.pop("name", "")
    if name not in NETWORKS:
        raise ModelError(f"unknown network {name!r}; this version of tagger knows {', '.join(NETWORKS)}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Initializing zero-element tensors")  # a head of no genres
        return NETWORKS[name](n_mels, n_genres, **settings)
