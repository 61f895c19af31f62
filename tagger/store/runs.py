"""The runs: which command ran when, and what it counted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tagger.store.paths import stored_text

_RUNS = """
    SELECT id, command, started_at, finished_at, counts,
        (SELECT count(*) FROM tag_changes WHERE run_id = runs.id AND state IN ('written', 'left'))
    FROM runs WHERE coalesce(?, id) = id ORDER BY id DESC LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Times are ISO 8601 in UTC; `finished_at` and `counts` are None where it was cut off.

    `undoable` is the number of files whose tags it wrote and that nobody has taken back.
    """

    id: int
    command: str
    started_at: str
    finished_at: str | None
    counts: Mapping[str, float] | None
    undoable: int


def stored_runs(connection: sqlite3.Connection, number: int | None, limit: int | None) -> Iterator[Run]:
    """Yield the runs, the last one first, or only the one of that number."""
    largest = 2**63 - 1  # that SQLite can hold
    values = None if number is None else min(number, largest), -1 if limit is None else min(limit, largest)
    for run_id, command, started_at, finished_at, counts, undoable in connection.execute(_RUNS, values):
        yield Run(run_id, command, started_at, finished_at, json.loads(counts) if counts else None, undoable)


def begin(connection: sqlite3.Connection, command: str, now: str) -> int:
    """Notes that a run has begun at `now` (ISO 8601 in UTC); its id."""
    sql = "INSERT INTO runs (command, started_at) VALUES (?, ?) RETURNING id"
    (run_id,) = connection.execute(sql, (stored_text(command), now)).fetchone()
    return int(run_id)


def end(connection: sqlite3.Connection, run_id: int, counts: Mapping[str, float], now: str) -> None:
    """Notes that a run has ended at `now` and what it counted."""
    sql = "UPDATE runs SET finished_at = ?, counts = ? WHERE id = ?"
    connection.execute(sql, (now, json.dumps(dict(counts)), run_id))
