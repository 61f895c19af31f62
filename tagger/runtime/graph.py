"""Write a CRNN as an ONNX graph: the functions of `tagger.nets.crnn.CRNN` after training, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tagger.runtime.rhythm import (
    BINS_PER_OCTAVE,
    OCTAVES,
    SOFTEST,
    autocorrelation_at,
    interpolation,
    lags,
    rates_bpm,
    tempo_bins,
    waves,
)

OPSET, IR_VERSION = 17, 8
"""Of 2022: all that is used here is in it, and every ONNX Runtime since 1.13 reads it."""

DYNAMIC_RANGE_DB = 80.0
"""Below the loudest point of a window; the rest is cut off (librosa's `top_db`)."""

SCALE_DB = 20.0
"""Divides the centred decibels, so that inputs are of order one."""

STRIDES = ((2, 2), (2, 2), (2, 2), (2, 1), (2, 1))
"""Of each stage over (bands, frames): 96 bands become 3, and a step of time is 186 ms."""

EPSILON = 1e-5
"""Added to the variance in a batch norm; PyTorch's default."""

INPUT = "log_mel_db"
OUTPUTS = ("genre_logits", "energy", "embedding", "tempo_logits")

Weights = Mapping[str, NDArray[Any]]


def crnn_graph(weights: Weights, network: Mapping[str, Any], n_mels: int, n_frames: int) -> bytes:
    """Write the graph of a CRNN; `network` and the names of `weights` are those of its model card and file.

    Its input is (n_windows, n_mels, n_frames) in dB, its outputs those of `tagger.nets.NetOutput` that the
    network has: no genre logits of no genres, no tempo logits without a tempo head. Raises ValueError for
    weights that are missing, left over or of another shape.
    """
    graph = Graph(weights)
    level_removed = _level_removed(graph)
    outputs = _genre_and_energy(graph, _steps(graph, level_removed, network, n_mels), network)
    if network.get("frame_rate_hz"):
        outputs["tempo_logits"] = _tempo(graph, level_removed, n_mels, n_frames, network["frame_rate_hz"])
    graph.require_all_used()
    return graph.serialised((n_mels, n_frames), outputs)


class Graph:
    """The nodes and constants so far; a value is known by its name."""

    def __init__(self, weights: Weights) -> None:
        self.weights = {name: value for name, value in weights.items() if "num_batches_tracked" not in name}
        self._left = set(self.weights)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; give the name of its first output."""
        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        name = f"c{len(self._constants)}"
        array: NDArray[Any] = np.ascontiguousarray(value, dtype)
        self._constants.append(numpy_helper.from_array(array.reshape(np.shape(value)), name))
        return name

    def known(self, name: str) -> NDArray[Any]:
        """Look at a weight, for its shape."""
        if name not in self.weights:
            raise ValueError(f"{name} is missing")
        return self.weights[name]

    def weight(self, name: str, *shape: int) -> NDArray[Any]:
        """Take a weight, which must have this shape."""
        found = self.known(name)
        if found.shape != shape:
            raise ValueError(f"{name} is {found.shape}, not {shape}")
        self._left.discard(name)
        return found

    def norm(self, value: str, name: str, n: int) -> str:
        parts = ("weight", "bias", "running_mean", "running_var")
        constants = [self.constant(self.weight(f"{name}.{part}", n)) for part in parts]
        return self.node("BatchNormalization", value, *constants, epsilon=EPSILON)

    def linear(self, value: str, name: str, n_in: int, n_out: int) -> str:
        """Multiply the last axis of `value`."""
        product = self.node("MatMul", value, self.constant(self.weight(f"{name}.weight", n_out, n_in).T))
        return self.node("Add", product, self.constant(self.weight(f"{name}.bias", n_out)))

    def convolution(self, value: str, name: str, n_in: int, n_out: int, size: int) -> str:
        """Convolve along time with a bias, as long as before."""
        weight, bias = self.weight(f"{name}.weight", n_out, n_in, size), self.weight(f"{name}.bias", n_out)
        return self.node("Conv", value, self.constant(weight), self.constant(bias), pads=[size // 2] * 2)

    def slice(self, value: str, axis: int, start: int, end: int) -> str:
        bounds = (self.constant([number], np.int64) for number in (start, end, axis))
        return self.node("Slice", value, *bounds)

    def reshape(self, value: str, *shape: int) -> str:
        """0 keeps an axis, -1 is what is left."""
        return self.node("Reshape", value, self.constant(shape, np.int64))

    def require_all_used(self) -> None:
        if self._left:
            raise ValueError(f"{min(self._left)} belongs to no part of the network")

    def serialised(self, input_shape: Sequence[int], outputs: Mapping[str, str]) -> bytes:
        ends = [helper.make_node("Identity", [value], [name]) for name, value in outputs.items()]
        graph = helper.make_graph(
            self._nodes + ends,
            "crnn",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n_windows", *input_shape])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self._constants,
        )
        opset = helper.make_opsetid("", OPSET)
        model: onnx.ModelProto = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        content: bytes = model.SerializeToString()
        return content


def _level_removed(graph: Graph) -> str:
    """As `tagger.nets.network.remove_level`."""
    loudest = graph.node("ReduceMax", INPUT, axes=[1, 2])
    floor = graph.node("Sub", loudest, graph.constant(DYNAMIC_RANGE_DB))
    clipped = graph.node("Max", INPUT, floor)
    centred = graph.node("Sub", clipped, graph.node("ReduceMean", clipped, axes=[1, 2]))
    return graph.node("Div", centred, graph.constant(SCALE_DB))


def _steps(graph: Graph, level_removed: str, network: Mapping[str, Any], n_mels: int) -> tuple[str, int]:
    """Encode into steps of time, (n_windows, n_features, n_steps); give them and n_features."""
    maps = graph.node("Unsqueeze", graph.norm(level_removed, "bands", n_mels), graph.constant([1], np.int64))
    before, n_bands = 1, n_mels
    for i, (width, n_blocks) in enumerate(zip(network["channels"], network["blocks"], strict=True)):
        stage = f"convolutions.{i}"
        maps = graph.node("Relu", _normed(graph, maps, f"{stage}.0", before, width, 3, STRIDES[i]))
        for block in range(n_blocks):
            maps = _separable(graph, maps, f"{stage}.{2 + block}", width)
        before, n_bands = width, -(-n_bands // STRIDES[i][0])
    return graph.reshape(maps, 0, before * n_bands, -1), before * n_bands


def _separable(graph: Graph, maps: str, name: str, width: int) -> str:
    inner = _normed(graph, maps, f"{name}.depthwise", width, width, 3, groups=width)
    inner = graph.node("Relu", _normed(graph, inner, f"{name}.expand", width, 2 * width, 1))
    return graph.node("Add", maps, _normed(graph, inner, f"{name}.reduce", 2 * width, width, 1))


def _normed(
    graph: Graph,
    maps: str,
    name: str,
    n_in: int,
    n_out: int,
    size: int,
    stride: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> str:
    """A convolution and its batch norm, which ONNX Runtime folds into it."""
    weight = graph.constant(graph.weight(f"{name}.0.weight", n_out, n_in // groups, size, size))
    pads = [size // 2] * 4
    maps = graph.node("Conv", maps, weight, strides=stride, pads=pads, group=groups)
    return graph.norm(maps, f"{name}.1", n_out)


def _genre_and_energy(graph: Graph, encoded: tuple[str, int], network: Mapping[str, Any]) -> dict[str, str]:
    """As `CRNN.predict`."""
    steps, n_features = encoded
    hidden, size = network["hidden"], network["embedding_dim"]
    states = _recurrent(graph, graph.node("Transpose", steps, perm=[2, 0, 1]), n_features, hidden)
    n_attention = len(graph.weights.get("attention.0.bias", ()))
    heard = graph.node("Tanh", graph.linear(states, "attention.0", 2 * hidden, n_attention))
    weights = graph.node("Softmax", graph.linear(heard, "attention.2", n_attention, 1), axis=1)
    attended = graph.node(
        "ReduceSum", graph.node("Mul", weights, states), graph.constant([1], np.int64), keepdims=0
    )
    mean, highest = (graph.node(kind, steps, axes=[2], keepdims=0) for kind in ("ReduceMean", "ReduceMax"))
    pooled = graph.node("Concat", attended, mean, highest, axis=1)
    projected = graph.linear(pooled, "project.0", 2 * hidden + 2 * n_features, size)
    embedding = graph.node("Relu", graph.norm(projected, "project.1", size))
    outputs = {"embedding": embedding}
    outputs["energy"] = graph.reshape(graph.linear(embedding, "energy_head", size, 1), -1)
    n_genres = len(graph.weights.get("genre_head.bias", ()))
    if n_genres:
        outputs["genre_logits"] = graph.linear(embedding, "genre_head", size, n_genres)
    else:
        graph.weight("genre_head.weight", 0, size), graph.weight("genre_head.bias", 0)
    return outputs


def _recurrent(graph: Graph, steps: str, n_in: int, hidden: int) -> str:
    """Run a bidirectional GRU over (n_steps, n_windows, n_in); give states (n_windows, n_steps, 2 · hidden).

    ONNX has the gates of PyTorch (reset, update, new) in the order update, reset, new.
    """

    def ordered(kind: str, *shape: int) -> NDArray[Any]:
        both = [graph.weight(f"recurrent.{kind}_l0{way}", 3 * hidden, *shape) for way in ("", "_reverse")]
        gates = [np.split(one, 3) for one in both]
        return np.stack([np.concatenate([update, reset, new]) for reset, update, new in gates])

    weights = graph.constant(ordered("weight_ih", n_in)), graph.constant(ordered("weight_hh", hidden))
    biases = graph.constant(np.concatenate([ordered("bias_ih"), ordered("bias_hh")], axis=1))
    states = graph.node(
        "GRU", steps, *weights, biases, direction="bidirectional", hidden_size=hidden, linear_before_reset=1
    )
    return graph.reshape(graph.node("Transpose", states, perm=[2, 0, 1, 3]), 0, 0, 2 * hidden)


def _tempo(graph: Graph, level_removed: str, n_mels: int, n_frames: int, frame_rate_hz: float) -> str:
    """As `tagger.nets.crnn.TempoHead`; the autocorrelation is read at its lags by two products."""
    n_curves = len(graph.weights.get("tempo_head.onsets.2.bias", ()))
    curves = _onsets(graph, level_removed, n_mels, n_frames, n_curves)
    centred = graph.node("Sub", curves, graph.node("ReduceMean", curves, axes=[2]))
    variance = graph.node("ReduceMean", graph.node("Mul", centred, centred), axes=[2])
    softest = graph.constant(SOFTEST)
    centred = graph.node("Div", centred, graph.node("Add", graph.node("Sqrt", variance), softest))

    n_rates = len(rates_bpm())
    pulses = np.concatenate(waves(n_frames, frame_rate_hz), axis=1)
    both = graph.node("MatMul", centred, graph.constant(pulses))
    length = graph.node("Sqrt", _power(graph, both, n_rates))
    spectrum = graph.node("Log", graph.node("Add", length, softest))
    to_spectrum, to_lags = autocorrelation_at(n_frames, np.concatenate(lags(frame_rate_hz)))
    transform = graph.node("MatMul", centred, graph.constant(to_spectrum))
    power = _power(graph, transform, to_lags.shape[0])
    read = graph.node("MatMul", power, graph.constant(to_lags))
    once, fourfold = (graph.slice(read, 2, i * n_rates, (i + 1) * n_rates) for i in range(2))
    strength = graph.norm(
        graph.node("Concat", spectrum, once, fourfold, axis=1), "tempo_head.norm", 3 * n_curves
    )
    return _rated(graph, strength, 3 * n_curves, n_rates - 3 * BINS_PER_OCTAVE)


def _onsets(graph: Graph, level_removed: str, n_mels: int, n_frames: int, n_curves: int) -> str:
    later = graph.slice(level_removed, 2, 1, n_frames)
    earlier = graph.slice(level_removed, 2, 0, n_frames - 1)
    rise = graph.node("Relu", graph.node("Sub", later, earlier))
    rise = graph.node("Pad", rise, graph.constant([0, 0, 1, 0, 0, 0], np.int64))
    rise = graph.node("Mul", rise, graph.constant(2.0))
    both = graph.node("Concat", level_removed, rise, axis=1)
    name = "tempo_head.onsets"
    inner = graph.node("Relu", graph.convolution(both, f"{name}.0", 2 * n_mels, 2 * n_curves, 3))
    return graph.convolution(inner, f"{name}.2", 2 * n_curves, n_curves, 5)


def _power(graph: Graph, transform: str, n: int) -> str:
    """Add the squares of the first `n` values (real) and of the others (imaginary)."""
    parts = (graph.slice(transform, 2, i * n, (i + 1) * n) for i in range(2))
    return graph.node("Add", *(graph.node("Mul", part, part) for part in parts))


def _rated(graph: Graph, strength: str, n_curves: int, n_bins: int) -> str:
    """Score the tempos by the strength of rates an octave apart, and read the scores at each BPM."""
    starts = ((octave + 1) * BINS_PER_OCTAVE for octave in OCTAVES)
    views = [graph.slice(strength, 2, start, start + n_bins) for start in starts]
    scores, name = graph.node("Concat", *views, axis=1), "tempo_head.rates"
    width = len(graph.weights.get(f"{name}.0.bias", ()))
    scores = graph.node("Relu", graph.convolution(scores, f"{name}.0", n_curves * len(OCTAVES), width, 1))
    scores = graph.node("Relu", graph.convolution(scores, f"{name}.3", width, width, 9))
    scores = graph.convolution(scores, f"{name}.6", width, 1, 9)
    prior = graph.weight("tempo_head.prior", 1, 1, 14)[0, 0]
    between = np.interp(np.linspace(0, len(prior) - 1, n_bins), np.arange(len(prior)), prior)
    scores = graph.node("Add", scores, graph.constant(between))
    read = graph.node("MatMul", scores, graph.constant(interpolation(n_bins, tempo_bins())))
    return graph.reshape(read, 0, -1)
