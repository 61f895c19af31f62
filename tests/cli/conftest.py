import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tagger import cli


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tagger = Callable[..., Result]


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "db" / "tagger.db"
    monkeypatch.setenv("TAGGER_DB", str(path))
    return path


@pytest.fixture
def tagger(db: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Tagger:
    """Runs a command as `main` does, in this process, on a database of its own."""

    def run(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["tagger", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Result(int(end.value.code or 0), captured.out, captured.err)

    return run


def answered(answer: str, *args: object) -> tuple[int, str, str]:
    """Run the command as on a terminal: give its code, what it printed and what the terminal showed."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tagger", *map(str, args)]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=60)
    told = os.read(ours, 65_536).decode()
    os.close(theirs)
    os.close(ours)
    return process.returncode, out.decode(), told
