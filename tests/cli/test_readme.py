"""What the README tells to put into crontab and systemd works as written."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sounds import make_sound

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither cron nor systemd")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a program and music where the README expects them."""
    tagger = tmp_path / ".local/bin/tagger"
    tagger.parent.mkdir(parents=True)
    search = os.pathsep.join(filter(None, sys.path))
    tagger.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(search)} exec {shlex.quote(sys.executable)} -m tagger "$@"\n'
    )
    tagger.chmod(0o755)
    (tmp_path / "Music").mkdir()
    make_sound(tmp_path / "Music/a.flac", seconds=1.0)
    return tmp_path


def test_the_line_for_crontab_runs_in_the_little_that_cron_gives(home: Path) -> None:
    line = re.search(r"^30 3 \* \* \* (.*)$", README, re.MULTILINE)
    assert line and "%" not in line[1]  # which cron takes for the end of the line
    data = home / ".local/share/tagger"
    data.mkdir(parents=True)
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "ada"}
    done = subprocess.run(["/bin/sh", "-c", line[1]], env=environment, cwd=home, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert '"event": "finished"' in (data / "night.log").read_text()
    assert "tagger_tracks 1\n" in (data / "night.prom").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_units_for_systemd_are_valid(home: Path) -> None:
    service, timer = re.findall(r"```ini\n(.*?)```", README, re.DOTALL)
    (home / "tagger.service").write_text(service)
    (home / "tagger.timer").write_text(timer)
    environment = os.environ | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    command = ["systemd-analyze", "verify", "--user", home / "tagger.service", home / "tagger.timer"]
    checked = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
