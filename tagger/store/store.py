"""The database of a library: one SQLite file, short transactions, readers beside a writer."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from tagger.store import backup, identity, presence
from tagger.store.connection import open_database
from tagger.store.faults import plain_errors
from tagger.store.identity import Adoption
from tagger.store.pairs import AnswerPair, answer_pairs
from tagger.store.paths import path_from, path_ranges, stored_path, stored_text
from tagger.store.query import tracks_query
from tagger.store.record import write_failures, write_heard
from tagger.store.rows import (
    TRACK_COLUMNS,
    Heard,
    StoredTrack,
    TrackRow,
    stored_track,
    track_row,
)
from tagger.store.runs import Run, stored_runs
from tagger.store.statistics import Statistics, statistics
from tagger.store.tag_changes import TagChanges
from tagger.types import Aspect, Failure, Fingerprint, Identified, Query

if TYPE_CHECKING:  # a scan that finds nothing new does without numpy
    import numpy as np
    from numpy.typing import NDArray
    from sqlite_utils import Database

_ALL = Query()


class Store:
    """An open database; a context manager. One thread, the one that opened it, may use it.

    Every method raises StoreError, in one line that names the file and what to do, where SQLite
    cannot do its work, and BusyError where another program holds the database for 30 s.
    """

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        """Use `Store.open`."""
        self.path = path
        self._connection = connection

    @cached_property
    def _database(self) -> Database:
        """The connection in the hands of sqlite-utils, whose import takes a tenth of a second."""
        from sqlite_utils import Database

        return Database(self._connection, recursive_triggers=False, execute_plugins=False)

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

    def back_up_if_due(self) -> str | None:
        """Copy the database to `<path>.bak` if that is older than a week; why it could not be, or None.

        Only for who holds the scan's lock. 80,000 tracks take about a second; before the first track
        there is nothing to copy. Raises StoreError where the database is damaged; the last copy stays.
        """
        sql = "SELECT EXISTS (SELECT 1 FROM tracks)"
        with plain_errors(self.path):
            if not backup.is_due(self.path) or not self._connection.execute(sql).fetchone()[0]:
                return None
            try:
                backup.back_up(self.path)
            except (sqlite3.Error, OSError) as error:
                if backup.is_damage(error):
                    raise
                return str(error)
        return None

    def tracked(self) -> set[Fingerprint]:
        """The fingerprints of all files that have been heard, in the state in which they were."""
        with plain_errors(self.path):
            return presence.tracked(self._connection)

    def unanswered(self, model: str) -> set[Fingerprint]:
        """Those of them without an answer of `model`."""
        with plain_errors(self.path):
            return presence.unanswered(self._connection, model)

    def failed(self, since: datetime) -> set[Fingerprint]:
        """The fingerprints of files that could not be heard when it was last tried, after `since`."""
        with plain_errors(self.path):
            return presence.failed(self._connection, _iso(since))

    def audio_ids(self, model: str) -> Iterator[str]:
        """Yield the `audio_id` of every sound that has an answer of `model`, some of them twice."""
        sql = "SELECT audio_id FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?"
        with plain_errors(self.path):
            for (audio_id,) in self._connection.execute(sql, (model,)):
                yield audio_id

    def adopt(
        self, known: Sequence[Identified], model: str, is_gone: Callable[[str, str], bool]
    ) -> list[Adoption | None]:
        """Give files the answers that `model` has for their sound; `identity.adopt` says how."""
        now = _now()
        with self._transaction() as connection:
            return [identity.adopt(connection, one, model, now, is_gone) for one in known]

    def whereabouts(self, paths: Sequence[str]) -> Iterator[tuple[int, str, Fingerprint, bool]]:
        """Yield (track id, path, fingerprint, whether missing) of the tracks at and beneath `paths`."""
        with plain_errors(self.path):
            yield from presence.whereabouts(self._connection, path_ranges(paths))

    def mark_missing(self, missing: Sequence[int], found: Sequence[int]) -> None:
        """Note that the tracks `missing` are gone from now on, and that those `found` are back."""
        with self._transaction() as connection:
            presence.mark(connection, missing, found, _now())

    def has_missing(self) -> bool:
        """Whether any track is marked missing."""
        with plain_errors(self.path):
            return presence.has_missing(self._connection)

    def forget_missing(self, before: datetime) -> int:
        """Delete the tracks that have been missing since before that time; their number."""
        with self._transaction() as connection:
            return presence.forget(connection, _iso(before))

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

    def tracks(self, query: Query = _ALL, *, model: str) -> Iterator[TrackRow]:
        """Yield the tracks that `query` asks for of those that `model` has heard, as they are read."""
        sql, values = tracks_query(query, model, TRACK_COLUMNS)
        with plain_errors(self.path):
            for row in self._connection.execute(sql, values):
                yield track_row(row)

    def tracks_of(self, ids: Sequence[int], model: str) -> list[TrackRow]:
        """The tracks with these ids, in their order, without those that `model` has not heard."""
        one = "FROM tracks t JOIN predictions p ON p.track_id = t.id WHERE t.id = ? AND p.model = ?"
        sql = f"SELECT {TRACK_COLUMNS} {one}"
        with plain_errors(self.path):
            found = (self._connection.execute(sql, (track_id, model)).fetchone() for track_id in ids)
            return [track_row(row) for row in found if row]

    def embeddings(
        self, query: Query, model: str, size: int, but: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """The ids (n,) of the tracks that `query` asks for, unordered, and their embeddings (n, size).

        Left out are tracks with an embedding of another size, and the sound whose `audio_id` is `but`.
        """
        from tagger.store.vectors import embeddings

        with plain_errors(self.path):
            return embeddings(self._connection, query, model, size, but)

    def answer_pairs(
        self, paths: Sequence[str], old: str, new: str, with_embeddings: bool
    ) -> Iterator[AnswerPair]:
        """Yield the tracks at and beneath `paths` (or all) that `old` has heard, with answers of `new`."""
        with plain_errors(self.path):
            yield from answer_pairs(self._connection, path_ranges(paths), old, new, with_embeddings)

    def statistics(self, query: Query, model: str) -> Statistics:
        """What `model` heard in the tracks that `query` asks for, counted; failures and runs of all."""
        with plain_errors(self.path):
            return statistics(self._connection, query, model)

    def has(self, aspect: Aspect, model: str) -> bool:
        """Whether `model` gives any track a genre, an energy or a tempo."""
        column = "bpm" if aspect == "tempo" else aspect
        sql = f"SELECT EXISTS (SELECT 1 FROM predictions WHERE model = ? AND {column} IS NOT NULL)"
        with plain_errors(self.path):
            return bool(self._connection.execute(sql, (model,)).fetchone()[0])

    def track(self, path: str, model: str) -> StoredTrack | None:
        """Everything known of one file by `model`, or None."""
        key = {"path": stored_path(os.path.abspath(path)), "model": model}
        of_track = "WHERE track_id = (SELECT id FROM tracks WHERE path = :path) AND model = :model"
        with plain_errors(self.path):
            rows = self._database.query(
                "SELECT * FROM tracks JOIN predictions ON predictions.track_id = id "
                "LEFT JOIN embeddings USING (track_id, model) WHERE path = :path AND model = :model",
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
        sql = """SELECT genre, count(*) FROM predictions WHERE model = ? AND genre IS NOT NULL
            GROUP BY genre ORDER BY 2 DESC, 1"""
        with plain_errors(self.path):
            return self._connection.execute(sql, (model,)).fetchall()

    def count(self, model: str) -> int:
        """How many tracks `model` has heard."""
        sql = "SELECT count(*) FROM predictions WHERE model = ?"
        with plain_errors(self.path):
            return int(self._connection.execute(sql, (model,)).fetchone()[0])

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
    return _iso(datetime.now(UTC))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
