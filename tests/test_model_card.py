import json
import shutil
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest

from tagger import model_card
from tagger.errors import ModelError
from tagger.model_card import (
    DEFAULT_MODEL,
    WEIGHTS_FILE,
    TempoClasses,
    check_weights,
    genre_thresholds,
    installed_models,
    load_card,
    load_filter_bank,
    shares_trunk,
)
from tests import partial_model
from tests.own_model import SMALL_MODEL


@pytest.fixture
def copied_model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(load_card(DEFAULT_MODEL).folder, tmp_path / "copy"))


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
    monkeypatch.setattr(model_card, "models_folder", lambda: str(tmp_path))
    assert load_card("mine").id == "mine-10"
    assert load_card("mine-2").id == "mine-2"
    with pytest.raises(ModelError, match="no model named 'min'; installed: mine-1, "):
        load_card("min")


def test_a_card_says_what_its_model_hears(tmp_path: Path) -> None:
    assert load_card(DEFAULT_MODEL).hears == ("genre", "energy", "tempo")
    genre = load_card(partial_model.make_model(tmp_path / "genre-1", "genre"))
    assert (genre.hears, genre.hears_genre, genre.hears_energy) == (("genre",), True, False)
    tempo = load_card(partial_model.make_model(tmp_path / "tempo-1", "tempo"))
    assert (tempo.hears, tempo.hears_genre, tempo.hears_energy) == (("tempo",), False, False)
    assert tempo.temperature == 1.0


def test_the_energy_scale_only_rises() -> None:
    assert np.all(np.diff(load_card(DEFAULT_MODEL).energy_quantiles) >= 0)


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


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}'])
def test_a_damaged_model_json_is_one_clear_line(copied_model: Path, text: str) -> None:
    (copied_model / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


def test_a_newer_format_says_so(copied_model: Path) -> None:
    fields = json.loads((copied_model / "model.json").read_text())
    (copied_model / "model.json").write_text(json.dumps(fields | {"format": 2}))
    with pytest.raises(ModelError, match="format 2, this version of tagger reads 1"):
        load_card(str(copied_model))


def test_a_card_says_what_its_tempo_classes_mean(copied_model: Path) -> None:
    fields = json.loads((copied_model / "model.json").read_text())
    for tempo in ({"first_bpm": 30, "temperature": 1.2}, None):
        (copied_model / "model.json").write_text(json.dumps(fields | {"tempo": tempo}))
        assert load_card(str(copied_model)).tempo == (tempo and TempoClasses(30.0, 1.2))
    fields.pop("tempo", None)
    (copied_model / "model.json").write_text(json.dumps(fields))
    assert load_card(str(copied_model)).tempo is None


@pytest.mark.parametrize(
    "tempo",
    [
        {},
        [],
        30,
        {"first_bpm": 30},
        {"first_bpm": "x", "temperature": 1},
        {"first_bpm": 30, "temperature": 0},
    ],
)
def test_tempo_classes_that_mean_nothing_are_refused(copied_model: Path, tempo: object) -> None:
    fields = json.loads((copied_model / "model.json").read_text())
    (copied_model / "model.json").write_text(json.dumps(fields | {"tempo": tempo}))
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


def test_the_lowest_threshold_that_reaches_the_precision_is_taken() -> None:
    tables = {"Jazz": ((0.6, 0.3), (0.8, 0.5), (0.95, 0.7)), "Rock": ()}
    card = replace(load_card(DEFAULT_MODEL), genres=("Jazz", "Pop", "Rock"), genre_precision=tables)
    assert genre_thresholds(card, 0.5) == {"Jazz": 0.3, "Pop": None, "Rock": None}
    assert genre_thresholds(card, 0.8) == {"Jazz": 0.5, "Pop": None, "Rock": None}
    assert genre_thresholds(card, 0.9)["Jazz"] == 0.7
    assert genre_thresholds(card, 0.96)["Jazz"] is None


def test_the_default_model_reaches_nine_of_ten_in_some_genres_and_not_in_all() -> None:
    thresholds = genre_thresholds(load_card(DEFAULT_MODEL), 0.9)
    assert len(thresholds) == 17
    assert None in thresholds.values()
    assert any(threshold is not None for threshold in thresholds.values())


@pytest.mark.parametrize("missing", ["genre_precision", "trunk_sha256"])
def test_a_model_of_before_still_loads(copied_model: Path, missing: str) -> None:
    fields = json.loads((copied_model / "model.json").read_text())
    del fields[missing]
    (copied_model / "model.json").write_text(json.dumps(fields))
    card = load_card(str(copied_model))
    if missing == "trunk_sha256":
        assert not shares_trunk(card, card)
    else:
        with pytest.raises(ModelError, match="tells no precision by genre; use --min-confidence"):
            genre_thresholds(card, 0.9)


def test_models_share_a_trunk_where_all_that_makes_the_embedding_is_the_same() -> None:
    card = load_card(DEFAULT_MODEL)
    assert shares_trunk(card, replace(card, id="other", temperature=2.0, genres=("A", "B")))
    assert not shares_trunk(card, replace(card, trunk_sha256="0" * 64))
    assert not shares_trunk(card, replace(card, front_end=replace(card.front_end, hop_length=256)))


@pytest.mark.parametrize(
    "fields",
    [
        {"genre_precision": [["Rock", 0.9, 0.5]]},
        {"genre_precision": {"Rock": 0.9}},
        {"genre_precision": {"Rock": [[0.9]]}},
        {"genre_precision": {"Rock": [["high", 0.5]]}},
        {"genre_precision": {"Rock": [[0.9, 50]]}},
        {"genre_precision": {"Rock": [[0.9, 0.5], [0.8, 0.6]]}},
        {"genre_precision": {"Rock": [[float("nan"), 0.5]]}},
        {"trunk_sha256": 7},
    ],
)
def test_what_cannot_be_a_precision_or_a_hash_is_refused(
    copied_model: Path, fields: dict[str, object]
) -> None:
    known = json.loads((copied_model / "model.json").read_text())
    (copied_model / "model.json").write_text(json.dumps(known | fields))
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))
