"""A database in a place where nothing may be written."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Tagger
from tests.cli.test_playlist import TRACKS, fill

READING = (
    ("list", "--json"),
    ("stats", "--json"),
    ("playlist", "--format", "paths"),
    ("show", TRACKS[0].file.path, "--json"),
    ("failures", "--json"),
    ("runs", "--json"),
    ("write-tags", "--dry-run", "--json"),
)

UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""In front of a command of root, whom the rights of files do not bind otherwise."""

pytestmark = pytest.mark.skipif(
    bool(UNPRIVILEGED) and not shutil.which("setpriv"), reason="root may write everywhere"
)


@pytest.fixture
def locked(db: Path) -> Iterator[Path]:
    """A database of TRACKS whose folder and files are read-only."""
    fill(db, TRACKS)
    lock(db)
    yield db
    db.parent.chmod(0o755)


def lock(db: Path) -> None:
    for path in db.parent.iterdir():
        path.chmod(0o444)
    db.parent.chmod(0o555)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    command = [*UNPRIVILEGED, sys.executable, "-m", "tagger", *args]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("args", READING, ids=lambda args: args[0])
def test_what_only_reads_answers_as_ever(tagger: Tagger, locked: Path, args: tuple[str, ...]) -> None:
    result = run(*args)
    before = sorted(locked.parent.iterdir())
    locked.parent.chmod(0o755)
    expected = tagger(*args)
    assert (result.stderr, result.returncode, result.stdout) == (expected.err, expected.code, expected.out)
    assert before == [locked]


@pytest.mark.parametrize(
    "args", [("scan", "."), ("write-tags", "--yes"), ("undo", "--yes")], ids=lambda args: args[0]
)
def test_what_must_write_says_that_it_may_not(locked: Path, args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.returncode == 2
    assert result.stderr == (
        f"tagger: {locked}.lock: cannot be made (Permission denied); check the folder and its rights\n"
    )


def test_a_restored_backup_is_read_too(tagger: Tagger, locked: Path) -> None:
    locked.parent.chmod(0o755)
    locked.chmod(0o644)
    with sqlite3.connect(locked) as database:
        database.execute("PRAGMA journal_mode = delete")
    lock(locked)
    assert run("list", "--json").stdout.count("path") == len(TRACKS)


def test_changes_that_cannot_be_read_are_not_passed_over(db: Path) -> None:
    fill(db, TRACKS)
    with sqlite3.connect(db) as writer:  # killed before its log went into the database
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE predictions SET energy = 0")
        writer.commit()
        copy = db.parent.parent / "copy" / db.name
        copy.parent.mkdir()
        for ending in ("", "-wal"):
            shutil.copy(f"{db}{ending}", f"{copy}{ending}")
    writer.close()
    lock(copy)
    result = run("list", "--db", str(copy))
    copy.parent.chmod(0o755)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"tagger: {copy}: its last changes lie in {copy}-wal")


def test_the_database_of_a_trial_version_is_refused_where_it_cannot_be_written_too(locked: Path) -> None:
    locked.parent.chmod(0o755)
    locked.chmod(0o644)
    with sqlite3.connect(locked) as database:
        database.execute("PRAGMA user_version = 4")
    database.close()
    lock(locked)
    result = run("list")
    assert (result.returncode, result.stdout) == (2, "")
    assert "a trial version of tagger wrote it" in result.stderr
