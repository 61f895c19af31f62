"""The state of a file by which a change is noticed."""

from __future__ import annotations

from dataclasses import dataclass

LAST_MTIME_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and modification time, as the store keeps them."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, size: int, mtime_ns: int) -> Stamp:
        """The stamp of a file from what `os.stat` says; times beyond 64 bits are cut as `scan` cuts them."""
        return cls(size, min(mtime_ns, LAST_MTIME_NS))
