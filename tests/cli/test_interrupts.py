"""Scans that are cut off, as their own processes."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Tagger, takes_ctrl_c
from tests.sounds import make_sound

N_FILES = 80
"""More than are stored at once."""


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for i in range(N_FILES):  # of different lengths, for one sound would be analysed once
        make_sound(folder / f"{i:03}.flac", seconds=11.0 + i / 20, rate_hz=22_050, channels=1)
    return folder


@pytest.fixture
def music(sounds: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sounds, tmp_path / "music"))


def start(music: Path, db: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tagger", "scan", str(music), "--db", str(db)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=takes_ctrl_c
    )


def wait_for_first_batch(db: Path) -> None:
    for _ in range(2000):
        time.sleep(0.05)
        if db.exists() and stored(db):
            return
    pytest.fail("nothing was stored in 100 s")


def stored(db: Path) -> int:
    try:
        return int(sqlite3.connect(db).execute("SELECT count(*) FROM predictions").fetchone()[0])
    except sqlite3.OperationalError:  # the tables are still being made
        return 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_scan_says_so_and_the_next_goes_on(
    tagger: Tagger, music: Path, db: Path, number: signal.Signals
) -> None:
    process = start(music, db)
    wait_for_first_batch(db)
    process.send_signal(number)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "the next scan goes on from here" in err
    assert "Traceback" not in err
    done = stored(db)
    assert 32 <= done < N_FILES
    result = tagger("scan", music, "--json").json
    assert (result["analysed"], result["unchanged"]) == (N_FILES - done, done)


@pytest.mark.slow
def test_kill_9_loses_at_most_the_batch_under_way(tagger: Tagger, music: Path, db: Path) -> None:
    process = start(music, db)
    wait_for_first_batch(db)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = stored(db)
    assert done % 4 == 0
    result = tagger("scan", music, "--json").json
    assert (result["analysed"], result["unchanged"]) == (N_FILES - done, done)
    assert sqlite3.connect(db).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(os.name != "posix", reason="there no file is removed that is open")
def test_a_scan_that_finds_nothing_removes_the_table_of_one_that_was_killed(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    table = tmp_path / "temporary" / "tagger-killed" / "known-sounds.npy"
    table.parent.mkdir(parents=True)
    table.touch()
    (tmp_path / "empty").mkdir()
    assert tagger("scan", tmp_path / "empty").code == 0
    assert os.listdir(tmp_path / "temporary") == []
