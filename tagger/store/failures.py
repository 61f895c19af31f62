"""What could not be read, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from tagger.store.paths import PathRange, path_from
from tagger.types import Failure


def stored_failures(connection: sqlite3.Connection) -> Iterator[Failure]:
    """Yield the failures in the order of paths."""
    sql = "SELECT path, stage, reason, size, mtime_ns FROM failures ORDER BY path"
    for path, *rest in connection.execute(sql):
        yield Failure(path_from(path), *rest)


def forget_of_scan(connection: sqlite3.Connection, ranges: Sequence[PathRange]) -> None:
    """Delete the failures of stage `scan` in `ranges`."""
    sql = "DELETE FROM failures WHERE path >= ? AND path < ? AND stage = 'scan'"
    connection.executemany(sql, ranges)
