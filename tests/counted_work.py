"""The work of a run, counted: it shows how it grows, on however slow a computer."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tagger.store import Store

ROWS_A_STEP = 50
"""Instructions of SQLite's machine between two counts: some three rows that it looks at."""


@contextmanager
def counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the looks at files, the statements of SQL, and the steps of their work, inside the block."""
    work: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*values: Any, **named: Any) -> Any:
            work[name] += 1
            return function(*values, **named)

        return counted

    connection: sqlite3.Connection = store.database.connection
    connection.set_trace_callback(lambda sql: work.update(["statements"]))
    connection.set_progress_handler(lambda: work.update(["steps"]), ROWS_A_STEP)
    with monkeypatch.context() as patched:
        for name in ("stat", "lstat"):
            patched.setattr(os, name, counting("looks", getattr(os, name)))
        yield work
    connection.set_trace_callback(None)
    connection.set_progress_handler(None, 0)


def assert_not_squared(few: Counter[str], many: Counter[str]) -> None:
    """Twice the names are about twice the work of each kind; the square of them would be four times it."""
    for kind in ("looks", "statements", "steps"):
        assert many[kind] < 2.2 * few[kind], (kind, few, many)
