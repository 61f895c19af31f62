"""A program that was killed leaves nothing behind, or what the next one removes."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.descriptors import Folder
from tagger.files import atomic_replacement, replace_atomically
from tagger.model_card import ModelCard, load_card
from tagger.model_card.install import install, uninstall
from tests.own_model import make_own_model
from tests.small_process import in_a_small_process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a copy of this process")


def in_a_child(work: Callable[[], object], kill_after_s: float | None = None) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(params=["nameless files", "no nameless files"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux has files without a name (O_TMPFILE), on most of its file systems."""
    if request.param == "no nameless files":
        monkeypatch.setattr("tagger.descriptors.Folder.create_unnamed", lambda *_: None)


@pytest.mark.parametrize("are_nameless", [True, False])
@pytest.mark.parametrize("is_new", [False, True])
def test_a_killed_writer_of_a_playlist_leaves_none(tmp_path: Path, is_new: bool, are_nameless: bool) -> None:
    path = tmp_path / "list.m3u8"
    in_a_small_process(kill_writers_of, path, is_new, are_nameless)
    replace_atomically(str(path), b"new")
    assert os.listdir(tmp_path) == ["list.m3u8"]
    assert path.read_bytes() == b"new"


def kill_writers_of(path: Path, is_new: bool, are_nameless: bool) -> None:
    if not are_nameless:
        Folder.create_unnamed = lambda *_: None  # type: ignore[method-assign]

    def write_for_ever() -> None:
        while True:
            if is_new:
                path.unlink(missing_ok=True)
            replace_atomically(str(path), b"x" * 2_000_000)

    for step in range(25):
        in_a_child(write_for_ever, kill_after_s=0.002 + step * 0.001)


@pytest.mark.usefixtures("system")
def test_training_killed_while_it_writes_leaves_none(tmp_path: Path) -> None:
    """Weights, cards, checkpoints, logs and the index of a cache are all written so."""
    path = tmp_path / "crnn.checkpoint"

    def be_killed() -> None:
        with atomic_replacement(str(path)) as file:
            file.write(b"half")
            file.flush()
            die()

    replace_atomically(str(path), b"old")
    in_a_child(be_killed)
    assert path.read_bytes() == b"old"
    with atomic_replacement(str(path)) as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["crnn.checkpoint"]


def test_what_is_being_written_is_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagger.descriptors.Folder.create_unnamed", lambda *_: None)
    path = str(tmp_path / "list.m3u8")
    with atomic_replacement(path) as slow:
        replace_atomically(path, b"quick")
        slow.write(b"slow")
    assert Path(path).read_bytes() == b"slow"


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ModelCard]:
    """Two versions of one model, the first of them installed."""
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "models"))
    folders = [tmp_path / version / "mine" for version in "12"]
    cards = [load_card(str(make_own_model(folder, "mine", version=folder.parent.name))) for folder in folders]
    install(cards[0])
    return cards


@pytest.mark.parametrize("step", ["copyfileobj", "first rename", "second rename", "rmtree"])
@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_killed_change_of_a_model_leaves_the_old_one_or_the_new(
    cards: list[ModelCard], tmp_path: Path, command: str, step: str
) -> None:
    def be_killed() -> None:
        renames = iter([os.rename, die] if step == "second rename" else [die])
        if "rename" in step:
            os.rename = lambda *names: next(renames)(*names)  # in this process alone, as the others
        else:
            setattr(shutil, step, die)
        if command == "add":
            install(cards[1], replace=True)
        else:
            uninstall("mine")

    in_a_child(be_killed)
    with pytest.raises(Exception, match="no added model"):
        uninstall("another")  # whatever comes next cleans up
    models = tmp_path / "models"
    stays = command == "add" or step == "first rename"
    assert os.listdir(models) == (["mine"] if stays else [])
    assert not stays or set(os.listdir(models / "mine")) == set(os.listdir(load_card("small").folder))
    install(cards[1], replace=True)
    assert (os.listdir(models), load_card("mine").version) == (["mine"], "2")


def test_what_only_looks_like_a_remnant_stays(cards: list[ModelCard], tmp_path: Path) -> None:
    remnant = tmp_path / "models" / ".mine-0123456789ab.new"
    remnant.mkdir()
    (remnant / "my notes.txt").write_text("mine")
    install(cards[1], replace=True)
    assert os.listdir(remnant) == ["my notes.txt"]
