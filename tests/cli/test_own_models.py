"""`tagger models add` and `remove`: a model of one's own, from its folder to its answers."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tagger.model_card import DEFAULT_MODEL
from tagger.nets import on_device
from tests.cli.conftest import Result, Tagger
from tests.own_model import SMALL_MODEL, change, make_own_model
from tests.sounds import make_sound


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "added"))
    return tmp_path / "added"


@pytest.fixture
def trained(tmp_path: Path, root: Path) -> Path:
    """The small model under an id of its own."""
    return make_own_model(tmp_path / "trained", "my-model")


def change_weights(folder: Path, name: str, value: float) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[name] = np.full_like(weights[name], value)
    save_file(weights, folder / "model.safetensors")
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    change(folder, weights_sha256=digest)


def refused(result: Result, text: str) -> None:
    (line,) = result.err.splitlines()
    assert line.startswith("tagger: ")
    assert text in line
    assert (result.code, result.out) == (2, "")


def test_an_added_model_scans_and_answers(tagger: Tagger, trained: Path, tmp_path: Path) -> None:
    result = tagger("models", "add", trained)
    assert (result.code, result.out, result.err) == (0, "my-model 1: added\n", "")
    shutil.rmtree(trained)
    music = tmp_path / "music"
    music.mkdir()
    for seconds in (1.0, 2.0):
        make_sound(music / f"{seconds}.flac", seconds=seconds)
    assert tagger("scan", music, "--model", "my-model", "--json").json["analysed"] == 2
    by_mine = tagger("list", "--model", "my-model", "--json").json
    assert tagger("list", "--json").json == by_mine
    assert tagger("scan", music, "--model", "small", "--quiet").code == 0
    assert tagger("list", "--model", "small", "--json").json == by_mine
    (mine,) = (row for row in tagger("models", "--json").json if row["added"])
    assert (mine["id"], mine["tracks"]) == ("my-model", 2)


def test_the_model_of_the_last_scan_answers_and_one_that_has_analysed_less_says_so(
    tagger: Tagger, tmp_path: Path
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for seconds in (1.0, 2.0):
        make_sound(music / f"{seconds}.flac", seconds=seconds)
    tagger("scan", music, "--quiet")
    assert tagger("list").err == ""
    tagger("scan", music / "1.0.flac", "--model", "small", "--quiet")
    few = tagger("list", "--json")
    assert len(few.json) == 1
    assert few.err == (
        f"tagger: {SMALL_MODEL}, the last scan's model, has analysed 1 track; "
        f"--model {DEFAULT_MODEL} asks the one that has analysed 2\n"
    )
    assert tagger("scan", music, "--json").json["unchanged"] == 2
    all_again = tagger("list", "--json")
    assert (len(all_again.json), all_again.err) == (2, "")


def test_models_tells_which_were_added(tagger: Tagger, trained: Path) -> None:
    change(trained, figures={})
    tagger("models", "add", trained)
    out = tagger("models").out
    assert "my-model 1, added by you: 0 tracks" in out
    assert out.count("added by you") == 1
    assert out.count("on the test split: ") == 3


def test_a_removed_model_leaves_its_answers(tagger: Tagger, trained: Path, tmp_path: Path) -> None:
    tagger("models", "add", trained)
    sound = make_sound(tmp_path / "x.flac", seconds=1.0)
    tagger("scan", sound, "--model", "my-model")
    result = tagger("models", "remove", "my-model")
    assert (result.code, result.out, result.err) == (0, "my-model: removed\n", "")
    assert [row["path"] for row in tagger("list", "--json").json] == [sound]
    assert "my-model" not in [row["id"] for row in tagger("models", "--json").json]
    refused(tagger("scan", sound, "--model", "my-model"), "no model named 'my-model'")
    refused(tagger("models", "remove", "my-model"), "no added model named 'my-model'; added: none")


def test_json_tells_what_was_done(tagger: Tagger, trained: Path) -> None:
    for outcome in ("added", "unchanged"):
        assert tagger("models", "add", trained, "--json").json == {
            "id": "my-model",
            "version": "1",
            "outcome": outcome,
        }
    assert tagger("models", "remove", "my-model", "--json").json == {"id": "my-model", "outcome": "removed"}


def test_a_replaced_model_says_that_earlier_answers_stay(tagger: Tagger, trained: Path) -> None:
    tagger("models", "add", trained)
    change(trained, version="2")
    refused(tagger("models", "add", trained), "give --replace")
    result = tagger("models", "add", trained, "--replace")
    assert (result.code, result.out) == (0, "my-model 2: replaced\n")
    assert "`tagger scan --full --model my-model` analyses anew" in result.err


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"id": "../x"}, "cannot name a folder"),
        ({"id": SMALL_MODEL}, "models of the program"),
        ({"id": None}, "id is not a text"),
        ({"format": 99}, "format 99"),
        ({"network": {"name": "transformer"}}, "unknown network 'transformer'"),
        ({"network": {"name": "crnn", "hidden": 7}}, "does not fit its model.json"),
        ({"network": {"name": "crnn", "wings": 2}}, "does not fit its model.json"),
        ({"network": "crnn"}, "network is not an object"),
        ({"genres": ["Rock"]}, "does not fit its model.json"),
        ({"genres": list(range(17))}, "genres is not a list of names"),
        ({"temperature": 0}, "temperature is 0, which is no number above 0"),
        ({"weights_sha256": "0" * 64}, "SHA-256 differs"),
    ],
)
def test_a_model_that_does_not_work_is_one_line_and_not_added(
    tagger: Tagger, trained: Path, root: Path, fields: dict[str, object], text: str
) -> None:
    change(trained, **fields)
    refused(tagger("models", "add", trained), text)
    assert not root.exists()


def test_a_model_that_cannot_be_meant_is_reported_beside_the_others(
    tagger: Tagger, trained: Path, root: Path
) -> None:
    assert tagger("models", "add", trained).code == 0
    change(root / "my-model", figures={"hit": "x"})
    result = tagger("models")
    assert "hit of figures is not a number" in result.err
    assert (result.code, result.out.count("the default")) == (1, 1)


def test_a_network_that_needs_what_is_not_installed_says_so(
    tagger: Tagger, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*args: object, **settings: object) -> None:
        import a_library_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401

    change(trained, network={"name": "theirs"})
    monkeypatch.setitem(on_device.NETWORKS, "theirs", build)
    text = "its network needs a_library_that_nobody_has, which is not installed"
    refused(tagger("models", "add", trained), text)


def test_weights_that_are_no_numbers_are_refused(tagger: Tagger, trained: Path) -> None:
    change_weights(trained, "genre_head.bias", np.nan)
    refused(tagger("models", "add", trained), "its answers are no numbers")


def test_weights_without_a_filter_bank_that_fits_are_refused(tagger: Tagger, trained: Path) -> None:
    weights = load_file(trained / "model.safetensors")
    weights["filter_bank"] = np.ascontiguousarray(weights["filter_bank"][:, :100])
    save_file(weights, trained / "model.safetensors")
    change_weights(trained, "energy_head.bias", 0.0)
    refused(tagger("models", "add", trained), "a filter bank of (96, 100) is not that of its front end")
    del weights["filter_bank"]
    save_file(weights, trained / "model.safetensors")
    change_weights(trained, "energy_head.bias", 0.0)
    refused(tagger("models", "add", trained), "no filter bank in it")


def test_what_is_no_model_folder_is_reported(tagger: Tagger, trained: Path, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone", trained / "model.json", "small"):
        refused(tagger("models", "add", folder), f"{folder}: no model.json in it; name the folder")
    (trained / "model.safetensors").unlink()
    refused(tagger("models", "add", trained), "model.safetensors: No such file")


def test_one_broken_model_does_not_hide_the_others(tagger: Tagger, trained: Path, root: Path) -> None:
    tagger("models", "add", trained)
    (root / "my-model/model.json").write_text("{")
    result = tagger("models")
    assert result.code == 1
    assert "my-model: model.json cannot be used" in result.err
    assert f"{DEFAULT_MODEL} 1, the default: 0 tracks" in result.out
    assert tagger("models", "remove", "my-model").code == 0


def test_options_of_the_list_are_not_swallowed(tagger: Tagger, trained: Path) -> None:
    refused(tagger("models", "--json", "add", trained), "--db and --json belong behind `add`")
