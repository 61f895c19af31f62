"""MusiCNN's weights made small: kernels that training emptied become constants, batch norms factors.

Pons & Serra 2019 ("musicnn: pre-trained convolutional neural networks for music audio tagging"), ISC licence.
Of the network for the Million Song Dataset, 23 and 14 of its 204 kernels of two shapes over time and bands
are alive, 3, 7 and 17 of its 51 of three lengths in time, and 20 of 64 of the layer behind them; the others
answer alike to every sound. Without them the answers are the same within the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from tagger.training.checkpoint import read_checkpoint
from tagger.types import FloatArray, FrontEnd

PACKAGE = "musicnn==0.1.0"
FOLDER = "musicnn/MSD_musicnn"
LICENCE = "musicnn-0.1.0.dist-info/LICENSE.md"

FRONT_END = FrontEnd(sample_rate_hz=16_000, window_s=10.0, n_fft=512, hop_length=256, n_mels=96)
"""MusiCNN's own, in the windows of the program. Its input is log10(1 + 10,000 · power) of these bands."""

ALIVE = 1e-3
"""The length of a kernel above which it answers to sounds: dead ones have less than 1e-4."""

VARIANCE_EPSILON = 1e-3
"""Of TensorFlow's batch norms."""

SCALE = 0.5
"""Of the embedding here. So both trunks weigh about alike in the direction of their embeddings, by which
tracks are alike: of the twenty nearest by other artists 0.585 share a genre, 0.563 by the first network's
embedding alone and 0.534 by MusiCNN's (validation split, each artist counting once)."""

N_FRONT = 5
"""Layers that read the spectrogram; three more are behind them."""

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """`kernels` (..., n) and their `bias`, then max(0, ·), `scale` and `shift`, (n,) all three."""

    kernels: FloatArray
    bias: FloatArray
    scale: FloatArray
    shift: FloatArray

    @property
    def is_alive(self) -> NDArray[np.bool_]:
        """Tell which kernels answer to sounds, (n,)."""
        lengths = np.sqrt(np.square(self.kernels).reshape(-1, self.kernels.shape[-1]).sum(axis=0))
        return np.asarray(lengths > ALIVE)

    @property
    def constants(self) -> FloatArray:
        """What each gives where its kernel is dead, (n,)."""
        return np.asarray(np.maximum(self.bias, 0) * self.scale + self.shift)


def notice(package: str) -> str:
    """Give the licence that MusiCNN's weights are shipped under, from its wheel."""
    with ZipFile(package) as wheel:
        return wheel.read(LICENCE).decode().strip() + "\n"


def load(package: str) -> dict[str, NDArray[np.float32]]:
    """Read the network for the Million Song Dataset from the wheel of `PACKAGE`, and make it small.

    Raises `TaggerError` for a file that is not that wheel.
    """
    return small(read_checkpoint(package, FOLDER))


def small(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """Fold a network, by the names of its checkpoint, into what `tagger.runtime.musicnn` runs.

    A kernel whose norm turns signs round is turned round itself, for the maximum over the bands is taken
    before the norm here. The constants of dead kernels are added where they are read; where that depends on
    the edges of a patch, one more input, which is 1 everywhere, carries them.
    """
    front = [_layer(weights, i, i + 1) for i in range(N_FRONT)]
    first, second, third = (_middle(weights, i) for i in range(3))
    arrays = {"input": np.concatenate(_norm(weights, 0)), **_front(front)}
    is_alive = np.concatenate([layer.is_alive for layer in front])
    constants = np.concatenate([layer.constants for layer in front])
    living = first.is_alive
    n_living = int(living.sum())
    order = np.concatenate([np.flatnonzero(living), np.flatnonzero(~living)])
    first, second, third = _in_order(first, order), _in_order(second, order), _in_order(third, order)
    dead = first.constants[n_living:]
    kept, everything = np.arange(len(order)) < n_living, np.full(len(order), True)
    # What dead kernels add to the second layer's answers.
    second = replace(second, shift=second.shift + np.where(kept, 0, first.constants))
    arrays |= _convolution(0, first, is_alive, constants, n_living)
    arrays |= _convolution(1, _reading(second, order), kept, first.constants, len(order))
    arrays |= _convolution(2, _reading(third, order), everything, first.constants, len(order))
    arrays |= _dense(weights, is_alive, constants, order, dead)
    return {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}


def _front(layers: Sequence[_Layer]) -> dict[str, FloatArray]:
    """Give the living kernels of the layers that read the spectrogram, and the norms behind their maxima."""
    arrays: dict[str, FloatArray] = {}
    for i, layer in enumerate(layers):
        alive = layer.is_alive
        sign = np.where(layer.scale[alive] < 0, -1.0, 1.0)
        arrays[f"front.{i}.weight"] = np.moveaxis(layer.kernels[..., 0, alive] * sign, -1, 0)
        arrays[f"front.{i}.bias"] = layer.bias[alive] * sign
    for part in ("scale", "shift"):
        arrays[f"front.{part}"] = np.concatenate([getattr(layer, part)[layer.is_alive] for layer in layers])
    return arrays


def _convolution(
    i: int, layer: _Layer, is_read: NDArray[np.bool_], constants: FloatArray, n_outputs: int
) -> dict[str, FloatArray]:
    """Give the first `n_outputs` of a layer along time, which reads the channels where `is_read` holds.

    Where others are left out, their constants come by the last input.
    """
    kernels = layer.kernels[:, :, :n_outputs]
    read = kernels[:, is_read]
    if not is_read.all():
        by_one = np.einsum("tcn,c->tn", kernels[:, ~is_read], constants[~is_read])
        read = np.concatenate([read, by_one[:, None]], axis=1)
    return {
        f"middle.{i}.weight": read.transpose(2, 1, 0),
        **{f"middle.{i}.{part}": getattr(layer, part)[:n_outputs] for part in ("bias", "scale", "shift")},
    }


def _dense(
    weights: Weights,
    is_alive: NDArray[np.bool_],
    constants: FloatArray,
    order: NDArray[np.int_],
    dead: FloatArray,
) -> dict[str, FloatArray]:
    """Fold the layer that makes the embedding: it reads the maximum and the mean of every channel."""
    before_scale, before_shift = _norm(weights, 9)
    kernel = weights["dense/kernel"].astype(np.float64)
    bias = weights["dense/bias"] + before_shift @ kernel
    by_channel = (kernel * before_scale[:, None]).reshape(-1, 2, len(bias))
    n_front, n_middle = len(is_alive), len(order)
    bias = bias + np.einsum("c,cpo->o", constants[~is_alive], by_channel[:n_front][~is_alive])
    of_first = by_channel[n_front : n_front + n_middle][order]
    n_living = n_middle - len(dead)
    bias = bias + np.einsum("c,cpo->o", dead, of_first[n_living:])
    later = [by_channel[n_front + k * n_middle : n_front + (k + 1) * n_middle][order] for k in (1, 2)]
    read = np.concatenate([by_channel[:n_front][is_alive], of_first[:n_living], *later])
    scale, shift = _norm(weights, 10)
    return {
        "dense.weight": np.concatenate([read[:, 0], read[:, 1]]).T,
        "dense.bias": bias,
        "dense.scale": SCALE * scale,
        "dense.shift": SCALE * shift,
    }


def _in_order(layer: _Layer, order: NDArray[np.int_]) -> _Layer:
    """Put the outputs of a layer in another order."""
    return _Layer(
        layer.kernels[..., order], *(getattr(layer, part)[order] for part in ("bias", "scale", "shift"))
    )


def _reading(layer: _Layer, order: NDArray[np.int_]) -> _Layer:
    """Let a layer read its inputs in another order."""
    return _Layer(layer.kernels[:, order], layer.bias, layer.scale, layer.shift)


def _middle(weights: Weights, i: int) -> _Layer:
    """A layer along time: kernels (7, n_inputs, n_outputs)."""
    layer = _layer(weights, N_FRONT + i, N_FRONT + i + 1)
    return _Layer(layer.kernels[:, :, 0], layer.bias, layer.scale, layer.shift)


def _layer(weights: Weights, convolution: int, norm: int) -> _Layer:
    name = _numbered("conv2d", convolution)
    kernels, bias = (weights[f"{name}/{part}"].astype(np.float64) for part in ("kernel", "bias"))
    return _Layer(kernels, bias, *_norm(weights, norm))


def _norm(weights: Weights, i: int) -> tuple[FloatArray, FloatArray]:
    """Give the factors and summands of a batch norm after training."""
    name = _numbered("batch_normalization", i)
    parts: Any = (f"{name}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance"))
    gamma, beta, mean, variance = (weights[part].astype(np.float64) for part in parts)
    scale = gamma / np.sqrt(variance + VARIANCE_EPSILON)
    return scale, beta - mean * scale


def _numbered(name: str, i: int) -> str:
    """TensorFlow numbers the layers of a kind from the second on."""
    return f"{name}_{i}" if i else name
