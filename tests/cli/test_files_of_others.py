"""A user whose files belong to somebody else, and who may write them: no copy can be given away."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tag_runs.library import contents, make_files, stale_stamps, store_analyses

# Root without the rights to give files away, to set the dates of others and to pass over permissions.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-chown,-fowner,-dac_override,-dac_read_search,-setgid,-setuid")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="only root can give files to others",
)


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "tagger", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True)


def test_they_are_written_in_place_and_taken_back_so(tmp_path: Path, db: Path) -> None:
    music = tmp_path / "music"
    store_analyses(db, make_files(music))
    for path in music.iterdir():
        os.chown(path, 1000, os.getgid())
        path.chmod(0o664)
    before, identities = contents(music), {path: os.stat(path) for path in music.iterdir()}
    written = run("write-tags", "--yes")
    assert (written.returncode, "files written                5" in written.stdout) == (0, True), written
    with sqlite3.connect(db) as database:
        assert database.execute("SELECT DISTINCT in_place FROM tag_changes").fetchall() == [(1,)]
    assert stale_stamps(db) == []
    undone = run("undo", "--yes")
    assert (undone.returncode, undone.stdout) == (0, "run 1: 5 files restored, 0 skipped\n"), undone
    assert contents(music) == before
    assert stale_stamps(db) == []
    for path, old in identities.items():
        new = os.stat(path)
        assert (new.st_ino, new.st_uid, new.st_mode) == (old.st_ino, 1000, old.st_mode)
