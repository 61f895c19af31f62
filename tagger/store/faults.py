"""SQLite's errors in words that the owner of the music can act on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from tagger.errors import BusyError, StoreError
from tagger.store.backup import how_to_restore, is_damage

# https://www.sqlite.org/rescode.html
_ADVICE = {
    sqlite3.SQLITE_NOTADB: "it is not a database of tagger; name another file, or move this one away",
    sqlite3.SQLITE_CORRUPT: "it is damaged; move it away and scan again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check its rights, and those of its folder",
    sqlite3.SQLITE_READONLY: "it is read-only; check the rights of the file and its folder",
    sqlite3.SQLITE_PERM: "access is denied; check the rights of the file and its folder",
    sqlite3.SQLITE_FULL: "the disk is full; make room, then run the command again",
    sqlite3.SQLITE_IOERR: "the drive reports an error; check the drive and its free space",
}
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


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
        restore = how_to_restore(path) if is_damage(error) else None
        advice = f"it is damaged; {restore}" if restore else _ADVICE.get(code, str(error))
        raise StoreError(f"{path}: {advice}") from error


def is_unwritable(error: sqlite3.Error) -> bool:
    """Whether SQLite may not write a file, or the log beside it."""
    return _code(error) in _UNWRITABLE


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
