"""A full disk still reads, and what cannot be written harms nothing."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tagger.errors import StoreError
from tagger.store import database as database_file
from tagger.store import scan_lock
from tests.cli.conftest import Tagger
from tests.cli.test_faults import ended_in_one_line, is_sound, music
from tests.tag_runs.library import contents, make_files, store_analyses

__all__ = ["music"]


def test_a_disk_that_is_full_at_a_commit_ends_the_scan_and_the_next_goes_on(
    tagger: Tagger, music: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.parent.mkdir()
    with sqlite3.connect(db) as database:  # of small pages, which a single track fills
        database.execute("PRAGMA page_size = 512")
        database.execute("VACUUM")
    assert tagger("scan", music, "--limit", 2, "--quiet").code == 0
    with sqlite3.connect(db) as database:
        (n_pages,) = database.execute("PRAGMA page_count").fetchone()
    configured = database_file.configured

    def on_a_full_disk(opened: sqlite3.Connection) -> sqlite3.Connection:
        opened.execute(f"PRAGMA max_page_count = {n_pages + 8}")
        return configured(opened)

    with monkeypatch.context() as patch:
        patch.setattr(database_file, "configured", on_a_full_disk)
        full = tagger("scan", music / "b", music / "a")
    ended_in_one_line(full, 2, "the disk is full; make room, then run the command again")
    assert is_sound(db)
    again = tagger("scan", music, "--json").json
    assert again["analysed"] + again["unchanged"] == 6
    assert 2 <= again["unchanged"] < 6


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of resources are of POSIX")
def test_a_file_system_that_takes_no_more_bytes_ends_the_scan(tagger: Tagger, music: Path, db: Path) -> None:
    assert tagger("scan", music, "--limit", 1, "--quiet").code == 0
    script = (
        "import resource, sys; from tagger.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"  # less than the log of a batch
        "sys.argv = ['tagger', 'scan', *sys.argv[1:]]; main()"
    )
    command = [sys.executable, "-c", script, music, "--db", db, "--jobs", "1"]
    full = subprocess.run(command, capture_output=True, text=True)
    assert full.returncode == 2
    assert "Traceback" not in full.stderr
    assert "the drive reports an error; check the drive and its free space" in full.stderr
    assert is_sound(db)
    assert tagger("scan", music, "--json").json["unchanged"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="a full disk is made by a limit")
@pytest.mark.parametrize("command", ["list", "stats", "playlist", "runs"])
def test_a_full_disk_still_reads(tagger: Tagger, music: Path, db: Path, command: str) -> None:
    tagger("scan", music)
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY));"
        f"import sys; sys.argv = ['tagger', {command!r}]; from tagger.cli import main; main()"
    )
    full = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True)
    assert (full.returncode, full.stderr) == (0, "")
    assert full.stdout == tagger(command).out


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


def test_no_lock_lies_beside_what_is_no_database_of_ours(tmp_path: Path) -> None:
    foreign = tmp_path / "photos.db"
    with closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE photos (name)")
    before = foreign.read_bytes()
    for path, reason in ((str(foreign), "of another program"), (os.devnull, "not a file")):
        with pytest.raises(StoreError, match=reason), scan_lock(path):
            pass
        assert not os.path.exists(f"{path}.lock")
    assert foreign.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["photos.db"]
