"""MusiCNN, as `thorough` carries it, says what the package of its authors says."""

import os

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load_file

from tagger.model_card import WEIGHTS_FILE, ModelCard, load_card, of_second
from tagger.runtime import SecondSession
from tagger.runtime.graph import INPUT
from tagger.runtime.musicnn import PATCH_FRAMES, musicnn_graph
from tagger.training.musicnn_weights import SCALE

# fmt: off
OF_THE_PACKAGE = [
    -0.17718, 1.58535, -0.28483, -0.27512, -0.16971, 0.73252, 0.17384, -0.45711, -0.07686, 1.88544, -0.31197,
    1.81329,
]
# fmt: on
"""The first numbers of the embedding by musicnn 0.1.0 with TensorFlow 2.15, and their sum over all 200."""
SUM_OF_THE_PACKAGE = 139.1515


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return load_card("thorough")


def patch() -> np.ndarray:
    """A pattern over 187 frames and 96 bands in dB, (96, 187), with a mean power of 10^-0.8."""
    frames, bands = np.meshgrid(np.arange(PATCH_FRAMES), np.arange(96), indexing="ij")
    decibels = -30 + 12 * np.sin(frames / 7) + 10 * np.sin(bands / 5 + frames / 31) - bands / 8
    return np.asarray(decibels - 10 * np.log10((10 ** (decibels / 10)).mean()) - 8).T


def test_a_patch_has_the_embedding_that_its_authors_package_gives(card: ModelCard) -> None:
    weights = of_second(load_file(os.path.join(card.folder, WEIGHTS_FILE)))
    found = embedding(weights, np.tile(patch(), 3)) / SCALE
    assert found[:12] == pytest.approx(OF_THE_PACKAGE, abs=3e-5)
    assert found.sum() == pytest.approx(SUM_OF_THE_PACKAGE, abs=1e-3)


def test_windows_are_heard_one_by_one(card: ModelCard) -> None:
    session = SecondSession(card)
    windows = np.random.default_rng(0).normal(-40, 10, (4, 96, 626)).astype(np.float16)
    together = session.run(windows)
    assert together.shape == (4, session.embedding_dim) == (4, 200)
    assert together[2] == pytest.approx(session.run(windows[2:3])[0], abs=1e-6)


def embedding(weights: dict[str, np.ndarray], window: np.ndarray) -> np.ndarray:
    """Of one window of three patches."""
    graph = musicnn_graph(weights, 96, 3 * PATCH_FRAMES)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {INPUT: window[None].astype(np.float32)})
    return np.asarray(found[0], np.float64)
