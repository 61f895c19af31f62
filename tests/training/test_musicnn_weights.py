"""MusiCNN without its dead kernels says what the whole network says."""

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tagger.runtime.graph import INPUT
from tagger.runtime.musicnn import N_PATCHES, PATCH_FRAMES, musicnn_graph
from tagger.training.musicnn_weights import FRONT_END, SCALE, VARIANCE_EPSILON, small
from tests.training.made_musicnn import KERNELS, Weights, made_weights, numbered

N_MELS, N_FRAMES = 96, 3 * PATCH_FRAMES


def whole(weights: Weights, patches: np.ndarray) -> np.ndarray:
    """The embeddings of patches (n, 187, 96), by the network as its authors wrote it (Pons & Serra 2019)."""
    named = {name: torch.from_numpy(array.astype(np.float64)) for name, array in weights.items()}

    def norm(values: Tensor, i: int) -> Tensor:
        gamma, beta, mean, variance = (
            named[f"{numbered('batch_normalization', i)}/{part}"].reshape(1, -1, *[1] * (values.ndim - 2))
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (values - mean) / (variance + VARIANCE_EPSILON).sqrt() * gamma + beta

    def layer(values: Tensor, i: int) -> Tensor:
        name = numbered("conv2d", i)
        kernel = named[f"{name}/kernel"].permute(3, 2, 0, 1)
        if i >= len(KERNELS):  # its channels are the second axis of a picture
            values = values.transpose(1, 2).unsqueeze(1)
        size = kernel.shape[2]
        values = F.pad(values, (0, 0, (size - 1) // 2, size // 2))
        return norm(F.conv2d(values, kernel, named[f"{name}/bias"]).relu(), i + 1)

    spectrogram = norm(torch.from_numpy(patches.astype(np.float64)).unsqueeze(1), 0)
    front = torch.cat([layer(spectrogram, i).amax(dim=3) for i in range(len(KERNELS))], dim=1)
    first = layer(front, 5).squeeze(3)
    second = layer(first, 6).squeeze(3) + first
    third = layer(second, 7).squeeze(3) + second
    maps = torch.cat([front, first, second, third], dim=1)
    pooled = torch.stack([maps.amax(dim=2), maps.mean(dim=2)], dim=2).flatten(1)
    return norm((norm(pooled, 9) @ named["dense/kernel"] + named["dense/bias"]).relu(), 10).numpy()


def music(n_windows: int) -> np.ndarray:
    """Beating noise in dB, (n_windows, 96, 561), at the level that the graph gives all sounds."""
    decibels = np.random.default_rng(0).normal(-40, 8, (n_windows, N_MELS, N_FRAMES))
    decibels[:, :, ::20] += 25
    return decibels - 10 * np.log10((10 ** (decibels / 10)).mean(axis=(1, 2), keepdims=True)) - 8


def embeddings(weights: Weights, decibels: np.ndarray) -> np.ndarray:
    graph = musicnn_graph(small(weights), *decibels.shape[1:])
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {INPUT: decibels.astype(np.float32)})
    return np.asarray(found)


def test_without_dead_kernels_the_embedding_is_the_same() -> None:
    weights, decibels = made_weights(), music(2)
    frames = np.log10(1 + 10_000 * 10 ** (decibels / 10)).transpose(0, 2, 1)
    patches = frames.reshape(2 * N_PATCHES, PATCH_FRAMES, N_MELS)
    expected = whole(weights, patches).reshape(2, N_PATCHES, -1).mean(axis=1)
    assert expected.std() > 0.1
    assert embeddings(weights, decibels) == pytest.approx(SCALE * expected, abs=2e-5)


def test_dead_kernels_are_not_kept() -> None:
    weights = small(made_weights())
    assert [weights[f"front.{i}.weight"].shape for i in range(5)] == [
        (3, 7, 38),
        (2, 7, 67),
        (2, 128, 1),
        (2, 64, 1),
        (2, 32, 1),
    ]
    assert weights["middle.0.weight"].shape == (4, 11 + 1, 7)
    assert weights["middle.1.weight"].shape == (8, 4 + 1, 7)


def test_a_louder_copy_has_the_same_embedding() -> None:
    weights, decibels = made_weights(), music(1)
    assert embeddings(weights, decibels + 12) == pytest.approx(embeddings(weights, decibels), abs=1e-4)


def test_silence_has_a_finite_embedding() -> None:
    assert np.isfinite(embeddings(made_weights(), np.full((1, N_MELS, FRONT_END.n_frames), -100.0))).all()


def test_weights_that_are_missing_or_left_over_are_named() -> None:
    weights = small(made_weights())
    without = {name: array for name, array in weights.items() if name != "dense.bias"}
    with pytest.raises(ValueError, match=r"dense\.bias is missing"):
        musicnn_graph(without, N_MELS, N_FRAMES)
    with pytest.raises(ValueError, match=r"surplus belongs to no part"):
        musicnn_graph(weights | {"surplus": np.zeros(3)}, N_MELS, N_FRAMES)
    with pytest.raises(ValueError, match="windows of 186 frames hold no patch of 187"):
        musicnn_graph(weights, N_MELS, PATCH_FRAMES - 1)
    with pytest.raises(ValueError, match=r"front\.0\.weight is \(3, 7, 38\), not kernels"):
        musicnn_graph(weights, 32, N_FRAMES)
