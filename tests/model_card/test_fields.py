"""What of a `model.json` is believed."""

import json
from pathlib import Path

import numpy as np
import pytest

from tagger.errors import ModelError
from tagger.heads import Heads
from tagger.model_card import (
    DEFAULT_MODEL,
    TempoClasses,
    genre_thresholds,
    load_card,
    shares_trunk,
)
from tagger.model_card.write_heads import write_heads
from tests.own_model import change

FRONT_END = json.loads((Path(load_card(DEFAULT_MODEL).folder) / "model.json").read_text())["front_end"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}'])
def test_a_damaged_model_json_is_one_clear_line(copied_model: Path, text: str) -> None:
    (copied_model / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


def test_a_newer_format_says_so(copied_model: Path) -> None:
    change(copied_model, format=4)
    with pytest.raises(ModelError, match="format 4, this version of tagger reads 1 to 3"):
        load_card(str(copied_model))


SECOND = {"network": {"name": "musicnn"}, "front_end": {**FRONT_END, "sample_rate_hz": 16_000}}


def test_a_second_trunk_is_one_of_format_3(copied_model: Path) -> None:
    assert load_card(str(copied_model)).second is None
    change(copied_model, second=SECOND)
    assert load_card(str(copied_model)).second is None
    change(copied_model, format=3)
    card = load_card(str(copied_model))
    assert card.second is not None
    assert card.second.network == {"name": "musicnn"}
    assert card.second.front_end.sample_rate_hz == 16_000
    assert not shares_trunk(card, load_card(DEFAULT_MODEL))


@pytest.mark.parametrize(
    "second",
    [
        None,
        {},
        [],
        {"network": SECOND["network"]},
        {**SECOND, "network": {"name": "crnn"}},
        {**SECOND, "network": "musicnn"},
        {**SECOND, "front_end": {**FRONT_END, "window_s": 3.0}},
        {**SECOND, "front_end": {**FRONT_END, "n_mels": 0}},
    ],
)
def test_a_second_trunk_that_makes_no_sense_is_refused(copied_model: Path, second: object) -> None:
    change(copied_model, format=3, second=second)
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


def test_no_other_network_than_a_crnn_stands_beside_it(copied_model: Path) -> None:
    change(copied_model, format=3, second=SECOND, network={"name": "mel-cnn"})
    with pytest.raises(ModelError, match="mel-cnn and musicnn are no networks that can stand together"):
        load_card(str(copied_model))


def test_a_card_says_what_its_tempo_classes_mean(copied_model: Path) -> None:
    for tempo in ({"first_bpm": 30, "temperature": 1.2}, None):
        change(copied_model, tempo=tempo)
        assert load_card(str(copied_model)).tempo == (tempo and TempoClasses(30.0, 1.2))


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
    change(copied_model, tempo=tempo)
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


@pytest.mark.parametrize("missing", ["genre_precision", "trunk_sha256"])
def test_a_model_of_before_still_loads(copied_model: Path, missing: str) -> None:
    fields = json.loads((copied_model / "model.json").read_text())
    del (fields if missing in fields else fields["heads"]["genre"])[missing.removeprefix("genre_")]
    (copied_model / "model.json").write_text(json.dumps(fields))
    card = load_card(str(copied_model))
    if missing == "trunk_sha256":
        assert not shares_trunk(card, card)
    else:
        with pytest.raises(ModelError, match="has no precision by genre; use --min-confidence"):
            genre_thresholds(card, 0.9)


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
    change(copied_model, **fields)
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": 7}, "id is not a text"),
        ({"version": ["1"]}, "version is not a text"),
        ({"network": "crnn"}, "network is not an object"),
        ({"front_end": 7}, "front_end is not an object"),
        ({"front_end": {**FRONT_END, "sample_rate_hz": 0}}, "sample_rate_hz of front_end is 0, which is no"),
        ({"front_end": {**FRONT_END, "hop_length": 512.5}}, "hop_length of front_end is not a whole number"),
        ({"front_end": {**FRONT_END, "window_s": float("inf")}}, "window_s of front_end is inf, which is no"),
        ({"front_end": {**FRONT_END, "n_bands": 7}}, "n_bands"),
        ({"genres": "abcdefghijklmnopq"}, "genres is not a list of names"),
        ({"genres": [1, 2]}, "genres is not a list of names"),
        ({"genres": ["Jazz", ""]}, "genres is not a list of names"),
        ({"genres": ["Jazz", "Pop", "Jazz"]}, "genres names one twice"),
        ({"temperature": 0}, "temperature is 0, which is no number above 0"),
        ({"temperature": -1}, "temperature is -1, which is no number above 0"),
        ({"temperature": float("nan")}, "temperature is nan, which is no number above 0"),
        ({"energy_quantiles": [1, 0]}, "energy_quantiles are not numbers that rise"),
        ({"energy_quantiles": [float("nan"), 0]}, "energy_quantiles are not numbers that rise"),
        ({"energy_quantiles": "0123456789"}, "energy_quantiles is not a list of two or more"),
        ({"energy_quantiles": [0.5]}, "energy_quantiles is not a list of two or more"),
        ({"energy_quantiles": [0, True]}, "one of energy_quantiles is not a number"),
        ({"temperature": "1"}, "temperature is not a number"),
        ({"temperature": 10**401}, "too large"),
        ({"figures": {"hit": True}}, "hit of figures is not a number"),
        ({"figures": {"hit": "x"}}, "hit of figures is not a number"),
        ({"figures": []}, "figures is not an object"),
        ({"training": []}, "training is not an object"),
    ],
)
def test_what_cannot_be_meant_is_refused(copied_model: Path, fields: dict[str, object], reason: str) -> None:
    change(copied_model, **fields)
    with pytest.raises(ModelError, match=f"model\\.json cannot be used \\(.*{reason}"):
        load_card(str(copied_model))


@pytest.mark.parametrize(
    "sound",
    [
        {"names": ["music", "speech"], "least": 0.9},
        {"names": ["speech", "music", "noise"], "least": 0.9},
        {"names": ["music", "speech", "noise"], "least": 0},
        {"names": ["music", "speech", "noise"], "least": 1.1},
        {"names": ["music", "speech", "noise"], "least": "0.9"},
        {"names": ["music", "speech", "noise"]},
        {"least": 0.9},
    ],
)
def test_a_head_of_sounds_that_makes_no_sense_is_refused(
    copied_model: Path, sound: dict[str, object]
) -> None:
    fields = json.loads((copied_model / "model.json").read_text())
    change(copied_model, heads={**fields["heads"], "sound": {"version": "0", **sound}})
    with pytest.raises(ModelError, match=r"model\.json cannot be used"):
        load_card(str(copied_model))


def test_a_model_without_a_head_of_sounds_takes_all_for_music(copied_model: Path) -> None:
    assert load_card(str(copied_model)).no_music_from == pytest.approx(0.9, abs=0.1)
    write_heads(str(copied_model), {}, {"sound": None})
    card = load_card(str(copied_model))
    assert card.no_music_from is None
    heads = Heads(card)
    sounds = heads.sounds(np.zeros((2, heads.embedding_dim), np.float16), np.full(2, np.inf))
    assert sounds == [("music", None)] * 2
