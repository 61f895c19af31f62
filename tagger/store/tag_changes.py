"""What was written into the files' own tags: enough to take it back, and to know after a crash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from tagger.files import FileState
from tagger.store.faults import plain_errors
from tagger.store.paths import path_from, path_ranges, stored_path
from tagger.store.query import SqlValue
from tagger.store.tag_rows import (
    CHANGE_COLUMNS,
    Exchange,
    NewChange,
    Outcome,
    TagChange,
    exchange_values,
    new_change_values,
    tag_change,
)
from tagger.store.taggable import TaggableTrack, earlier_names, taggable_pages

PAGE = 500
"""Rows that are read at once."""

_INSERT = """
    INSERT INTO tag_changes (run_id, track_id, path, audio_id, previous, keep_mtime, in_place,
        before_size, before_mtime_ns, after_size, after_mtime_ns, state)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'prepared') RETURNING id"""
_UNDO = """
    UPDATE tag_changes SET state = 'undoing', undo_run_id = ?, path = ?,
        before_size = ?, before_mtime_ns = ?, after_size = ?, after_mtime_ns = ? WHERE id = ?"""
_SETTLE = "UPDATE tag_changes SET state = ?, previous = coalesce(?, previous) WHERE id = ?"

_SELECT = (
    f"SELECT {CHANGE_COLUMNS} FROM tag_changes c LEFT JOIN tracks t ON t.id = c.track_id WHERE c.id > :id"
)
_OF_RUN = f"{_SELECT} AND c.run_id = :run AND c.state IN ('written', 'left') ORDER BY c.id LIMIT :page"
# A run that was cut off has no end, and what it says it wrote may not have outlived a power cut.
_UNSETTLED = f"""
    {_SELECT} AND c.state IN ('prepared', 'undoing')
    UNION ALL
    {_SELECT} AND c.state = 'written' AND c.run_id IN
        (SELECT id FROM runs WHERE finished_at IS NULL AND command = 'write-tags')
    ORDER BY 1 LIMIT :page"""


class TagChanges:
    """The tag changes of an open store, as `Store.tag_changes` gives them; errors as of `Store`."""

    def __init__(
        self,
        path: str,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        """Use `Store.tag_changes`."""
        self._path, self._connection, self._transaction = path, connection, transaction

    def pages_to_tag(self, paths: Sequence[str], model: str) -> Iterator[list[TaggableTrack]]:
        """Yield the tracks that `model` has heard, at and beneath `paths` or all, in pages."""
        with plain_errors(self._path):
            yield from taggable_pages(self._connection, path_ranges(paths), model, PAGE)

    def earlier_names(self, track: TaggableTrack, paths: Sequence[str], model: str) -> list[str]:
        """Paths that `pages_to_tag` gave before this track and that may be the same file."""
        with plain_errors(self._path):
            return earlier_names(self._connection, track, path_ranges(paths), model)

    def names(self, audio_id: str, stamp: FileState) -> list[tuple[int, str]]:
        """Id and path of every track with this sound in a file with this stamp."""
        sql = "SELECT id, path FROM tracks WHERE audio_id = ? AND size = ? AND mtime_ns = ?"
        with plain_errors(self._path):
            rows = self._connection.execute(sql, (audio_id, stamp.size, stamp.mtime_ns)).fetchall()
        return [(track_id, path_from(path)) for track_id, path in rows]

    def enter_folders(self, run: int, folders: Iterable[str]) -> None:
        """Remember that `run` may leave temporary files in `folders`; on the disk when this returns."""
        rows = [(run, stored_path(folder)) for folder in folders]
        with self._durable() as connection:
            connection.executemany("INSERT OR IGNORE INTO tag_folders VALUES (?, ?)", rows)

    def folders(self, run: int | None = None) -> list[str]:
        """The folders that `run`, or any run, has entered and not left."""
        sql = "SELECT DISTINCT folder FROM tag_folders WHERE coalesce(?, run_id) = run_id"
        with plain_errors(self._path):
            return [path_from(folder) for (folder,) in self._connection.execute(sql, (run,))]

    def leave_folders(self, folders: Iterable[str]) -> None:
        """Forget folders in which nothing temporary is left."""
        with self._transaction() as connection:
            values = [(stored_path(folder),) for folder in folders]
            connection.executemany("DELETE FROM tag_folders WHERE folder = ?", values)

    def prepare(self, run: int, changes: Iterable[NewChange]) -> list[int]:
        """Store what is about to be written; on the disk when this returns. The answer is the ids."""
        with self._durable() as connection:
            rows = [new_change_values(run, change) for change in changes]
            return [connection.execute(_INSERT, row).fetchone()[0] for row in rows]

    def prepare_undo(self, run: int, undone: Iterable[tuple[TagChange, str, Exchange]]) -> None:
        """Store which changes `run` is about to take back in the file at a path; on the disk likewise."""
        with self._durable() as connection:
            rows = [(run, stored_path(path), *exchange_values(ex), one.id) for one, path, ex in undone]
            connection.executemany(_UNDO, rows)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Store how a batch of prepared changes went, in one transaction."""
        with self._transaction() as connection:
            for one in outcomes:
                if one.state is None:
                    connection.execute("DELETE FROM tag_changes WHERE id = ?", (one.change_id,))
                else:
                    previous = None if one.previous is None else json.dumps(one.previous)
                    connection.execute(_SETTLE, (one.state, previous, one.change_id))
                if one.stamp:
                    values = [(one.stamp.size, one.stamp.mtime_ns, track) for track in one.track_ids]
                    connection.executemany("UPDATE tracks SET size = ?, mtime_ns = ? WHERE id = ?", values)

    def are_settled(self) -> bool:
        """Whether no run has left anything open."""
        return not self.folders() and next(self.unsettled(), None) is None

    def unsettled(self) -> Iterator[list[TagChange]]:
        """Yield, in pages, the changes of which it is not certain whether they happened."""
        yield from self._pages(_UNSETTLED, {})

    def of_run(self, run: int) -> Iterator[list[TagChange]]:
        """Yield, in pages, what `run` has written and nobody has wholly taken back."""
        yield from self._pages(_OF_RUN, {"run": run})

    def last_undoable_run(self) -> int | None:
        """The last run with a file that nobody has tried to take back, or could not be; or None."""
        sql = "SELECT run_id FROM tag_changes WHERE state = 'written' ORDER BY run_id DESC LIMIT 1"
        with plain_errors(self._path):
            row = self._connection.execute(sql).fetchone()
        return row and int(row[0])

    def interrupted_runs(self) -> dict[int, tuple[int, int]]:
        """Runs of `write-tags` without an end: the files and bytes that each has written."""
        sql = """SELECT r.id, count(c.id), coalesce(sum(after_size), 0) FROM runs r
            LEFT JOIN tag_changes c ON c.run_id = r.id AND c.state = 'written'
            WHERE r.finished_at IS NULL AND r.command = 'write-tags' GROUP BY r.id"""
        with plain_errors(self._path):
            return {run: (files, n_bytes) for run, files, n_bytes in self._connection.execute(sql)}

    def _pages(self, sql: str, values: dict[str, SqlValue]) -> Iterator[list[TagChange]]:
        last_id = 0
        with plain_errors(self._path):
            while rows := self._connection.execute(sql, {**values, "id": last_id, "page": PAGE}).fetchall():
                yield [tag_change(row) for row in rows]
                last_id = rows[-1][0]

    @contextmanager
    def _durable(self) -> Iterator[sqlite3.Connection]:
        # Otherwise a commit reaches the disk only with the next checkpoint, and a power cut could
        # leave a file that is new beside a store that does not know what was in it.
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            with self._transaction() as connection:
                yield connection
        finally:
            self._connection.execute("PRAGMA synchronous = NORMAL")
