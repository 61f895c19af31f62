"""The state of a file by which a change is noticed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tagger.store.rows import sql_integer


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and modification time, folded into SQLite's 64 bits as the store keeps it."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of a file from what `os.stat` says."""
        return cls(status.st_size, sql_integer(status.st_mtime_ns))
