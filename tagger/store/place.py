"""Whether an open database still lies where it was opened, with its log beside it.

SQLite goes on writing to a file that has lost its name, and says nothing. It asks the same itself, by the
same numbers, before it writes without a log (`databaseIsUnmoved` in its pager.c). No Windows lets anybody
take away a file that SQLite has open.
"""

from __future__ import annotations

import os

from tagger.errors import LostDatabase

Identity = tuple[int, int]
"""The device and the inode of a file: another file has others, whatever it is called."""


class Place:
    """The files of an open database, as they were when it was opened."""

    def __init__(self, path: str) -> None:
        """Note what lies at `path`, which SQLite has just opened."""
        self._path = path
        self._file = os.path.realpath(path)  # beside which SQLite keeps the log, too
        self._log = f"{self._file}-wal"
        self._was = _identity(self._file)
        self._log_was = _identity(self._log)

    def check(self) -> None:
        """Raise LostDatabase where the database or its log is gone, or another one lies in its place."""
        if _identity(self._file) != self._was:
            raise LostDatabase(
                f"{self._path}: it was deleted, moved or replaced during this run, and what the run has "
                "stored is not in what lies there now; run the command again"
            )
        log = _identity(self._log)
        if self._log_was is None:  # a new database has it only since its first transaction
            self._log_was = log
        elif log != self._log_was:
            raise LostDatabase(
                f"{self._log}: it was deleted, moved or replaced during this run, with the last changes to "
                "the database; run the command again"
            )


def _identity(path: str) -> Identity | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
