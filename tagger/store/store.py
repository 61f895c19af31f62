"""The database of a library: one SQLite file, short transactions, readers beside a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from tagger.files import Fingerprint
from tagger.query import Query
from tagger.store import answers, backup, failures, identity, presence, runs
from tagger.store.connection import open_database, transaction
from tagger.store.faults import plain_errors
from tagger.store.identity import Adoption
from tagger.store.pairs import AnswerPair, answer_pairs
from tagger.store.paths import path_ranges
from tagger.store.record import write_failures, write_heard
from tagger.store.rows import Heard
from tagger.store.runs import Run
from tagger.store.statistics import Statistics, statistics
from tagger.store.tag_changes import TagChanges
from tagger.types import Analysis, Aspect, Failure, Identified, Track

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
        raises StoreError, and one that may not be written can still be read. Reads work while another
        process writes.
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
        with plain_errors(self.path):
            return backup.back_up_if_due(self._connection, self.path)

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
        with plain_errors(self.path):
            yield from answers.audio_ids(self._connection, model)

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

    def has_tracks(self, path: str) -> bool:
        """Whether there is any track at or beneath `path`."""
        with plain_errors(self.path):
            return presence.has_tracks(self._connection, path_ranges([path]))

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
            failures.forget_of_scan(connection, path_ranges(paths))

    def tracks(self, query: Query = _ALL, *, model: str) -> Iterator[Track]:
        """Yield the tracks that `query` asks for of those that `model` has heard, as they are read."""
        with plain_errors(self.path):
            yield from answers.tracks(self._connection, query, model)

    def tracks_of(self, ids: Sequence[int], model: str) -> list[Track]:
        """The tracks with these ids, in their order, without those that `model` has not heard."""
        with plain_errors(self.path):
            return answers.tracks_of(self._connection, ids, model)

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
        with plain_errors(self.path):
            return answers.has(self._connection, aspect, model)

    def track(self, path: str, model: str) -> Analysis | None:
        """Everything known of one file by `model`, or None."""
        with plain_errors(self.path):
            return answers.track(self._database, path, model)

    def failures(self) -> Iterator[Failure]:
        """Yield what could not be read and why, in the order of paths."""
        with plain_errors(self.path):
            yield from failures.stored_failures(self._connection)

    def genre_counts(self, model: str) -> list[tuple[str, int]]:
        """How many tracks `model` hears as each genre, most first."""
        with plain_errors(self.path):
            return answers.genre_counts(self._connection, model)

    def count(self, model: str) -> int:
        """How many tracks `model` has heard."""
        with plain_errors(self.path):
            return answers.count(self._connection, model)

    def models(self) -> list[str]:
        """The ids of the models that have answers, the most recently used first."""
        with plain_errors(self.path):
            return answers.models(self._connection)

    def counts(self) -> dict[str, int]:
        """How many tracks each model has heard that are not missing."""
        with plain_errors(self.path):
            return answers.counts(self._connection)

    def note_use(self, model: str) -> None:
        """A scan has come to its end with `model`, whether or not there was anything to hear."""
        with self._transaction() as connection:
            answers.note_use(connection, model, _now())

    @property
    def tag_changes(self) -> TagChanges:
        """What was written into the files' own tags."""
        return TagChanges(self.path, self._connection, self._transaction)

    def runs(self, number: int | None = None, limit: int | None = None) -> Iterator[Run]:
        """Yield the runs of every command, the last one first, or only the one of that number."""
        with plain_errors(self.path):
            yield from runs.stored_runs(self._connection, number, limit)

    def begin_run(self, command: str) -> int:
        """Note that a run has begun; the answer is its id, for `end_run`."""
        with self._transaction() as connection:
            return runs.begin(connection, command, _now())

    def end_run(self, run_id: int, counts: Mapping[str, float]) -> None:
        """Note that a run has ended and what it counted."""
        with self._transaction() as connection:
            runs.end(connection, run_id, counts, _now())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with plain_errors(self.path), transaction(self._connection) as connection:
            yield connection


def _now() -> str:
    return _iso(datetime.now(UTC))


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
