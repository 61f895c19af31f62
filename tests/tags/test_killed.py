"""A writer that is killed: every file wholly old or wholly new, and nothing left beside it."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import time
import zlib
from pathlib import Path

import pytest

from tagger.tags import (
    Previous,
    Wanted,
    WriteOptions,
    apply,
    plan,
    read,
    recover_temporary_files,
    restore,
    run_token,
    stale_temporary_files,
)
from tests.small_process import in_a_small_process

from .conftest import MakeSample

PREDICTED = Wanted(("House",), 0.5, 120)
TOKEN = run_token()


def recover(folder: Path) -> tuple[str, ...]:
    """As after a run of this process, of which the store knows every copy."""
    return recover_temporary_files(str(folder), TOKEN, lambda copy: True)


def data_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def test_leftovers_of_a_killed_run_are_removed_and_those_of_a_running_one_are_not(tmp_path: Path) -> None:
    stale, held, foreign = (
        tmp_path / name for name in (f".tagger-{TOKEN}-a.tmp", f".tagger-{TOKEN}-b.tmp", "notes.tmp")
    )
    for path in (stale, held, foreign):
        path.write_bytes(b"half a file")
    with held.open("rb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        assert stale_temporary_files(str(tmp_path), TOKEN) == (str(stale),)
        assert recover(tmp_path) == (str(stale),)
    assert sorted(os.listdir(tmp_path)) == [held.name, "notes.tmp"]


@pytest.mark.parametrize("size_before", [15, 99])
def test_a_write_in_place_that_was_killed_is_finished(tmp_path: Path, size_before: int) -> None:
    """Also where the file is already as long as the copy."""
    song = tmp_path / "song.mp3"
    song.write_bytes(b"wholly half old")
    redo = tmp_path / f".tagger-{TOKEN}-{song.stat().st_ino}-{size_before}.redo"
    redo.write_bytes(b"wholly new.".ljust(15, b".") if size_before == 99 else b"wholly new")
    copy = redo.read_bytes()
    recover(tmp_path)
    assert (song.read_bytes(), os.listdir(tmp_path)) == (copy, ["song.mp3"])


@pytest.mark.parametrize("size_before", [15, 12])
def test_where_a_share_numbers_its_files_anew_the_name_tells(tmp_path: Path, size_before: int) -> None:
    """Also where the file had grown by a part of what it would need."""
    song = tmp_path / "song.mp3"
    song.write_bytes(b"wholly half old")
    checksum = f"{zlib.crc32(b'song.mp3'):08x}"
    redo = tmp_path / f".tagger-{TOKEN}-{song.stat().st_ino + 1}-{size_before}-{checksum}.redo"
    redo.write_bytes(b"wholly new, and longer")
    recover(tmp_path)
    assert (song.read_bytes(), os.listdir(tmp_path)) == (b"wholly new, and longer", ["song.mp3"])


def test_a_copy_whose_file_is_gone_is_never_thrown_away(tmp_path: Path) -> None:
    lost = tmp_path / f".tagger-{TOKEN}-1-15.redo"
    lost.write_bytes(b"the only whole copy")
    recover(tmp_path)
    assert lost.read_bytes() == b"the only whole copy"


@pytest.mark.parametrize("name", ["{}-15", "{}", "{}-"])
def test_a_file_that_was_given_the_inode_of_a_deleted_one_is_not_written_over(
    tmp_path: Path, name: str
) -> None:
    song = tmp_path / "another song.mp3"
    song.write_bytes(b"a song of its own")
    redo = tmp_path / f".tagger-{TOKEN}-{name.format(song.stat().st_ino)}.redo"
    redo.write_bytes(b"wholly new")
    recover(tmp_path)
    assert song.read_bytes() == b"a song of its own"
    assert redo.read_bytes() == b"wholly new"


@pytest.mark.slow
@pytest.mark.parametrize("hard_links", ["skip", "in-place", "skip, on a share without chmod"])
def test_a_killed_writer_leaves_each_file_wholly_old_or_wholly_new(
    hard_links: str, sample: MakeSample, tmp_path: Path
) -> None:
    paths = [sample(name, name) for name in ("mp3", "flac", "opus", "aac")]
    folder = tmp_path / "names"
    folder.mkdir()
    if hard_links == "in-place":
        for path in paths:
            os.link(path, folder / os.path.basename(path))
    in_a_small_process(kills_leave_each_file_old_or_new, hard_links, paths, tmp_path)


def kills_leave_each_file_old_or_new(hard_links: str, paths: list[str], tmp_path: Path) -> None:
    if "," in hard_links:
        hard_links = "skip"
        os.chmod = lambda *args, **names: None  # in this process alone
    options = WriteOptions(hard_links=hard_links, keep_mtime=True)  # type: ignore[arg-type]
    states = {path: _old_and_new(path) for path in paths}
    previous = {path: states[path][2] for path in paths}
    random.seed(4)
    for _ in range(20):
        _kill_after(random.uniform(0.001, 0.06), paths, previous, options)
        recover(tmp_path)
        for path in paths:
            assert data_of(path) in states[path][:2]
        assert not [name for name in os.listdir(tmp_path) if name.startswith(".tagger-")]


def _old_and_new(path: str) -> tuple[bytes, bytes, Previous]:
    copy = path + ".copy"
    shutil.copyfile(path, copy)
    try:
        previous = apply(copy, plan(read(copy), PREDICTED)).previous
        return data_of(path), data_of(copy), previous
    finally:
        os.unlink(copy)


def _kill_after(
    delay_s: float, paths: list[str], previous: dict[str, Previous], options: WriteOptions
) -> None:
    child = os.fork()
    if child == 0:
        try:
            while True:
                _toggle_all(paths, previous, options)
        finally:
            os._exit(1)
    time.sleep(delay_s)
    assert os.waitpid(child, os.WNOHANG) == (0, 0), "the writer failed before it was killed"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _toggle_all(paths: list[str], previous: dict[str, Previous], options: WriteOptions) -> None:
    """Write every file that is old, and undo every file that is new."""
    for path in paths:
        if read(path).genres:
            restore(path, previous[path], options)
        else:
            apply(path, plan(read(path), PREDICTED), options)
