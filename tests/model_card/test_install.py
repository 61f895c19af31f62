"""Adding and removing models on the disk."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.errors import ModelError
from tagger.model_card import (
    DEFAULT_MODEL,
    ModelCard,
    added_models,
    check_weights,
    folders,
    installed_models,
    load_card,
    shipped_models,
)
from tagger.model_card import install as install_module
from tagger.model_card.install import check_id, install, uninstall
from tests.own_model import SMALL_MODEL, make_own_model


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where added models go, not made yet."""
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "data/models"))
    return tmp_path / "data/models"


@pytest.fixture
def card(tmp_path: Path, root: Path) -> ModelCard:
    return trained(tmp_path / "trained", "my-model")


def trained(folder: Path, model_id: object, **fields: object) -> ModelCard:
    """The small model under another id."""
    return load_card(str(make_own_model(folder, model_id, **fields)))


def test_an_added_model_is_found_by_its_id(card: ModelCard, root: Path) -> None:
    assert install(card) == "added"
    added = load_card("my-model")
    assert added == replace(card, folder=str(root / "my-model"))
    assert check_weights(added) == str(root / "my-model/model.safetensors")
    assert added_models() == ["my-model"]
    assert installed_models() == sorted([*shipped_models(), "my-model"])


def test_the_card_goes_with_it_but_no_checkpoint(card: ModelCard, root: Path) -> None:
    for name in ("last.pt", ".hidden.md", "notes.md"):
        Path(card.folder, name).write_text("x")
    Path(card.folder, "folder.md").mkdir()
    install(card)
    pictures = {name for name in os.listdir(card.folder) if name.endswith(".svg")}
    assert set(os.listdir(root / "my-model")) == pictures | {
        "model.json",
        "model.safetensors",
        "CARD.md",
        "notes.md",
    }


def test_the_newest_of_a_name_may_be_an_added_one(card: ModelCard, tmp_path: Path) -> None:
    for number in (1, 2, 10):
        install(trained(tmp_path / f"{number}", f"mine-{number}"))
    assert load_card("mine").id == "mine-10"


def test_the_same_again_changes_nothing(card: ModelCard, root: Path) -> None:
    install(card)
    before = (root / "my-model/model.json").stat()
    assert install(card) == install(card, replace=True) == install(load_card("my-model")) == "unchanged"
    after = (root / "my-model/model.json").stat()  # of which the date of reading is no change
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_a_folder_that_is_no_model_is_not_replaced(card: ModelCard, root: Path) -> None:
    (root / "my-model").mkdir(parents=True)
    (root / "my-model" / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="is there already and no model; move it away first"):
        install(card, replace=True)
    assert (root / "my-model" / "notes.txt").read_text() == "mine"


def test_other_content_under_the_same_id_wants_replace(card: ModelCard, tmp_path: Path, root: Path) -> None:
    install(card)
    other = trained(tmp_path / "other", "my-model", version="2")
    with pytest.raises(ModelError, match="my-model: there already with other content; give --replace"):
        install(other)
    assert load_card("my-model").version == "1"
    assert install(other, replace=True) == "replaced"
    assert load_card("my-model").version == "2"
    assert os.listdir(root) == ["my-model"]


def test_a_damaged_copy_is_mended_by_replace(card: ModelCard, root: Path) -> None:
    install(card)
    (root / "my-model/model.safetensors").unlink()
    with pytest.raises(ModelError, match="other content"):
        install(card)
    assert install(card, replace=True) == "replaced"
    assert check_weights(load_card("my-model"))


@pytest.mark.parametrize("fault", ["copyfileobj", "rename"])
def test_what_fails_half_way_leaves_the_model_that_was_there(
    card: ModelCard, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    install(card)
    renames = []

    def fail(source: str, target: str, *_: object) -> None:
        renames.append(target)
        if fault == "copyfileobj" or len(renames) == 2:
            raise OSError(28, "No space left on device")
        os.replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(install_module.shutil if fault == "copyfileobj" else install_module.os, fault, fail)
        with pytest.raises(ModelError, match=r"my-model: cannot be written \(No space left on device\)"):
            install(trained_before(card, tmp_path), replace=True)
    assert load_card("my-model").version == "1"
    assert os.listdir(root) == ["my-model"]


def trained_before(card: ModelCard, tmp_path: Path) -> ModelCard:
    """Another version, made without what the test breaks."""
    folder = tmp_path / "v2"
    folder.mkdir()
    for name in ("model.json", "model.safetensors"):
        (folder / name).write_bytes(Path(card.folder, name).read_bytes())
    (folder / "model.json").write_text((folder / "model.json").read_text() + " ")
    return replace(card, folder=str(folder))


@pytest.mark.parametrize(
    "model_id", ["a", "My_model-1.5", "0", "a" * 100, "standard-jazz", "console", "com10", "my.nul"]
)
def test_a_plain_id_is_accepted(model_id: str) -> None:
    check_id(model_id)


@pytest.mark.parametrize("model_id", [DEFAULT_MODEL, SMALL_MODEL, "small", "Small-1"])
def test_the_names_of_the_programs_own_models_are_refused(model_id: str) -> None:
    with pytest.raises(
        ModelError, match=r"small and small-1, -2, \.\.\., standard and .* models of the program"
    ):
        check_id(model_id)


def test_a_shipped_model_goes_before_an_added_one_of_its_id(tmp_path: Path, root: Path) -> None:
    """As after an upgrade that ships what was added by hand; the added one can still be removed."""
    trained(root / DEFAULT_MODEL, DEFAULT_MODEL, version="mine")
    assert load_card(DEFAULT_MODEL).version != "mine"
    uninstall(DEFAULT_MODEL)
    assert not (root / DEFAULT_MODEL).exists()


def test_a_removed_model_is_gone(card: ModelCard, root: Path) -> None:
    install(card)
    uninstall("my-model")
    assert os.listdir(root) == []
    with pytest.raises(ModelError, match="no model named 'my-model'"):
        load_card("my-model")


@pytest.mark.parametrize("name", ["gone", "", "..", "../models/my-model", "my"])
def test_only_what_was_added_can_be_removed(card: ModelCard, name: str) -> None:
    install(card)
    with pytest.raises(ModelError, match=r"no added model named .*; added: my-model"):
        uninstall(name)
    with pytest.raises(ModelError, match="comes with the program and stays"):
        uninstall(DEFAULT_MODEL)
    assert added_models() == ["my-model"]


def test_the_programs_folder_is_not_taken_for_the_owners(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(load_card(SMALL_MODEL).folder, tmp_path / "shipped" / SMALL_MODEL)
    monkeypatch.setattr(folders, "models_folder", lambda: str(tmp_path / "shipped"))
    monkeypatch.setattr(install_module, "models_folder", lambda: str(tmp_path / "shipped"))
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "shipped"))
    for change in (lambda: install(card), lambda: uninstall(SMALL_MODEL)):
        with pytest.raises(ModelError, match="TAGGER_MODELS must not name the folder of the program's"):
            change()
    assert os.listdir(tmp_path / "shipped") == [SMALL_MODEL]


def test_a_folder_of_models_that_cannot_be_made_is_named(card: ModelCard, root: Path) -> None:
    root.parent.write_text("a file")
    with pytest.raises(ModelError, match="my-model: cannot be written"):
        install(card)
    assert installed_models() == shipped_models()


def test_without_a_word_from_the_owner_models_lie_beside_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tagger.model_card import added_models_folder
    from tagger.store import default_path

    monkeypatch.delenv("TAGGER_MODELS")
    assert added_models_folder() == os.path.join(os.path.dirname(default_path()), "models")
