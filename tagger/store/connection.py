"""Opening the file: what SQLite must be told before the first question."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagger.errors import StoreError
from tagger.store.faults import is_unwritable, plain_errors
from tagger.store.names import add_functions
from tagger.store.schema import is_empty, migrate, require_current

_BUSY_TIMEOUT_S = 30.0


def open_database(path: str, create: bool) -> sqlite3.Connection:
    """An autocommitting connection to a database with current tables; `Store.open` says more."""
    if create:
        _make_folder(path)
    elif not os.path.exists(path):
        raise StoreError(f"no database at {path}; run `tagger scan FOLDER` first")
    with plain_errors(path):
        try:
            return _opened(path, "rwc" if create else "rw")
        except sqlite3.OperationalError as error:
            if create or not is_unwritable(error):
                raise
        return _opened_to_read(path)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Everything in the block is stored, or nothing of it."""
    try:
        # IMMEDIATE: a transaction that begins as a reader cannot wait to become a writer.
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk rolls back by itself
            connection.execute("ROLLBACK")
        raise


def _make_folder(path: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror}); name another --db") from error


def _opened(path: str, mode: str) -> sqlite3.Connection:
    connection = _connect(path, mode)
    try:
        if mode != "rwc" and is_empty(connection):
            raise StoreError(f"the database at {path} is empty; run `tagger scan FOLDER` first")
        if mode.startswith("ro"):
            require_current(connection, path)
            add_functions(connection)
            return connection
        migrate(connection, path)
        return _configured(connection)
    except BaseException:
        connection.close()
        raise


def _opened_to_read(path: str) -> sqlite3.Connection:
    """For a file or folder that may not be written; whatever writes raises SQLITE_READONLY."""
    try:
        return _opened(path, "ro")
    except sqlite3.OperationalError as error:
        if not is_unwritable(error):
            raise
    # The log and its index cannot even be made. Without a log there is no writer, and the file alone is
    # the whole database (https://www.sqlite.org/wal.html#read_only_databases).
    log = f"{path}-wal"
    if os.path.exists(log) and os.path.getsize(log):
        raise StoreError(
            f"{path}: its last changes lie in {log}, which cannot be read in a read-only folder; "
            "copy both files to where you may write"
        )
    return _opened(path, "ro&immutable=1")


def _connect(path: str, mode: str) -> sqlite3.Connection:
    # A URI keeps undecodable bytes of the name, and does not create what was deleted meanwhile.
    uri = f"{Path(os.path.abspath(path)).as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)


def _configured(connection: sqlite3.Connection) -> sqlite3.Connection:
    add_functions(connection)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, a power cut harms nothing older
    connection.execute("PRAGMA foreign_keys = ON")  # only now: migrations may rebuild tables
    return connection
