"""Run a CRNN, and a second trunk, on one core of a CPU (ONNX Runtime), and keep the memory that they free."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tagger.errors import ModelError
from tagger.model_card import ModelCard, check_weights, of_network, of_second
from tagger.runtime.graph import INPUT, OUTPUTS, crnn_graph
from tagger.runtime.musicnn import musicnn_graph
from tagger.types import FloatArray

WINDOWS_AT_ONCE = 6
"""Few enough that the maps of a layer stay in the cache."""

ERRORS_ONLY = 3

SILENCE = {"ORT_DISABLE_TELEMETRY": "1"}
"""Keeps ONNX Runtime from sending anything to its maker, and from leaving an identity in the home folder.

Official builds of 1.29 and later do so on Linux and macOS (microsoft/onnxruntime#27379), so they are not
asked for; this is for those that somebody has all the same. On Windows they tell the system's own tracing.
"""

UNFIT = (SafetensorError, ValueError, TypeError, KeyError, IndexError, RuntimeError)
"""What comes of weights that are not those of their card."""


class Outputs(NamedTuple):
    """What a network says of windows: genre logits (n_windows, n_genres), raw energy (n_windows,),
    embedding (n_windows, embedding_dim), tempo logits (n_windows, n_tempo).

    n_genres, embedding_dim and n_tempo are 0 for a network without such a head; its energy may be NaN.
    """

    genre_logits: FloatArray
    energy: FloatArray
    embedding: FloatArray
    tempo_logits: FloatArray


class Session:
    """A CRNN that is ready to run. Not to be shared between threads."""

    n_windows = 1
    """Of a track's windows, that are one input."""

    def __init__(self, card: ModelCard) -> None:
        """Load and check the weights that `card` names. Raises `ModelError` for weights that do not fit."""
        path = check_weights(card)
        try:
            network, front_end = of_network(card, load_file(path)), card.front_end
            graph = crnn_graph(network, card.network, front_end.n_mels, front_end.n_frames)
            self._session = _session(graph)
        except UNFIT as error:
            raise _unfit(path, error) from None
        self.embedding_dim = int(card.network["embedding_dim"])

    def run(self, log_mels: NDArray[np.float16]) -> Outputs:
        """Run the network on log-mels (n_windows, n_mels, n_frames) in dB."""
        parts = range(0, len(log_mels), WINDOWS_AT_ONCE)
        found = [self._run(log_mels[first : first + WINDOWS_AT_ONCE]) for first in parts]
        return Outputs(*map(np.concatenate, zip(*found, strict=True)))

    def _run(self, log_mels: NDArray[np.float16]) -> tuple[FloatArray, ...]:
        said: Mapping[str, Any] = dict(
            zip(self._names, self._session.run(None, {INPUT: log_mels.astype(np.float32)}), strict=True)
        )
        nothing = np.zeros((len(log_mels), 0), np.float32)
        return tuple(said.get(name, nothing) for name in OUTPUTS)

    @property
    def _names(self) -> list[str]:
        return [output.name for output in self._session.get_outputs()]


class SecondSession:
    """A second trunk that is ready to run. Not to be shared between threads."""

    def __init__(self, card: ModelCard) -> None:
        """Load and check the weights of the card's second trunk; raise as `Session` does."""
        assert card.second
        path, front_end = check_weights(card), card.second.front_end
        try:
            weights = of_second(load_file(path))
            graph = musicnn_graph(weights, front_end.n_mels, front_end.n_frames)
            self._session = _session(graph)
        except UNFIT as error:
            raise _unfit(path, error) from None
        self.embedding_dim = len(weights["dense.bias"])

    def run(self, log_mels: NDArray[np.float16]) -> FloatArray:
        """Give the embeddings (n_windows, embedding_dim) of log-mels (n_windows, n_mels, n_frames) in dB."""
        parts = (log_mels[i : i + 1].astype(np.float32) for i in range(len(log_mels)))
        return np.concatenate([self._session.run(None, {INPUT: part})[0] for part in parts])


def _unfit(path: str, error: Exception) -> ModelError:
    reason = str(error).splitlines()[0]
    return ModelError(f"{path}: does not fit its model.json ({reason}); reinstall the model")


def _session(graph: bytes) -> Any:
    """One thread: the other cores decode."""
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _onnxruntime() -> Any:
    """Import it, and raise ImportError for whatever goes wrong: no model is to blame for that."""
    os.environ.update(SILENCE)  # before the import, which is the start
    try:
        import onnxruntime

        onnxruntime.disable_telemetry_events()
    except (AttributeError, RuntimeError, ValueError) as error:
        raise ImportError(f"onnxruntime: {error}") from None
    return onnxruntime


def keep_freed_memory() -> None:
    """Tell glibc not to hand freed arrays back to the kernel, which would clear the next ones page by page.

    For the whole process; nothing happens where there is no glibc. Measured on two cores: a training
    step takes 0.41 s instead of 0.73 s, a track's prediction 8 ms instead of 10.7 ms (mallopt(3)).
    """
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        for option, value in ((m_mmap_max, 0), (m_trim_threshold, 2**31 - 1), (m_top_pad, 64 << 20)):
            libc.mallopt(option, value)
