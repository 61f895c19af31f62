"""The runs: which command changed something when, and what it counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagger.store import checked
from tagger.store.rows import now, stored_text
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.store.database import Database

_LARGEST = 2**63 - 1  # that SQLite can hold
_NOT_COUNTS = ("new_failures", "seconds", "tracks_per_s", "interrupted", "run")
_ALWAYS = ("found", "files_written", "files_restored")
"""Told even where there was none."""

_RUNS = """
    SELECT id, command, started_at, finished_at, counts,
        (SELECT count(*) FROM tag_changes WHERE run_id = runs.id AND state IN ('written', 'left')) AS undoable
    FROM runs WHERE coalesce(:number, id) = id ORDER BY id DESC LIMIT :limit"""


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


def said(run: Run) -> str:
    """Say in words what a run did, by its counts.

    >>> said(Run(2, "scan", "", "", {"found": 20, "analysed": 1, "failed": 0, "seconds": 3.5}, 0))
    '20 found, 1 analysed'
    """
    counts = run.counts or {}
    parts = [
        counted(round(count), name.replace("_", " "))
        for name, count in counts.items()
        if name not in _NOT_COUNTS and (count or name in _ALWAYS)
    ]
    if "run" in counts:
        parts.insert(0, f"of run {counts['run']}")
    if run.finished_at is None:
        parts.append("cut off, or still running")
    elif counts.get("interrupted"):
        parts.append("cut off")
    if run.undoable:
        parts.append(f"{run.undoable:,} can be undone")
    return ", ".join(parts)


class Runs:
    """The table `runs` of an open store, as `Store.runs`; errors as of `Store`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.runs`."""
        self._database = database

    def begin(self, command: str) -> int:
        """Note that a run has begun and give its id, for `end`."""
        with self._database.transaction() as connection:
            sql = "INSERT INTO runs (command, started_at) VALUES (?, ?) RETURNING id"
            (run_id,) = connection.execute(sql, (stored_text(command), now())).fetchone()
        return int(run_id)

    def end(self, run_id: int, counts: Mapping[str, float]) -> None:
        """Note that a run has ended and what it counted."""
        with self._database.transaction() as connection:
            sql = "UPDATE runs SET finished_at = ?, counts = ? WHERE id = ?"
            connection.execute(sql, (now(), json.dumps(dict(counts)), run_id))

    def last_began(self, command: str) -> str | None:
        """Give when the last run of `command` began, None where there was none."""
        sql = "SELECT started_at FROM runs WHERE command = ? ORDER BY id DESC LIMIT 1"
        return checked.text(self._database.value(sql, (command,)))

    def latest(self, limit: int | None = None) -> Iterator[Run]:
        """Yield the runs of every command, the last one first."""
        return self._read(None, -1 if limit is None else min(limit, _LARGEST))

    def get(self, number: int) -> Run | None:
        """Give the run of that number, or None."""
        return next(self._read(min(number, _LARGEST), 1), None)

    def _read(self, number: int | None, limit: int) -> Iterator[Run]:
        for row in self._database.rows(_RUNS, {"number": number, "limit": limit}):
            run_id, command, started_at, finished_at, counts, undoable = row
            name, start, end = map(checked.text, (command, started_at, finished_at))
            yield Run(run_id, name or "", start or "", end, checked.counts(counts), undoable)
