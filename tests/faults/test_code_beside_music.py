"""The current folder holds somebody's music, and files that are called as libraries are: none is run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sounds import make_sound

HIDDEN = ["loky", "signal", "uuid", "numpy", "av", "onnxruntime"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Music, and modules that leave a file beside it where they are imported."""
    folder = tmp_path / "music"
    folder.mkdir()
    make_sound(folder / "song.wav", seconds=0.5)
    for name in HIDDEN:
        (folder / f"{name}.py").write_text(f"open(r'{tmp_path}/{name}-was-run', 'w').close()")
    return folder


def run_in(folder: Path, *arguments: str) -> int:
    """Run tagger as its installed script, which has its own folder on the path and not the current one."""
    script = folder.parent / "bin" / "tagger-script.py"
    script.parent.mkdir()
    script.write_text("from tagger.__main__ import run\nrun()\n")
    path = os.pathsep.join(one for one in sys.path if one)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment | {"PYTHONPATH": path}, capture_output=True, timeout=100
    ).returncode


def test_a_scan_runs_nothing_that_lies_in_the_current_folder(folder: Path, tmp_path: Path) -> None:
    assert run_in(folder, "scan", ".", "--db", str(tmp_path / "tagger.db")) == 0
    assert [one.name for one in tmp_path.glob("*-was-run")] == []
