"""An open SQLite file: its connection, its errors in one line, its transactions and its lock."""

from __future__ import annotations

import errno
import os
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from tagger.errors import BusyError, StoreError
from tagger.genre_names import GenreNames
from tagger.store.backup import advice_on_damage
from tagger.store.functions import add_functions
from tagger.store.place import Place
from tagger.store.rows import SqlValue
from tagger.store.schema import APPLICATION_ID, VERSION, migrate, migrate_refusal, require_current

if TYPE_CHECKING:
    import sqlite_utils


SqlValues = Sequence[SqlValue] | Mapping[str, SqlValue]

BUSY_TIMEOUT_S = 30.0
"""How long a statement waits for another program that writes."""

# https://www.sqlite.org/rescode.html
_ADVICE = {
    sqlite3.SQLITE_NOTADB: "it is not a database of tagger; name another file, or move this one away",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check its rights, and those of its folder",
    sqlite3.SQLITE_READONLY: "it is read-only; check the rights of the file and its folder",
    sqlite3.SQLITE_PERM: "access is denied; check the rights of the file and its folder",
    sqlite3.SQLITE_FULL: "the disk is full; make room, then run the command again",
    sqlite3.SQLITE_IOERR: "the drive reports an error; check the drive and its free space",
}
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL)
_NO_SHARED_MEMORY = (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP)
"""Of a full disk: the index of the log, beside the database, cannot be made."""


class Database:
    """An open SQLite file, whose every question and transaction turns errors into one line.

    Each method raises StoreError, which names the file and what to do, where SQLite cannot do its work,
    and BusyError where another program holds the database for longer than the timeout.
    """

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        """Use `open_database`."""
        self.path = path
        self.connection = connection
        self._place = Place(path)

    @cached_property
    def tables(self) -> sqlite_utils.Database:
        """The same connection with the tables of sqlite-utils, for rows by name.

        Its import takes a tenth of a second, so a scan that finds nothing new and a listing, which have a
        second at most, ask by SQL.
        """
        from sqlite_utils import Database as Tables

        return Tables(self.connection, recursive_triggers=False, execute_plugins=False)

    def rows(self, sql: str, values: SqlValues = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a question while SQLite finds them."""
        with plain_errors(self.path):
            n_read = 0
            try:
                for row in self.connection.execute(sql, values):
                    n_read += 1
                    yield row
                return
            except sqlite3.OperationalError as error:
                self._read_any_text(error)
            yield from islice(self.connection.execute(sql, values), n_read, None)

    def all(self, sql: str, values: SqlValues = ()) -> list[tuple[Any, ...]]:
        """Give all rows of a question, so that the caller may write while it goes through them."""
        with plain_errors(self.path):
            try:
                return self.connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                self._read_any_text(error)
            return self.connection.execute(sql, values).fetchall()

    def hashes(self, sql: str, values: SqlValues = ()) -> set[int]:
        """Give the hash of each row, of a hundred thousand in the time of half as many looks at one."""
        with plain_errors(self.path):
            try:
                return set(map(hash, self.connection.execute(sql, values)))
            except sqlite3.OperationalError as error:
                self._read_any_text(error)
            return set(map(hash, self.connection.execute(sql, values)))

    def value(self, sql: str, values: SqlValues = ()) -> Any:
        """Give the first column of the first row; None where there is no row."""
        row = next(iter(self.all(sql, values)), None)
        return None if row is None else row[0]

    def named_rows(self, sql: str, values: dict[str, SqlValue]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a question as dictionaries."""
        with plain_errors(self.path):
            try:
                found = [*self.tables.query(sql, values)]
            except sqlite3.OperationalError as error:
                self._read_any_text(error)
                found = [*self.tables.query(sql, values)]
        yield from found

    def _read_any_text(self, error: sqlite3.OperationalError) -> None:
        """From now on, read text that is not UTF-8, too; raise `error` if it says something else.

        Only then, because a function of ours costs time for each text of a million rows.
        """
        if "Could not decode to UTF-8" not in str(error):
            raise error
        self.connection.text_factory = lambda raw: raw.decode("utf-8", "replace")

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Store everything in the block, or nothing of it; `durable`: on the disk when the block ends.

        Otherwise a commit reaches the disk only with the next checkpoint: a power cut loses the last
        ones, whole. Raises LostDatabase where the file has been taken away since it was opened.
        """
        with plain_errors(self.path):
            if durable:
                self.connection.execute("PRAGMA synchronous = FULL")
            try:
                # IMMEDIATE: a transaction that begins as a reader cannot wait to become a writer.
                self.connection.execute("BEGIN IMMEDIATE")
                yield self.connection
                self.connection.execute("COMMIT")
                self._place.check()
            except BaseException:
                if self.connection.in_transaction:  # a full disk rolls back by itself
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                if durable:
                    self.connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Close the file; nothing can be asked afterwards."""
        with plain_errors(self.path):
            self.connection.close()


def open_database(path: str, create: bool, names: GenreNames) -> Database:
    """Open a database with current tables; `Store.open` says more."""
    _refuse_folder(path)
    if create:
        _make_folder(path)
    elif not os.path.exists(path):
        raise StoreError(f"no database at {path}; run `tagger scan FOLDER` first")
    with plain_errors(path):
        try:
            return Database(path, _opened(path, "rwc" if create else "rw", names))
        except sqlite3.OperationalError as error:
            if create or not _is_unwritable(error):
                raise
        return Database(path, _opened_to_read(path, names))


@contextmanager
def scan_lock(db_path: str) -> Iterator[None]:
    """Hold `<db_path>.lock` while the block runs; the operating system frees it if the program dies.

    Creates the folder if it is missing, and does not wait. Raises BusyError where another process holds
    it, StoreError where the lock file cannot be made. Two names of one database share one lock.
    """
    _refuse_folder(db_path)
    path = os.path.realpath(db_path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise StoreError(f"{db_path}: not a file; name another --db")
    _refuse_foreign(path)
    lock = FileLock(f"{path}.lock")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a system without flock gets a lock of another kind, and says so
            lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(f"{db_path}: another tagger run is using this database; try again later") from error
    except (OSError, NotImplementedError) as error:
        raise StoreError(_why_not_locked(path, error)) from error
    try:
        yield
    finally:
        lock.release()


def _why_not_locked(path: str, error: OSError | NotImplementedError) -> str:
    if isinstance(error, NotImplementedError) or error.errno in _NO_LOCKS:
        return f"{path}: its file system knows no locks; name a --db on a drive of this computer"
    reason = error.strerror or str(error)
    return f"{path}.lock: cannot be made ({reason}); check the folder and its rights"


@contextmanager
def plain_errors(path: str) -> Iterator[None]:
    """Turn every sqlite3 error inside into one line that names the database `path`.

    Raises BusyError where another program holds the database for longer than the timeout, else
    StoreError.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code in _BUSY:
            raise BusyError(f"{path}: another program is writing to it; try again later") from error
        advice = advice_on_damage(error, path) or _ADVICE.get(code, str(error))
        raise StoreError(f"{path}: {advice}") from error


def _refuse_folder(path: str) -> None:
    if os.path.isdir(path):
        example = os.path.join(path, "tagger.db")
        raise StoreError(f"{path}: a folder; name the file in it, such as {example}")


def _refuse_foreign(path: str) -> None:
    """Raise StoreError for the database of another program, beside which no lock of ours has a place."""
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    try:
        with closing(connected(path, "ro")) as connection:
            if not _is_current(connection):
                migrate_refusal(connection, path)
    except sqlite3.Error:
        return  # opening it for the run says what is wrong, and how to restore it


def _make_folder(path: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror}); name another --db") from error


def _opened(path: str, mode: str, names: GenreNames) -> sqlite3.Connection:
    connection = connected(path, mode)
    try:
        if mode != "rwc" and _is_empty(connection):
            raise StoreError(f"the database at {path} is empty; run `tagger scan FOLDER` first")
        add_functions(connection, names)
        if mode.startswith("ro"):
            require_current(connection, path)
            return connection
        if not _is_current(connection):
            migrate(connection, path)
        return configured(connection)
    except BaseException:
        connection.close()
        raise


def _opened_to_read(path: str, names: GenreNames) -> sqlite3.Connection:
    """For a file or folder that may not be written; whatever writes raises SQLITE_READONLY."""
    try:
        return _opened(path, "ro", names)
    except sqlite3.OperationalError as error:
        if not _is_unwritable(error):
            raise
    # The log and its index cannot even be made. Without a log there is no writer, and the file alone is
    # the whole database (https://www.sqlite.org/wal.html#read_only_databases).
    log = f"{path}-wal"
    if os.path.exists(log) and os.path.getsize(log):
        raise StoreError(
            f"{path}: its last changes lie in {log}, which cannot be read in a read-only folder or on a "
            "full disk; make room, or copy both files to where you may write"
        )
    return _opened(path, "ro&immutable=1", names)


def connected(path: str, mode: str) -> sqlite3.Connection:
    """Open the file at `path`, as it is; `mode` is ro, rw or rwc. Raises sqlite3.Error."""
    # A URI keeps undecodable bytes of the name, and does not create a file that was deleted meanwhile.
    uri = f"{Path(os.path.abspath(path)).as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def configured(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Set up a connection that may write: a log, syncs at checkpoints, foreign keys."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, a power cut harms nothing older
    connection.execute("PRAGMA foreign_keys = ON")  # only now: migrations may rebuild tables
    return connection


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever written: a file of zero bytes is an empty database too."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)


def _is_current(connection: sqlite3.Connection) -> bool:
    """Whether the tables are as this program makes them, as nearly always."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    return bool((application_id, version) == (APPLICATION_ID, VERSION))


def _is_unwritable(error: sqlite3.Error) -> bool:
    """Whether SQLite may not write a file, or the log beside it."""
    return _code(error) in _UNWRITABLE or getattr(error, "sqlite_errorcode", 0) in _NO_SHARED_MEMORY


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
