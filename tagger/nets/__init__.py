"""The networks that a `model.json` can name (PyTorch): to train them, and to run them on a GPU."""

from __future__ import annotations

from tagger.nets.classic import Backbone
from tagger.nets.crnn import CRNN, for_inference
from tagger.nets.network import NetOutput
from tagger.nets.on_device import Network, NetworkOnDevice, build, device_named, load_network, tune_process

__all__ = [
    "CRNN",
    "Backbone",
    "NetOutput",
    "Network",
    "NetworkOnDevice",
    "build",
    "device_named",
    "for_inference",
    "load_network",
    "tune_process",
]
