"""The runs: which command ran when, and what it counted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
    values = number, -1 if limit is None else limit
    for run_id, command, started_at, finished_at, counts, undoable in connection.execute(_RUNS, values):
        yield Run(run_id, command, started_at, finished_at, json.loads(counts) if counts else None, undoable)
