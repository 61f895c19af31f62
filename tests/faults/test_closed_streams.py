"""Whoever starts the program may have closed stdin, stdout or stderr: nothing else changes."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.pipeline import workers
from tests.cli.conftest import Tagger
from tests.pipeline.test_workers import die
from tests.sounds import make_sound, sweep

CLOSED = [(2,), (0, 1), (0, 1, 2)]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    (tmp_path / "music").mkdir()
    for i in range(2):
        make_sound(tmp_path / "music" / f"{i}.flac", samples=sweep(1.0 + i / 10, 22_050, 1))
    return tmp_path / "music"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a shell closes descriptors by number")
@pytest.mark.parametrize("numbers", CLOSED)
def test_good_files_stay_good_where_descriptors_are_closed(
    music: Path, db: Path, numbers: tuple[int, ...]
) -> None:
    closing = " ".join(f"{number}>&-" for number in numbers)
    command = ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-m", "tagger", "scan", str(music)]
    ended = subprocess.run([*command, "--jobs", "2", "--quiet"], capture_output=True, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    with sqlite3.connect(db) as database:
        assert database.execute("SELECT count(*) FROM failures").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM predictions").fetchone() == (2,)


def test_no_file_is_blamed_where_no_worker_can_begin(
    tagger: Tagger, music: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.pipeline.scan.analyse", die)
    monkeypatch.setattr(workers, "is_able", die)
    ended = tagger("scan", music, "--jobs", 2)
    (line,) = ended.err.splitlines()
    assert line.startswith("tagger: worker processes end before they read a file; check the free memory")
    assert (ended.code, ended.out) == (2, "")
    with sqlite3.connect(db) as database:
        assert database.execute("SELECT count(*) FROM failures").fetchone() == (0,)
