"""The database of a library: one SQLite file, short transactions, readers beside a writer."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType

from sqlite_utils import Database

from tagger.errors import StoreError
from tagger.store.connection import open_database
from tagger.store.faults import plain_errors
from tagger.store.paths import path_from, path_ranges, stored_path, stored_text
from tagger.store.query import TrackOrder, tracks_query
from tagger.store.record import write_failures, write_heard
from tagger.store.rows import (
    FileState,
    Heard,
    StoredTrack,
    TrackRow,
    sql_integer,
    stored_track,
    track_row,
)
from tagger.store.runs import Run, stored_runs
from tagger.store.tag_changes import TagChanges
from tagger.types import AudioFile, Failure

_MAX_SQL_VALUES = 32_766  # https://www.sqlite.org/limits.html#max_variable_number
_STATES_CHUNK = 500


class Store:
    """An open database; a context manager. One thread, the one that opened it, may use it.

    Every method raises StoreError, in one line that names the file and what to do, where SQLite
    cannot do its work, and BusyError where another program holds the database for 30 s.
    """

    def __init__(self, path: str, database: Database) -> None:
        """Use `Store.open`."""
        self.path = path
        self._database = database
        self._connection: sqlite3.Connection = database.conn

    @classmethod
    def open(cls, path: str, create: bool) -> Store:
        """Open the database at `path` and bring its tables up to date.

        With `create`, a missing file and its folder are made; without, a missing or empty file
        raises StoreError. Reads work while another process writes.
        """
        return cls(path, open_database(path, create))

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        with plain_errors(self.path):
            self._connection.close()

    def states(self, files: Sequence[AudioFile], model: str) -> dict[str, FileState]:
        """Which of `files` need not be heard, by path; all others must be.

        `failed`: of this size and mtime_ns it could not be heard the last time. `unchanged`: it has
        this size and mtime_ns and an answer of `model`.
        """
        states: dict[str, FileState] = {}
        with plain_errors(self.path):
            for start in range(0, len(files), _STATES_CHUNK):
                states |= self._states(files[start : start + _STATES_CHUNK], model)
        return states

    def _states(self, files: Sequence[AudioFile], model: str) -> dict[str, FileState]:
        wanted = {stored_path(file.path): file for file in files}
        marks = ", ".join("?" * len(wanted))
        answered = self._connection.execute(
            "SELECT path, size, mtime_ns, 'unchanged' FROM tracks CROSS JOIN predictions ON track_id = id"
            f" WHERE path IN ({marks}) AND model = ?",
            (*wanted, model),
        ).fetchall()
        failed = self._connection.execute(
            f"SELECT path, size, mtime_ns, 'failed' FROM failures WHERE path IN ({marks})", tuple(wanted)
        ).fetchall()
        states: dict[str, FileState] = {}
        for path, size, mtime_ns, state in answered + failed:  # a failure is younger than an answer
            file = wanted[path]
            if file.size == size and sql_integer(file.mtime_ns) == mtime_ns:
                states[file.path] = state
        return states

    def record_batch(self, heard: Sequence[Heard], failures: Sequence[Failure]) -> None:
        """Store a batch of answers and failures in one transaction, each path at most once.

        An answer replaces the model's earlier one and ends the path's failure; when the sound
        (`audio_id`) has changed, other models' answers go too. A failure leaves an earlier answer,
        with the size and mtime_ns it was given for.
        """
        now = _now()
        with self._transaction() as connection:
            write_heard(connection, heard, now)
            write_failures(connection, failures, now)

    def forget_scan_failures(self, paths: Sequence[str]) -> None:
        """Delete the failures of stage `scan` at and beneath `paths`: a new walk will find them again."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM failures WHERE path >= ? AND path < ? AND stage = 'scan'", path_ranges(paths)
            )

    def tracks(
        self,
        paths: Sequence[str] = (),
        *,
        model: str,
        genre: str | None = None,
        energy: tuple[float, float] | None = None,
        limit: int | None = None,
        order_by: TrackOrder = "path",
    ) -> Iterator[TrackRow]:
        """Yield the tracks that `model` has heard, at and beneath `paths` or all, as they are read.

        `genre` matches exactly; `energy` is half-open, [low, high). Order by path is that of the
        bytes, with names that are not UTF-8 last; by energy (`-energy`: downwards), ties stand in
        the order in which they were first heard.
        """
        ranges = path_ranges(paths)
        if 2 * len(ranges) > _MAX_SQL_VALUES - 5:
            raise StoreError(f"{len(paths)} paths are too many for one question; name their folder instead")
        sql, values = tracks_query(ranges, genre, energy, model, limit, order_by)
        with plain_errors(self.path):
            for row in self._connection.execute(sql, values):
                yield track_row(row)

    def track(self, path: str, model: str) -> StoredTrack | None:
        """Everything known of one file by `model`, or None."""
        key = {"path": stored_path(os.path.abspath(path)), "model": model}
        of_track = "WHERE track_id = (SELECT id FROM tracks WHERE path = :path) AND model = :model"
        with plain_errors(self.path):
            rows = self._database.query(
                "SELECT * FROM tracks JOIN predictions ON predictions.track_id = id "
                "JOIN embeddings USING (track_id, model) WHERE path = :path AND model = :model",
                key,
            )
            if (row := next(iter(rows), None)) is None:
                return None
            genres = self._connection.execute(
                f"SELECT genre, probability FROM genre_scores {of_track} ORDER BY probability DESC, genre",
                key,
            )
            windows = self._connection.execute(
                "SELECT start_s, genre, genre_confidence, energy FROM window_answers "
                f"{of_track} ORDER BY start_s",
                key,
            )
            return stored_track(row, genres, windows)

    def failures(self) -> Iterator[Failure]:
        """Yield what could not be read and why, in the order of paths."""
        sql = "SELECT path, stage, reason, size, mtime_ns FROM failures ORDER BY path"
        with plain_errors(self.path):
            for path, *rest in self._connection.execute(sql):
                yield Failure(path_from(path), *rest)

    def genre_counts(self, model: str) -> list[tuple[str, int]]:
        """How many tracks `model` hears as each genre, most first."""
        sql = "SELECT genre, count(*) FROM predictions WHERE model = ? GROUP BY genre ORDER BY 2 DESC, 1"
        with plain_errors(self.path):
            return self._connection.execute(sql, (model,)).fetchall()

    def models(self) -> list[str]:
        """The ids of the models that have answers, the most recently used first."""
        has_answers = "EXISTS (SELECT 1 FROM predictions p WHERE p.model = models.model)"
        sql = f"SELECT model FROM models WHERE {has_answers} ORDER BY last_used_at DESC, model"
        with plain_errors(self.path):
            return [model for (model,) in self._connection.execute(sql)]

    def latest_model(self) -> str | None:
        """The id of the model whose answers were stored last, or None."""
        return next(iter(self.models()), None)

    @property
    def tag_changes(self) -> TagChanges:
        """What was written into the files' own tags."""
        return TagChanges(self.path, self._connection, self._transaction)

    def runs(self, number: int | None = None, limit: int | None = None) -> Iterator[Run]:
        """Yield the runs of every command, the last one first, or only the one of that number."""
        with plain_errors(self.path):
            yield from stored_runs(self._connection, number, limit)

    def begin_run(self, command: str) -> int:
        """Note that a run has begun; the answer is its id, for `end_run`."""
        with self._transaction() as connection:
            sql = "INSERT INTO runs (command, started_at) VALUES (?, ?) RETURNING id"
            (run_id,) = connection.execute(sql, (stored_text(command), _now())).fetchone()
            return int(run_id)

    def end_run(self, run_id: int, counts: Mapping[str, float]) -> None:
        """Note that a run has ended and what it counted."""
        with self._transaction() as connection:
            sql = "UPDATE runs SET finished_at = ?, counts = ? WHERE id = ?"
            connection.execute(sql, (_now(), json.dumps(dict(counts)), run_id))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # IMMEDIATE: a transaction that begins as a reader cannot wait to become a writer.
        with plain_errors(self.path):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk rolls back by itself
                    self._connection.execute("ROLLBACK")
                raise


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
