"""What breaks between and during scans: the command says so in one line, and nothing else is harmed."""

import errno
import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagger.store import database as store_file
from tests.cli.conftest import Result, Tagger
from tests.pipeline.test_workers import analyse_or_die
from tests.sounds import make_sound, sweep


@pytest.fixture
def music(tmp_path: Path) -> Iterator[Path]:
    """Six different tracks in two folders; no test may change a byte of them."""
    folder = tmp_path / "music"
    for i in range(6):
        path = folder / "ab"[i % 2] / f"{i}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_sound(path, samples=sweep(1.0 + i / 10, 22_050, 1))
    before = digests(folder)
    yield folder
    assert digests(folder) == before


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.flac")}


def is_sound(db: Path) -> bool:
    with sqlite3.connect(db) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def ended_in_one_line(result: Result, code: int, text: str) -> None:
    (line,) = result.err.splitlines()
    assert line.startswith("tagger: ")
    assert text in line
    assert (result.code, result.out) == (code, "")


def missing(db: Path) -> int:
    with sqlite3.connect(db) as database:
        (n,) = database.execute("SELECT count(*) FROM tracks WHERE missing_since NOTNULL").fetchone()
        return int(n)


def test_a_deleted_database_is_begun_anew(tagger: Tagger, music: Path, db: Path) -> None:
    tagger("scan", music)
    shutil.rmtree(db.parent)
    again = tagger("scan", music, "--json")
    assert (again.code, again.err, again.json["analysed"]) == (0, "", 6)


@pytest.mark.parametrize(
    "kind", ["garbage in the middle", "garbage at the head", "schema format", "truncated"]
)
def test_a_damaged_database_is_named_with_its_backup(
    tagger: Tagger, music: Path, db: Path, kind: str
) -> None:
    tagger("scan", music)
    tagger("scan", music)  # which finds tracks to back up
    damage(db, kind)
    for command in (("scan", music), ("list",)):
        damaged = tagger(*command)
        ended_in_one_line(damaged, 2, f"{db}: it is damaged; to go on with the backup of ")
    restore = damaged.err.split("run: ")[1]
    assert subprocess.run(restore, shell=True).returncode == 0
    assert tagger("scan", music, "--json").json["unchanged"] == 6


def test_a_damaged_database_without_a_backup_is_named(tagger: Tagger, music: Path, db: Path) -> None:
    tagger("scan", music)
    damage(db, "garbage in the middle")
    ended_in_one_line(tagger("scan", music), 2, "it is damaged; move it away and scan again")


def damage(db: Path, kind: str) -> None:
    size = db.stat().st_size
    with db.open("r+b") as file:
        if kind == "truncated":
            file.truncate(size // 3)
        elif kind == "schema format":  # https://www.sqlite.org/fileformat.html#schema_format_number
            file.seek(44)
            file.write(b"\xff" * 4)
        else:
            file.seek(4096 if kind == "garbage in the middle" else 0)
            file.write(b"\xa5" * (size - 4096 if kind == "garbage in the middle" else 4096))


def test_a_database_that_another_program_writes_to_is_busy(
    tagger: Tagger, music: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger("scan", music, "--limit", 1)
    monkeypatch.setattr(store_file, "BUSY_TIMEOUT_S", 0.1)
    other = sqlite3.connect(db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ended_in_one_line(tagger("scan", music), 75, "another program is writing to it; try again later")
    assert tagger("list").code == 0
    other.execute("ROLLBACK")
    other.close()
    assert tagger("scan", music, "--json").json["analysed"] == 5


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO, errno.ENOTCONN])
def test_a_root_that_is_unmounted_during_the_walk_marks_nothing_missing(
    tagger: Tagger, music: Path, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    tagger("scan", music)
    listing = os.scandir

    def scandir(path: str) -> Any:
        """Lists `music` and `a`; before `b` is listed, all is gone."""
        if str(path) == str(music / "b"):
            music.rename(tmp_path / "elsewhere")
            music.mkdir()
            raise OSError(number, os.strerror(number), path)
        return listing(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        result = tagger("scan", music, "--json")
    assert result.json["missing"] == missing(db) == 0
    assert result.code == 1
    assert f"{music}/b: " in result.err
    music.rmdir()
    (tmp_path / "elsewhere").rename(music)
    assert tagger("scan", music, "--json").json["unchanged"] == 6


@pytest.mark.slow
def test_a_file_that_kills_its_worker_is_quarantined(
    tagger: Tagger, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.pipeline.scan.analyse", analyse_or_die)
    killer = tmp_path / "more" / "1-killer.flac"
    killer.parent.mkdir()
    make_sound(killer, seconds=3.0)
    first = tagger("scan", music, killer.parent, "--jobs", 2, "--json")
    assert (first.code, first.json["analysed"], first.json["failed"]) == (1, 6, 1)
    assert f"{killer}: crashed the decoder" in first.err
    again = tagger("scan", music, killer.parent, "--json")
    assert (again.json["failed"], again.json["unchanged"]) == (1, 6)
    assert "crashed" not in again.err
    (failure,) = tagger("failures", "--json").json
    assert failure["path"] == str(killer)
