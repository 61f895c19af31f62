import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

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


def on_a_terminal(*args: object, typed: str = "", after: str = "") -> tuple[int, str]:
    """Run the command with a terminal for stdin, stdout and stderr: give its code and what was shown.

    It runs in a copy of this process, for which nothing is imported anew. `typed` is typed when the
    terminal shows `after`.
    """
    import pty

    child, terminal = pty.fork()
    if child == 0:
        _run_and_exit(*map(str, args))
    shown = b""
    with suppress(OSError):  # as Linux says that nobody writes any more
        while data := os.read(terminal, 1 << 16):
            shown += data
            if typed and after.encode() in shown:
                os.write(terminal, typed.encode())
                typed = ""
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode(errors="surrogateescape")


def _run_and_exit(*args: str) -> NoReturn:
    """In the child of a fork: nothing of pytest may run here."""
    code = 3
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which tests in the background ignore
        os.environ |= {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "300"}
        sys.argv = ["tagger", *args]
        sys.stdin, sys.stdout, sys.stderr = map(os.fdopen, (0, 1, 2), "rww")
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def takes_ctrl_c() -> None:
    """In the child of a fork: a shell that starts tests in the background makes them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
