"""Two scans of one database never overlap, and a dead one blocks nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

from tagger.errors import BusyError, StoreError
from tagger.store import scan_lock


def test_a_second_lock_is_refused_until_the_first_ends(db_path: str) -> None:
    refused = pytest.raises(BusyError, match="another tagger run is using this database")
    with scan_lock(db_path), refused, scan_lock(db_path):
        pass
    with scan_lock(db_path):
        pass


def test_two_names_of_one_database_share_a_lock(tmp_path: Path) -> None:
    Path(tmp_path / "real.db").touch()
    (tmp_path / "link.db").symlink_to("real.db")
    with scan_lock(str(tmp_path / "real.db")), pytest.raises(BusyError), scan_lock(str(tmp_path / "link.db")):
        pass


def test_the_lock_of_a_killed_process_is_free(db_path: str) -> None:
    script = f"""
from tagger.store import scan_lock
with scan_lock({db_path!r}):
    print("held", flush=True)
    input()
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(BusyError), scan_lock(db_path):
            pass
        holder.kill()
        holder.wait()
        with scan_lock(db_path):
            pass


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    with scan_lock(str(tmp_path / "new" / "tagger.db")):
        assert (tmp_path / "new").is_dir()


def test_a_lock_that_cannot_be_made_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pytest.raises(StoreError, match=r"tagger\.db\.lock: cannot be made")
    with refused, scan_lock(str(tmp_path / "file" / "tagger.db")):
        pass


def test_an_error_under_the_lock_passes_through(db_path: str) -> None:
    with pytest.raises(ValueError, match="mine"), scan_lock(db_path):
        raise ValueError("mine")
