"""The state of a file by which a change is noticed."""

from __future__ import annotations

from dataclasses import dataclass

from tagger.store.rows import sql_integer


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and modification time, as the store keeps them."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, size: int, mtime_ns: int) -> Stamp:
        """The stamp of a file from what `os.stat` says; any mtime_ns is folded into 64 bits."""
        return cls(size, sql_integer(mtime_ns))
