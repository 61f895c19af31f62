"""Which models there are, and what is in their folders."""

import json
import shutil
from pathlib import Path

import librosa
import numpy as np
import pytest

from tagger.errors import ModelError
from tagger.model_card import (
    DEFAULT_MODEL,
    WEIGHTS_FILE,
    check_weights,
    folders,
    installed_models,
    load_card,
    load_filter_bank,
)
from tests.own_model import SMALL_MODEL


def test_the_default_model_is_installed_and_complete() -> None:
    assert DEFAULT_MODEL in installed_models()
    card = load_card(DEFAULT_MODEL)
    assert card.id == DEFAULT_MODEL
    assert list(card.genres) == sorted(card.genres)
    assert len(card.genres) == 17
    assert card.figures["hit"] >= 0.50
    assert card.figures["4q_auc"] >= 0.95
    assert card.figures["deam_r"] >= 0.68


def test_a_name_without_its_number_is_the_newest_model_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("1", "2", "10", "x"):
        folder = shutil.copytree(load_card(DEFAULT_MODEL).folder, tmp_path / f"mine-{number}")
        fields = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps(fields | {"id": folder.name}))
    monkeypatch.setattr(folders, "models_folder", lambda: str(tmp_path))
    assert load_card("mine").id == "mine-10"
    assert load_card("mine-2").id == "mine-2"
    with pytest.raises(ModelError, match="no model named 'min'; installed: mine-1, "):
        load_card("min")


def test_the_filter_bank_is_librosas() -> None:
    card = load_card(DEFAULT_MODEL)
    front_end = card.front_end
    expected = librosa.filters.mel(
        sr=front_end.sample_rate_hz, n_fft=front_end.n_fft, n_mels=front_end.n_mels
    )
    np.testing.assert_allclose(load_filter_bank(card), expected, atol=1e-7)


def test_a_model_can_be_named_by_its_folder(copied_model: Path) -> None:
    assert load_card(str(copied_model)).id == DEFAULT_MODEL


def test_an_unknown_model_is_answered_with_the_installed_ones() -> None:
    with pytest.raises(
        ModelError, match=f"no model named 'crnn-9'; installed: {SMALL_MODEL}, {DEFAULT_MODEL}"
    ):
        load_card("crnn-9")


def test_altered_weights_are_refused(copied_model: Path) -> None:
    weights = copied_model / WEIGHTS_FILE
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    with pytest.raises(ModelError, match="SHA-256 differs"):
        check_weights(load_card(str(copied_model)))


def test_missing_weights_are_named(copied_model: Path) -> None:
    (copied_model / WEIGHTS_FILE).unlink()
    with pytest.raises(ModelError, match=WEIGHTS_FILE):
        load_filter_bank(load_card(str(copied_model)))
