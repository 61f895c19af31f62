"""How a command ends: exit codes for the shell, cron and systemd; Ctrl-C and SIGTERM answered alike."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from tagger.errors import BusyError

SOME_FAILED = 1
USAGE = 2
BUSY = 75
INTERRUPTED = 130

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""A shutdown and `systemctl stop` send SIGTERM."""


def exit_code(error: BaseException) -> int:
    """Give the exit code of a command that `error` has ended."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return BUSY if isinstance(error, BusyError) else USAGE


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether a signal has come; only a second one raises KeyboardInterrupt."""
    received: list[int] = []

    def stop(number: int, frame: object) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt

    before = [signal.signal(number, stop) for number in SIGNALS]
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
