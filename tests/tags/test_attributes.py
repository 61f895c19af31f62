"""Files whose owner, rights or attributes no copy can have are written in place, and stay themselves."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tagger.errors import HardLinked, TagError
from tagger.tags import (
    Wanted,
    WriteOptions,
    apply,
    measure,
    plan,
    prepare,
    read,
    recover_temporary_files,
    restore,
    run_token,
)
from tagger.tags.write import discard
from tests.small_process import in_a_small_process

from . import samples
from .conftest import MakeSample

PREDICTED = Wanted(("House",), 0.5, 120)
OWNER, GROUP, STRANGER = 1000, 1001, 65_534

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to others"
)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter and write, as a share for a family."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def theirs(shared_folder: Path) -> str:
    """An mp3 of another user that its group may write."""
    path = shared_folder / "song.mp3"
    path.write_bytes(samples.make("mp3"))
    os.chown(path, OWNER, GROUP)
    path.chmod(0o664)
    return str(path)


def as_stranger(work: Callable[[], None]) -> None:
    """Do it in a process of another user of the file's group; what it raises fails the test."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([GROUP])
            os.setresgid(STRANGER, STRANGER, STRANGER)
            os.setresuid(STRANGER, STRANGER, STRANGER)
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def identity(path: str) -> tuple[int, ...]:
    status = os.stat(path)
    return status.st_ino, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def write(path: str, **options: object) -> None:
    apply(path, plan(read(path), PREDICTED), WriteOptions(**options))  # type: ignore[arg-type]


def write_and_undo(path: str) -> None:
    """Both keep the file what it is to everybody else, and its bytes come back."""
    before, was = Path(path).read_bytes(), identity(path)
    written = apply(path, plan(read(path), PREDICTED))
    assert read(path).genres == ("House",)
    assert identity(path) == was
    assert written.state.size == os.path.getsize(path)
    assert written.state.mtime_ns == os.stat(path).st_mtime_ns
    restore(path, written.previous)
    assert Path(path).read_bytes() == before
    assert identity(path) == was
    assert not [name for name in os.listdir(os.path.dirname(path)) if name.startswith(".tagger-")]


@needs_root
@pytest.mark.parametrize("mode", [0o664, 0o666, 0o660])
def test_a_file_of_another_user_that_the_group_may_write_stays_theirs(theirs: str, mode: int) -> None:
    os.chmod(theirs, mode)
    write_and_undo_once_as_root(theirs)
    as_stranger(lambda: write_and_undo(theirs))


@needs_root
def test_an_own_file_of_a_group_that_is_not_mine_keeps_its_group(theirs: str) -> None:
    write_and_undo_once_as_root(theirs)
    os.chown(theirs, STRANGER, 4242)
    as_stranger(lambda: write_and_undo(theirs))


@needs_root
def test_a_file_in_a_sticky_folder_of_others_is_written_in_place(theirs: str, shared_folder: Path) -> None:
    shared_folder.chmod(0o1777)
    write_and_undo_once_as_root(theirs)
    as_stranger(lambda: write_and_undo(theirs))


@needs_root
def test_the_date_of_another_users_file_is_not_promised(theirs: str) -> None:
    write_and_undo_once_as_root(theirs)
    before = Path(theirs).read_bytes()

    def refused() -> None:
        changes, options = plan(read(theirs), PREDICTED), WriteOptions(keep_mtime=True)
        for work in (measure, prepare):
            with pytest.raises(TagError, match="date cannot be kept, as it belongs to another user"):
                work(theirs, changes, options)

    as_stranger(refused)
    assert Path(theirs).read_bytes() == before


@needs_root
def test_the_links_of_another_users_file_are_not_broken_by_writing_all_names(theirs: str) -> None:
    os.link(theirs, theirs + ".seeded.mp3")
    write_and_undo_once_as_root(theirs, hard_links="in-place")
    before = Path(theirs).read_bytes()

    def refused() -> None:
        changes, options = plan(read(theirs), PREDICTED), WriteOptions(hard_links="break")
        for work in (measure, prepare):
            with pytest.raises(HardLinked, match="no copy can have its owner and rights"):
                work(theirs, changes, options)

    as_stranger(refused)
    assert Path(theirs).read_bytes() == before


@needs_root
def test_a_stranger_who_is_killed_loses_nothing(theirs: str, shared_folder: Path) -> None:
    """At any moment: either the file is whole, or the copy beside it finishes it."""
    in_a_small_process(kill_strangers, theirs, shared_folder)
    assert identity(theirs)[1:] == (OWNER, GROUP, 0o664)


def kill_strangers(theirs: str, shared_folder: Path) -> None:
    old = Path(theirs).read_bytes()
    written = apply(theirs, plan(read(theirs), PREDICTED))
    new = Path(theirs).read_bytes()
    restore(theirs, written.previous)
    os.chown(theirs, OWNER, GROUP)
    for step in range(40):
        child = os.fork()
        if child == 0:
            os.setgroups([GROUP])
            os.setresuid(STRANGER, STRANGER, STRANGER)
            while True:
                if read(theirs).genres:
                    restore(theirs, written.previous)
                else:
                    write(theirs)
        time.sleep(0.001 + step * 0.0007)
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        as_stranger(lambda: recover_temporary_files(str(shared_folder), run_token(), lambda _: True) and None)
        assert Path(theirs).read_bytes() in (old, new)
        assert os.listdir(shared_folder) == ["song.mp3"]


def lies(*_: object, **__: object) -> None:
    """Say yes and do nothing."""


def refuses(*_: object, **__: object) -> None:
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("answer", [lies, refuses])
@pytest.mark.parametrize("name", ["mp3", "flac", "aac"])
def test_a_share_that_does_not_do_chmod_leaves_the_mode_as_it_was(
    sample: MakeSample, monkeypatch: pytest.MonkeyPatch, answer: Callable[..., None], name: str
) -> None:
    path = sample(name)
    os.chmod(path, 0o664)
    monkeypatch.setattr(os, "chmod", answer)
    write_and_undo(path)


def test_attributes_that_a_copy_cannot_have_are_kept_by_writing_in_place(
    sample: MakeSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sample("mp3")
    try:
        os.setxattr(path, "user.rating", b"5")
    except (OSError, AttributeError):
        pytest.skip("no extended attributes here")
    monkeypatch.setattr(os, "setxattr", refuses)
    write_and_undo(path)
    assert os.getxattr(path, "user.rating") == b"5"


def test_a_copy_is_put_in_the_place_of_a_file_where_it_can_be_all_the_same(sample: MakeSample) -> None:
    path = sample("mp3")
    os.chmod(path, 0o640)
    prepared = prepare(path, plan(read(path), PREDICTED))
    discard(prepared)
    assert not prepared.in_place


@pytest.mark.skipif(not shutil.which("bindfs"), reason="needs bindfs")
@pytest.mark.parametrize("option", ["--chmod-ignore", "--chmod-deny", "--chown-deny", "--perms=0644"])
def test_a_share_is_written_as_it_lets_itself_be(tmp_path: Path, sample: MakeSample, option: str) -> None:
    real, share = tmp_path / "real", tmp_path / "share"
    real.mkdir()
    share.mkdir()
    shutil.move(sample("mp3"), real / "song.mp3")
    (real / "song.mp3").chmod(0o664)
    if subprocess.run(["bindfs", option, real, share], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        write_and_undo_but_for_inode(str(share / "song.mp3"))
        assert stat.S_IMODE((real / "song.mp3").stat().st_mode) == 0o664 or option == "--perms=0644"
    finally:
        subprocess.run(["umount", share], check=True)


def write_and_undo_but_for_inode(path: str) -> None:
    before, was = Path(path).read_bytes(), identity(path)[1:]
    written = apply(path, plan(read(path), PREDICTED))
    assert identity(path)[1:] == was
    restore(path, written.previous)
    assert (Path(path).read_bytes(), identity(path)[1:]) == (before, was)


def write_and_undo_once_as_root(path: str, **options: object) -> None:
    """Import all that is needed, as another user may not read where Python lies; the bytes stay."""
    written = apply(path, plan(read(path), PREDICTED), WriteOptions(**options))  # type: ignore[arg-type]
    restore(path, written.previous, WriteOptions(**options))  # type: ignore[arg-type]
