"""A copy of the database beside it, for the day on which a drive or a crash damages it."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import time
from pathlib import Path

from tagger.descriptors import give_owner_and_mode, open_no_link

EVERY_S = 7 * 86_400
"""A copy takes a second for some 80,000 tracks, so not every night."""

_UNFINISHED = ".tmp"
"""Behind the name of a copy that is being made: always the same, so that the next one removes a remnant."""


def backup_path(path: str) -> str:
    """Give the place of the copy of the database at `path`."""
    return f"{path}.bak"


def is_due(path: str) -> bool:
    """Tell whether the copy is missing, older than `EVERY_S`, or of the future (a clock was set back)."""
    try:
        age_s = time.time() - os.stat(backup_path(path)).st_mtime
    except OSError:
        return True
    return not 0 <= age_s < EVERY_S


def back_up_if_due(connection: sqlite3.Connection, path: str) -> str | None:
    """Copy the database at `path` if it is due and holds a track; give the reason if that could not be.

    Raises sqlite3.DatabaseError where the database is damaged.
    """
    if not is_due(path) or not connection.execute("SELECT EXISTS (SELECT 1 FROM tracks)").fetchone()[0]:
        return None
    try:
        back_up(path)
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            raise
        return str(error)
    return None


def is_damage(error: BaseException) -> bool:
    """Tell whether SQLite says that the file itself is not sound."""
    if isinstance(error, sqlite3.OperationalError) and "unsupported file format" in str(error):
        return True  # of a header: SQLite gives it the code of a mistyped question
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damage(what: str) -> sqlite3.DatabaseError:
    """Make the error that SQLite raises for damage, of damage that it does not see itself."""
    error = sqlite3.DatabaseError(f"damaged: {what}")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def back_up(path: str) -> None:
    """Copy the committed state of the database at `path`; the copy is checked before it replaces the last.

    Raises sqlite3.DatabaseError where the database is damaged, sqlite3.Error or OSError where the copy
    cannot be written. The last copy then stays.
    """
    target = backup_path(path)
    draft = target + _UNFINISHED
    try:
        _remove(draft)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # follows no link
        with (
            contextlib.closing(_connect(path, "ro")) as source,  # another connection may be writing
            contextlib.closing(_connect(draft, "rwc")) as copy,
        ):
            copy.execute("PRAGMA synchronous = OFF")  # synced once, below
            source.backup(copy, progress=_never_wait)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            _check(copy)
        # The database itself is not opened: closing it would end the locks that SQLite has on it.
        status = os.stat(path)
        with open(draft, "rb+", opener=open_no_link) as file:
            give_owner_and_mode(file.fileno(), status)
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        _remove(draft)


def advice_on_damage(error: sqlite3.Error, path: str) -> str | None:
    """Say what to do about a damaged database at `path`; None where the error is of something else.

    Without a copy, what SQLite takes for no database at all may be just that.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    if not (is_damage(error) or (code == sqlite3.SQLITE_READONLY and _forbids_writing(path))):
        return None
    restore = how_to_restore(path)
    if restore is None and code == sqlite3.SQLITE_NOTADB:
        return None
    return f"it is damaged; {restore or 'move it away and scan again'}"


def how_to_restore(path: str) -> str | None:
    """Give the commands that put the copy in the place of the database at `path`; None without a copy."""
    try:
        made = time.strftime("%Y-%m-%d", time.localtime(os.stat(backup_path(path)).st_mtime))
    except OSError:
        return None
    name, damaged, wal, shm, copy = (
        shlex.quote(path + ending) for ending in ("", ".damaged", "-wal", "-shm", ".bak")
    )
    commands = f"mv {name} {damaged}; rm -f {wal} {shm}; cp {copy} {name}"
    return f"to go on with the backup of {made}, run: {commands}"


def _forbids_writing(path: str) -> bool:
    """Whether the header names a version of the format that no SQLite may write, as ours never does.

    https://www.sqlite.org/fileformat.html#file_format_version_numbers
    """
    try:
        with open(path, "rb", opener=open_no_link) as file:  # the run ends here, so its locks may end too
            return file.read(19)[-1] not in (1, 2)
    except (OSError, IndexError):
        return False


def _check(copy: sqlite3.Connection) -> None:
    """Raises SQLite's own error for damage where the pages do not fit together."""
    (answer,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise damage(answer)


def _remove(draft: str) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft + ending)


def _connect(path: str, mode: str) -> sqlite3.Connection:
    uri = f"{Path(os.path.abspath(path)).as_uri()}?mode={mode}"  # keeps undecodable bytes of the name
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _never_wait(status: int, remaining: int, total: int) -> None:
    """Ends a copy that Python would try again for ever while somebody locks the database."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise sqlite3.OperationalError("another program holds the database")
