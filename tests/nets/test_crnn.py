import copy

import pytest
import torch

from tagger.errors import ModelError
from tagger.nets import CRNN, build, for_inference
from tagger.training.settings import SIZES


@pytest.fixture
def network() -> CRNN:
    torch.manual_seed(0)
    network = CRNN(n_mels=96, n_genres=17, blocks=(0, 0, 1, 1, 1), frame_rate_hz=22_050 / 512)
    network.train()
    with torch.no_grad():
        network(torch.randn(8, 96, 128) * 20 - 30)  # gives the batch norms something to fold
    return network.eval()


def test_outputs_have_the_shapes_of_the_docstring(network: CRNN) -> None:
    with torch.inference_mode():
        output = network(torch.randn(3, 96, 431) * 20)
    assert output.genre_logits.shape == (3, 17)
    assert output.energy.shape == (3,)
    assert output.embedding.shape == (3, network.embedding_dim)


@pytest.mark.parametrize(("size", "at_most"), [("standard", 1_000_000), ("small", 150_000)])
def test_the_networks_are_small(size: str, at_most: int) -> None:
    network = build({**SIZES[size], "frame_rate_hz": 22_050 / 512}, 96, 17)
    assert at_most / 2 <= sum(p.numel() for p in network.parameters()) <= at_most


def test_encoding_in_parts_gives_the_same_answer(network: CRNN) -> None:
    windows = torch.randn(5, 96, 431) * 20 - 30
    with torch.inference_mode():
        expected = network(windows)
        parts = [network.encode(part) for part in windows.split(2)]
        output = network.predict(*(torch.cat(column) for column in zip(*parts, strict=True)))
    for a, b in zip(expected, output, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


def test_a_louder_copy_gives_the_same_answer(network: CRNN) -> None:
    quiet = torch.randn(2, 96, 431) * 10 - 40
    with torch.inference_mode():
        a, b = network(quiet), network(quiet + 25)
    torch.testing.assert_close(a.genre_logits, b.genre_logits, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(a.energy, b.energy, atol=1e-3, rtol=1e-3)


def test_silence_gives_finite_numbers(network: CRNN) -> None:
    with torch.inference_mode():
        output = network(torch.full((1, 96, 431), -100.0))
    assert all(bool(part.isfinite().all()) for part in output)


def test_folding_the_norms_does_not_change_the_answer(network: CRNN) -> None:
    windows = torch.randn(4, 96, 431) * 20 - 30
    with torch.inference_mode():
        expected = network(windows)
        folded = for_inference(copy.deepcopy(network))(windows)
    for a, b in zip(expected, folded, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ModelError, match="unknown network 'transformer'"):
        build({"name": "transformer"}, 96, 17)


def test_half_precision_hardly_changes_the_answer(network: CRNN) -> None:
    windows = torch.randn(4, 96, 431) * 20 - 30
    with torch.inference_mode():
        expected = network(windows)
        half = for_inference(copy.deepcopy(network), half=True)(windows)
    assert half.genre_logits.dtype == torch.float32
    torch.testing.assert_close(
        half.genre_logits.softmax(1), expected.genre_logits.softmax(1), atol=0.005, rtol=0
    )
    torch.testing.assert_close(half.energy, expected.energy, atol=0.01, rtol=0)
    torch.testing.assert_close(half.tempo_logits, expected.tempo_logits, atol=1e-4, rtol=1e-3)
