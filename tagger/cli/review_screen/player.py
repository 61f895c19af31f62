"""Play a file in the player that the system has for it, and say so where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

LONGEST_WAIT_S = 5.0
"""For a program that hands the file on; one that plays it itself does not end so soon."""


def play(path: str) -> str | None:
    """Let the system play the file at `path`; give what is wrong in one line, or None.

    It goes on when the review ends.
    """
    if not os.path.exists(path):
        return "the file is not there any more; `tagger scan` finds it where it was moved"
    if sys.platform == "win32":
        return _started(path)
    command = ["open", path] if sys.platform == "darwin" else ["xdg-open", path]
    try:
        return _said(command)
    except FileNotFoundError:
        return f"there is no {command[0]} here to find a player; play the file yourself"
    except OSError as error:
        return f"{command[0]}: {error.strerror}"


def _started(path: str) -> str | None:
    try:
        os.startfile(path)  # type: ignore[attr-defined,unused-ignore]  # on Windows alone
    except OSError as error:
        return f"Windows has no player for it ({error.strerror})"
    return None


def _said(command: Sequence[str]) -> str | None:
    """Run the command apart from this terminal; what it says of a failure."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(LONGEST_WAIT_S)
    except subprocess.TimeoutExpired:
        return None
    return (
        f"{command[0]} found no player for it (exit code {code}); is there a desktop here?" if code else None
    )
