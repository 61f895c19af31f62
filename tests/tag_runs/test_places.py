"""Disks that are full and folders that may not be written, met by the whole command."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.store import Store
from tagger.tag_runs import Skip, WriteCounts
from tagger.tags import read
from tests.cli.conftest import Tagger, db, tagger
from tests.tag_runs.library import MODEL, REPLACE, contents, make_files, store_analyses, write_tags

__all__ = ["db", "tagger"]

NOBODY = 65_534


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_reported_and_harms_nothing(tagger: Tagger, tmpfs: Path, db: Path) -> None:
    paths = make_files(tmpfs, ("mp3", "flac", "ogg"))
    store_analyses(db, paths)
    before = contents(tmpfs)
    result = tagger("write-tags", "--yes", "--json")
    assert result.err.count("not enough free space") == 3
    assert (result.json["files_written"], result.json["skipped"], result.code) == (0, 3, 1)
    assert contents(tmpfs) == before


def test_a_disk_with_room_for_one_copy_at_a_time_is_enough(tagger: Tagger, tmpfs: Path, db: Path) -> None:
    large = 150_000
    paths = []
    for i in range(4):
        (path,) = make_files(tmpfs / f"{i}", ("mp3",))
        with open(path, "ab") as file:
            file.write(b"\xff\xfb\x90\x00".ljust(large, b"\0"))
        paths.append(path)
    subprocess.run(["mount", "-o", f"remount,size={(1 << 20) + 6 * large}", tmpfs], check=True)
    store_analyses(db, paths)
    result = tagger("write-tags", "--yes", "--json")
    assert (result.json["files_written"], result.json["skipped"], result.code) == (4, 0, 0)
    result = tagger("undo", "--yes", "--json")
    assert (result.json["files_restored"], result.json["skipped"], result.code) == (4, 0, 0)


def test_a_disk_that_fills_while_it_is_written_harms_nothing(
    tagger: Tagger, tmpfs: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmpfs / "filler").write_bytes(bytes(1024 * 700))
    paths = make_files(tmpfs, ("flac",))
    store_analyses(db, paths)
    before = contents(tmpfs)
    free = shutil.disk_usage(tmpfs)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free._replace(free=10**9))
    (tmpfs / "more").write_bytes(bytes(free.free - 20_000))
    result = tagger("write-tags", "--yes", "--json")
    assert "No space left on device (left as it was)" in result.err
    assert (result.json["skipped"], result.code) == (1, 1)
    (tmpfs / "more").unlink()
    assert contents(tmpfs) == before


def test_a_limit_of_file_size_is_reported_and_harms_nothing(tagger: Tagger, tmp_path: Path, db: Path) -> None:
    small, large = make_files(tmp_path / "music", ("ogg", "wav"))
    with open(large, "ab") as file:
        file.write(bytes(2_000_000))
    store_analyses(db, [small, large])
    before = contents(tmp_path / "music")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
    try:
        result = tagger("write-tags", "--yes", "--json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large (left as it was)" in result.err
    assert (result.json["files_written"], result.json["skipped"], result.code) == (1, 1, 1)
    after = contents(tmp_path / "music")
    assert after.keys() == before.keys()
    assert after[large] == before[large]


def test_a_read_only_folder_is_reported_and_left() -> None:
    """As a user whom its rights bind: root may write everywhere."""
    folder = Path(tempfile.mkdtemp())
    try:
        music = folder / "music"
        store_analyses(folder / "tagger.db", make_files(music, ("mp3", "ogg")))
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        music.chmod(0o555)
        before = contents(music)
        reasons = _reasons_as_nobody(str(folder / "tagger.db"))
        assert reasons == ["its folder is read-only"] * 2
        assert contents(music) == before
    finally:
        (folder / "music").chmod(0o755)
        shutil.rmtree(folder)


def _reasons_as_nobody(db: str) -> list[str]:
    """Why files were skipped in a process without rights of its own."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            skips: list[Skip] = []
            with Store.open(db, create=False) as store:
                write_tags(store, [], MODEL, REPLACE, WriteCounts(skips.append))
            os.write(theirs, "\n".join(skip.reason for skip in skips).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_cleanly_and_the_next_goes_on(
    tagger: Tagger, tmp_path: Path, db: Path, number: signal.Signals
) -> None:
    music, n_files = tmp_path / "music", 1500
    (source,) = make_files(tmp_path / "source", ("ogg",))
    music.mkdir()
    for i in range(n_files):
        shutil.copyfile(source, music / f"{i:04}.ogg")
    store_analyses(db, [str(path) for path in sorted(music.iterdir())])
    command = [sys.executable, "-m", "tagger", "write-tags", "--yes", "--db", str(db)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _wait_until_written(music / "0000.ogg")
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "`tagger undo 1` takes them back" in err
    assert "Traceback" not in err
    assert len(list(music.iterdir())) == n_files
    with Store.open(str(db), create=False) as store:
        assert store.tag_changes.nothing_is_open()
        (run,) = store.runs.latest()
    assert 0 < run.undoable == run.counts["files_written"] < n_files
    result = tagger("write-tags", "--yes", "--json").json
    assert (result["unchanged"], result["files_written"]) == (run.undoable, n_files - run.undoable)


def _wait_until_written(path: Path) -> None:
    for _ in range(3000):
        if read(str(path)).genres:
            return
        time.sleep(0.01)
    pytest.fail("nothing was written in 30 s")
