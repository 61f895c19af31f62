"""Write MusiCNN as an ONNX graph: what `tagger.training.musicnn_weights.small` left of it, node by node."""

from __future__ import annotations

import math

import numpy as np

from tagger.runtime.graph import INPUT, Graph, Weights

PATCH_FRAMES, N_PATCHES = 187, 3
"""MusiCNN hears 2.99 s at once; of a window of 10 s so many patches, evenly spread, are nearly all."""

N_FRONT = 5
"""Layers that read the spectrogram: two over time and bands, three over time alone."""

LEVEL = 10.0**3.2
"""Its input is log10(1 + 10^4 · power). The mean power of a window is made 10^-0.8 first, as of music that it
learned from (of 5,562 excerpts the median is 10^-0.24): so a louder copy of a track gives the same answer."""


def musicnn_graph(weights: Weights, n_mels: int, n_frames: int) -> bytes:
    """Write the graph: from log-mels (n_windows, n_mels, n_frames) in dB to `embedding` (n_windows, 200).

    That is the mean over the patches of a window. Raises ValueError for windows shorter than a patch, and for
    weights that are missing, left over or of another shape.
    """
    if n_frames < PATCH_FRAMES:
        raise ValueError(f"windows of {n_frames} frames hold no patch of {PATCH_FRAMES}")
    graph = Graph(weights)
    front = _front(graph, _patches(graph, n_frames), n_mels)
    first = _middle(graph, _with_ones(graph, front), 0)
    n_first, n_all = len(graph.known("middle.0.bias")), len(graph.known("middle.1.bias"))
    beside = graph.node("Pad", first, graph.constant([0, 0, 0, 0, n_all - n_first, 0], np.int64))
    second = graph.node("Add", _middle(graph, _with_ones(graph, first), 1), beside)
    third = graph.node("Add", _middle(graph, second, 2), second)
    maps = graph.node("Concat", front, first, second, third, axis=1)
    pooled = [graph.node(kind, maps, axes=[2], keepdims=0) for kind in ("ReduceMax", "ReduceMean")]
    embedding = _dense(graph, graph.node("Concat", *pooled, axis=1))
    of_patches = graph.reshape(embedding, N_PATCHES, -1, len(graph.known("dense.bias")))
    outputs = {"embedding": graph.node("ReduceMean", of_patches, axes=[0], keepdims=0)}
    graph.require_all_used()
    return graph.serialised((n_mels, n_frames), outputs)


def _patches(graph: Graph, n_frames: int) -> str:
    """Cut windows into patches (N_PATCHES · n_windows, 1, PATCH_FRAMES, n_mels), the first ones first."""
    scale, shift = graph.weight("input", 2)
    power = graph.node("Exp", graph.node("Mul", INPUT, graph.constant(math.log(10) / 10)))
    share = graph.node("Div", power, graph.node("ReduceMean", power, axes=[1, 2]))
    louder = graph.node("Add", graph.node("Mul", share, graph.constant(LEVEL)), graph.constant(1.0))
    level = graph.node("Mul", graph.node("Log", louder), graph.constant(scale / math.log(10)))
    level = graph.node("Add", level, graph.constant(shift))
    starts = np.linspace(0, n_frames - PATCH_FRAMES, N_PATCHES).astype(int)
    parts = [graph.slice(level, 2, int(start), int(start) + PATCH_FRAMES) for start in starts]
    patches = graph.node("Transpose", graph.node("Concat", *parts, axis=0), perm=[0, 2, 1])
    return graph.node("Unsqueeze", patches, graph.constant([1], np.int64))


def _front(graph: Graph, patches: str, n_mels: int) -> str:
    """Take each kernel's strongest answer over the bands, normed: (n_patches, n_kernels, n_frames)."""
    found = []
    for i in range(N_FRONT):
        shape = graph.known(f"front.{i}.weight").shape
        if len(shape) != 3 or shape[2] > n_mels:
            raise ValueError(f"front.{i}.weight is {shape}, not kernels over time and bands")
        weight = graph.weight(f"front.{i}.weight", *shape)[:, None]
        bias = graph.constant(graph.weight(f"front.{i}.bias", shape[0]))
        pads = [(shape[1] - 1) // 2, 0, shape[1] // 2, 0]
        maps = graph.node("Conv", patches, graph.constant(weight), bias, pads=pads)
        found.append(graph.node("ReduceMax", maps, axes=[3], keepdims=0))
    strongest = graph.node("Concat", *found, axis=1)
    sign = np.where(graph.known("front.scale") < 0, -1.0, 1.0)
    return _normed(graph, graph.node("Mul", strongest, graph.constant(sign[:, None])), "front")


def _middle(graph: Graph, maps: str, i: int) -> str:
    shape = graph.known(f"middle.{i}.weight").shape
    n_out, n_in, size = shape
    return _normed(graph, graph.convolution(maps, f"middle.{i}", n_in, n_out, size), f"middle.{i}")


def _dense(graph: Graph, pooled: str) -> str:
    n_out, n_in = graph.known("dense.weight").shape
    return _normed(graph, graph.linear(pooled, "dense", n_in, n_out), "dense", along=1)


def _normed(graph: Graph, value: str, name: str, along: int = 2) -> str:
    """Cut off what is below 0, then norm each channel; `along` is 2 where time is the last axis."""
    shape = (-1, 1) if along == 2 else (-1,)
    n = len(graph.known(f"{name}.scale"))
    scale, shift = (graph.constant(graph.weight(f"{name}.{p}", n).reshape(shape)) for p in ("scale", "shift"))
    return graph.node("Add", graph.node("Mul", graph.node("Relu", value), scale), shift)


def _with_ones(graph: Graph, maps: str) -> str:
    """Add a channel that is 1 everywhere, at which the constants of dead kernels are read."""
    pads = graph.constant([0, 0, 0, 0, 1, 0], np.int64)
    return graph.node("Pad", maps, pads, graph.constant(1.0))
