"""One scan at a time: a lock beside the database that the operating system frees if tagger dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from tagger.errors import BusyError, StoreError


@contextmanager
def scan_lock(db_path: str) -> Iterator[None]:
    """Hold `<db_path>.lock` for as long as the block runs; creates the folder if it is missing.

    Does not wait. Raises BusyError where another process holds it, StoreError where the lock file
    cannot be made. Two names of one database share one lock.
    """
    path = os.path.realpath(db_path)
    lock = FileLock(f"{path}.lock")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(f"{db_path}: another tagger run is using this database; try again later") from error
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(
            f"{path}.lock: cannot be made ({reason}); check the folder and its rights"
        ) from error
    try:
        yield
    finally:
        lock.release()
