"""The graph that ONNX Runtime runs says what the network in PyTorch says."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from tagger.nets import CRNN, build
from tagger.runtime.graph import INPUT, crnn_graph
from tagger.training.settings import SIZES

N_MELS, N_FRAMES = 96, 160
FRAME_RATE_HZ = 22_050 / 512


def trained(settings: dict[str, Any], n_genres: int = 17) -> CRNN:
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    network = build(settings, N_MELS, n_genres)
    assert isinstance(network, CRNN)
    with torch.no_grad():
        network.train()(torch.randn(8, N_MELS, N_FRAMES) * 20 - 30)
    return network.eval()


def weights_of(network: CRNN) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def music(n_windows: int) -> np.ndarray:
    """Noise that beats, each window at its own tempo and level."""
    windows = np.random.default_rng(0).normal(-40, 8, (n_windows, N_MELS, N_FRAMES))
    for window, period in zip(windows, (9, 14, 21, 27, 33), strict=False):
        window[:, ::period] += 25
    return (windows + 5 * np.arange(n_windows)[:, None, None]).astype(np.float32)


def run(graph: bytes, windows: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {INPUT: windows}), strict=True))


@pytest.mark.parametrize("size", [*SIZES])
def test_all_four_outputs_are_those_of_pytorch(size: str) -> None:
    settings = {**SIZES[size], "frame_rate_hz": FRAME_RATE_HZ}
    network, windows = trained(settings), music(5)
    with torch.inference_mode():
        expected = network(torch.from_numpy(windows))
    found = run(crnn_graph(weights_of(network), settings, N_MELS, N_FRAMES), windows)
    assert found.keys() == {"genre_logits", "energy", "embedding", "tempo_logits"}
    for name, value in found.items():
        np.testing.assert_allclose(value, getattr(expected, name).numpy(), atol=2e-4, rtol=1e-4)
    assert found["tempo_logits"].std() > 0.01


def test_a_network_without_a_head_has_no_output_for_it() -> None:
    settings = {**SIZES["small"]}
    network, windows = trained(settings, n_genres=0), music(2)
    with torch.inference_mode():
        expected = network(torch.from_numpy(windows))
    found = run(crnn_graph(weights_of(network), settings, N_MELS, N_FRAMES), windows)
    assert found.keys() == {"energy", "embedding"}
    np.testing.assert_allclose(found["energy"], expected.energy.numpy(), atol=1e-5)


def test_silence_gives_finite_numbers() -> None:
    settings = {**SIZES["small"], "frame_rate_hz": FRAME_RATE_HZ}
    graph = crnn_graph(weights_of(trained(settings)), settings, N_MELS, N_FRAMES)
    silence = np.full((1, N_MELS, N_FRAMES), -100, np.float32)
    assert all(np.isfinite(value).all() for value in run(graph, silence).values())


def test_weights_that_are_missing_left_over_or_of_another_shape_are_named() -> None:
    settings = {**SIZES["small"]}
    weights = weights_of(trained(settings))
    without = {name: value for name, value in weights.items() if name != "project.0.bias"}
    with pytest.raises(ValueError, match=r"project\.0\.bias is missing"):
        crnn_graph(without, settings, N_MELS, N_FRAMES)
    with pytest.raises(ValueError, match=r"bands\.weight is \(96,\), not \(64,\)"):
        crnn_graph(weights, settings, 64, N_FRAMES)
    with pytest.raises(ValueError, match=r"surplus\.weight belongs to no part"):
        crnn_graph(weights | {"surplus.weight": np.zeros(3)}, settings, N_MELS, N_FRAMES)
