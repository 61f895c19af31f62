"""Build any network that a `model.json` can name, and run it on a device by PyTorch.

That is a GPU, or the CPU for networks other than a CRNN.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from tagger.errors import ModelError
from tagger.model_card import ModelCard, check_weights, of_network
from tagger.nets.classic import Backbone, EchoNestMlp, MelCnn, MfccLstm, SpectrogramCnn, TempoRegression
from tagger.nets.crnn import CRNN, for_inference
from tagger.nets.network import NetOutput
from tagger.runtime import Outputs, keep_freed_memory

WINDOWS_AT_ONCE = {"cpu": 6, "cuda": 512, "mps": 128}
"""Windows that a network gets at once: on a CPU few enough that the maps of a layer stay in the cache."""


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


class NetworkOnDevice:
    """A network that is ready to run. Not to be shared between threads."""

    def __init__(self, card: ModelCard, device: str) -> None:
        """Load and check the weights that `card` names; `device` is auto, cpu, cuda or mps.

        Raises `ModelError` for weights that do not fit and for a device that is not there.
        """
        self._device = device_named(device)
        network = load_network(card)
        is_cuda = self._device.type == "cuda"
        network = for_inference(network, half=is_cuda) if isinstance(network, CRNN) else network.eval()
        self._network: Network = network.to(self._device)
        self.n_windows, self.embedding_dim = network.n_windows, network.embedding_dim

    def run(self, log_mels: NDArray[np.float16]) -> Outputs:
        """Run the network on log-mels (n_windows, n_mels, n_frames) in dB."""
        windows = torch.from_numpy(log_mels)
        if self._device.type == "cuda":
            windows = windows.pin_memory()  # so that this process need not wait for the copy
        parts = windows.split(WINDOWS_AT_ONCE[self._device.type])
        with torch.inference_mode():
            on_device = (part.to(self._device, non_blocking=True).float() for part in parts)
            output = _outputs(self._network, on_device)
        return Outputs(*(part.cpu().numpy() for part in output))


def load_network(card: ModelCard) -> Network:
    """Build the network of `card` and load its weights. Raises `ModelError` for weights that do not fit."""
    path = check_weights(card)
    try:
        network = build(card.network, card.front_end.n_mels, len(card.genres))
        network.load_state_dict(of_network(card, load_file(path)))
    except (RuntimeError, TypeError, ValueError, LookupError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path}: does not fit its model.json ({reason}); reinstall the model") from None
    return network


def tune_process(threads: int | None = None) -> None:
    """Set this whole process up for PyTorch on a CPU: keep freed memory, and limit PyTorch's threads.

    For the start of a program. A library must not call it: the program around it may have other uses for
    memory and cores. `threads` is None to leave their number alone; a scan takes 1, because its workers
    keep the other cores busy.
    """
    keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)


def device_named(name: str) -> torch.device:
    """Give the device of auto, cpu, cuda or mps. Raises `ModelError` where it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, available in there.items() if available)
    if not there.get(name, False):
        raise ModelError(f"no {name!r} device here; use --device auto or --device cpu")
    return torch.device(name)


def _outputs(network: Network, parts: Iterable[Tensor]) -> NetOutput:
    """Run the network on parts of the windows; a CRNN goes through time once, for all of them together."""
    if isinstance(network, CRNN):
        return network.predict(*_joined([network.encode(part) for part in parts]))
    return NetOutput(*_joined([network(part) for part in parts]))


def _joined(outputs: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(column) for column in zip(*outputs, strict=True))
