"""Disks that are full and folders that may not be written, met by the whole command."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tagger.store import Store
from tagger.tag_runs import Skip, WriteCounts
from tagger.tags import read
from tests.cli.conftest import Tagger, db, tagger, takes_ctrl_c
from tests.tag_runs.library import (
    MODEL,
    REPLACE,
    analysed_as,
    contents,
    make_files,
    store_analyses,
    write_tags,
)

__all__ = ["db", "tagger"]

NOBODY = 65_534


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
def test_an_interrupted_run_ends_cleanly_and_the_next_goes_on(
    tagger: Tagger, tmp_path: Path, db: Path
) -> None:
    music, n_files = tmp_path / "music", 1500
    (source,) = make_files(tmp_path / "source", ("ogg",))
    music.mkdir()
    paths = [music / f"{i:04}.ogg" for i in range(n_files)]
    for path in paths:
        shutil.copyfile(source, path)
    with Store.open(str(db), create=True) as store:
        store.record_batch([analysed_as(str(path), f"{i:032x}") for i, path in enumerate(paths)], [])
    n_written = 0
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [sys.executable, "-m", "tagger", "write-tags", "--yes", "--db", str(db)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=takes_ctrl_c
        )
        _wait_until_written(paths[n_written])
        process.send_signal(number)
        _, err = process.communicate(timeout=100)
        assert process.returncode == 130
        assert re.search(r"`tagger undo \d+` takes them back", err)
        assert "Traceback" not in err
        assert len(list(music.iterdir())) == n_files
        with Store.open(str(db), create=False) as store:
            assert store.tag_changes.nothing_is_open()
            run, *_ = store.runs.latest()
        assert 0 < run.undoable == run.counts["files_written"] < n_files - n_written
        n_written += run.undoable
    result = tagger("write-tags", "--yes", "--json").json
    assert (result["unchanged"], result["files_written"]) == (n_written, n_files - n_written)


def _wait_until_written(path: Path) -> None:
    for _ in range(10_000):
        if read(str(path)).genres:
            return
        time.sleep(0.01)
    pytest.fail("nothing was written in 100 s")
