"""A deleted working folder, a file system without locks: the command works, or says what is wrong."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Tagger
from tests.sounds import make_sound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its folders in use cannot be deleted")

GONE = "tagger: the current folder was deleted; change to another one\n"


@pytest.fixture
def deleted_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(tmp_path)  # to which the test ends
    os.chdir(here)
    here.rmdir()


@pytest.mark.slow
def test_from_a_deleted_folder_music_that_is_named_wholly_is_analysed(db: Path, tmp_path: Path) -> None:
    song = make_sound(tmp_path / "song.flac", seconds=3.0)
    here = tmp_path / "gone"
    here.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for command in (["scan", tmp_path, "--quiet"], ["show", song]):
        here.mkdir(exist_ok=True)
        ended = subprocess.run(
            ["sh", "-c", 'rmdir "$0" && exec "$@"', here, sys.executable, "-m", "tagger", *command],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.usefixtures("deleted_folder")
@pytest.mark.parametrize(
    "command",
    [("scan", "music"), ("show", "song.mp3"), ("write-tags", "--dry-run", ".")],
)
def test_from_a_deleted_folder_a_relative_name_is_not_called_mistyped(
    tagger: Tagger, command: tuple[str, ...], tmp_path: Path
) -> None:
    tagger("scan", tmp_path)
    ended = tagger(*command)
    assert (ended.code, ended.err) == (2, GONE)


def test_a_file_system_without_locks_is_named_as_such(
    tagger: Tagger, tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    ended = tagger("scan", tmp_path)
    line = f"tagger: {db}: its file system knows no locks; name a --db on a drive of this computer\n"
    assert (ended.code, ended.err) == (2, line)
