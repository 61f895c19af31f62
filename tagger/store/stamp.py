"""The state of a file by which a change is noticed."""

from __future__ import annotations

from dataclasses import dataclass

_LAST_MTIME_NS = 2**63 - 1  # in the year 2262; SQLite holds no larger integer


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and modification time, as the store keeps them."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, size: int, mtime_ns: int) -> Stamp:
        """The stamp of a file from what `os.stat` says."""
        return cls(size, min(mtime_ns, _LAST_MTIME_NS))
