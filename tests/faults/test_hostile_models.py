"""A folder of a model comes from anybody: it takes no other's place, reads no other file, costs nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tagger.errors import ModelError
from tagger.model_card import DEFAULT_MODEL, ModelCard, check_weights, load_card
from tagger.model_card.install import install, uninstall
from tests.model_card.conftest import copied_model
from tests.model_card.test_fields import FRONT_END
from tests.model_card.test_install import card, root, trained, trained_before
from tests.own_model import change

__all__ = ["card", "copied_model", "root"]


@pytest.mark.parametrize("name", [DEFAULT_MODEL, "standard", "small"])
def test_a_folder_where_i_stand_does_not_replace_an_installed_model(
    copied_model: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shipped = load_card(name)
    copied_model.rename(copied_model.with_name(name))
    monkeypatch.chdir(copied_model.parent)
    assert load_card(name) == shipped
    assert load_card(f"./{name}").folder == load_card(f"{name}/").folder == str(copied_model.parent / name)


def test_the_current_folder_is_a_model_only_by_a_name_with_a_dot(
    copied_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied_model)
    assert load_card(".").folder == str(copied_model)
    with pytest.raises(ModelError, match="no model named ''"):
        load_card("")


def test_a_plain_name_says_how_its_folder_is_named(
    copied_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied_model.parent)
    with pytest.raises(ModelError, match=r"no model named 'copy'; .* model's folder, such as \./copy\)"):
        load_card("copy")


@pytest.mark.parametrize(
    "model_id",
    [
        *["", ".", "..", ".x", "a/b", "../x", "/x", "a\\b", "c:", "x.", "-x", "é", "a b", "a\n", "a" * 101],
        *["CON", "nul", "Com1", "lpt9.txt", "aux.v2"],
    ],
)
def test_an_id_that_cannot_name_a_folder_is_refused(tmp_path: Path, root: Path, model_id: str) -> None:
    with pytest.raises(ModelError, match=r"in model\.json cannot name a folder"):
        install(trained(tmp_path / "trained", model_id))
    assert not root.exists()


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "CARD.md", "secret.md"])
def test_a_link_among_its_files_is_not_followed(
    card: ModelCard, tmp_path: Path, root: Path, name: str
) -> None:
    secret = tmp_path / "secret"
    linked = Path(card.folder, name)
    if linked.exists():
        linked.rename(secret)
    else:
        secret.write_text("mine alone")
    linked.symlink_to(secret)
    with pytest.raises(ModelError, match=rf"{name}: a symbolic link, which is not followed"):
        install(card)
    assert not root.exists()


def test_a_linked_model_is_removed_without_what_it_links_to(card: ModelCard, root: Path) -> None:
    root.mkdir(parents=True)
    os.symlink(card.folder, root / "linked")
    uninstall("linked")
    assert os.listdir(root) == []
    assert load_card(card.folder).id == "my-model"


@pytest.mark.parametrize("name", ["notes.txt", "last.pt", "runs/notes.md", ".hidden.md", "linked.md"])
def test_what_was_not_installed_is_not_deleted(
    card: ModelCard, tmp_path: Path, root: Path, name: str
) -> None:
    install(card)
    mine = root / "my-model" / name
    mine.parent.mkdir(exist_ok=True)
    if name == "linked.md":
        mine.symlink_to(tmp_path / "elsewhere")
    else:
        mine.write_text("mine")
    for alter in (lambda: install(trained_before(card, tmp_path), replace=True), lambda: uninstall(card.id)):
        with pytest.raises(ModelError, match="was not installed by tagger and would be deleted; move it"):
            alter()
        shutil.rmtree(tmp_path / "v2", ignore_errors=True)
    assert os.path.lexists(mine)
    assert load_card("my-model").version == "1"


def test_a_card_of_gigabytes_is_not_installed(card: ModelCard, root: Path) -> None:
    with open(os.path.join(card.folder, "CARD.md"), "wb") as file:
        file.truncate(3 << 30)  # a hole: it takes no room
    with pytest.raises(ModelError, match=r"CARD\.md: has more than 16 MiB"):
        install(card)
    assert not os.path.lexists(root / card.id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample_rate_hz", 10**9),
        ("sample_rate_hz", 999),
        ("window_s", 1e6),
        ("n_fft", 10**8),
        ("hop_length", 1),
        ("hop_length", 4096),
        ("n_mels", 10**6),
        ("n_mels", True),
    ],
)
def test_a_front_end_that_would_take_gigabytes_is_refused(
    copied_model: Path, name: str, value: float
) -> None:
    change(copied_model, front_end={**FRONT_END, name: value})
    with pytest.raises(ModelError, match=rf"model\.json cannot be used \({name} of front_end"):
        load_card(str(copied_model))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (200_000 * "[" + 200_000 * "]", "its brackets are nested too deep"),
        (" " * (5 << 20) + "{}", "it has more than 4 MiB"),
        (b"\xff\xfe", "'utf-8' codec"),
    ],
)
def test_a_bomb_of_a_model_json_is_one_clear_line(copied_model: Path, text: str | bytes, reason: str) -> None:
    (copied_model / "model.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match=rf"model\.json cannot be used \({reason}.*reinstall") as caught:
        load_card(str(copied_model))
    assert "\n" not in str(caught.value)


def test_weights_of_gigabytes_are_refused_unread(copied_model: Path) -> None:
    os.truncate(copied_model / "model.safetensors", 3 << 30)  # a hole: it takes no room
    with pytest.raises(ModelError, match="has more than 2 GiB"):
        check_weights(load_card(str(copied_model)))
