import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger.model_card import DEFAULT_MODEL, FILTER_BANK, WEIGHTS_FILE, load_card
from tagger.training.trunk import trunk_sha256

Tensors = dict[str, np.ndarray]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copy(Path(load_card(DEFAULT_MODEL).folder) / WEIGHTS_FILE, tmp_path))


def altered(weights: Path, change: Callable[[Tensors], object]) -> str:
    tensors = load_file(weights)
    change(tensors)
    save_file(tensors, weights)
    return trunk_sha256(str(weights))


def test_the_shipped_model_names_its_trunk(weights: Path) -> None:
    assert load_card(DEFAULT_MODEL).trunk_sha256 == trunk_sha256(str(weights))


def test_other_heads_leave_the_trunk_what_it_was(weights: Path) -> None:
    before = trunk_sha256(str(weights))
    assert altered(weights, lambda t: t["genre_head.weight"].fill(1)) == before
    assert altered(weights, lambda t: t["energy_head.bias"].fill(1)) == before
    assert altered(weights, lambda t: t.update({"tempo_head.weight": np.ones((2, 2), np.float32)})) == before


@pytest.mark.parametrize("name", ["project.0.bias", "convolutions.0.0.0.weight", FILTER_BANK])
def test_any_other_weight_makes_another_trunk(weights: Path, name: str) -> None:
    before = trunk_sha256(str(weights))
    assert altered(weights, lambda t: t[name].__iadd__(1)) != before
