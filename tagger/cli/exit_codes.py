"""What a command's end tells the shell, cron and systemd."""

from __future__ import annotations

from tagger.errors import BusyError

SOME_FAILED = 1
USAGE = 2
BUSY = 75
INTERRUPTED = 130


def exit_code(error: BaseException) -> int:
    """The exit code of a command that `error` has ended."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return BUSY if isinstance(error, BusyError) else USAGE
