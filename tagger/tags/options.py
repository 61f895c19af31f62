"""How a file may be written, and what writing it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tagger.tags.edit import Previous

HardLinks = Literal["skip", "break", "in-place"]


@dataclass(frozen=True, slots=True)
class Written:
    """One file written: bytes that went to the disk, and the file's new size and `mtime_ns`.

    `previous` is what undoing needs. `before_replace` gets it before the file is exchanged: a
    caller that stores it and finds it after a crash compares size and mtime with the file's, to
    learn whether the file is old or new.
    """

    bytes_written: int
    size: int
    mtime_ns: int
    previous: Previous


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """`expected` is the (size, mtime_ns) of the last scan; a file that differs is not written.

    `hard_links`: what to do with a file of several names: `skip` it (TagError), `break` the link
    (the other names keep the old content), or write `in-place` (all names get the new content).
    """

    keep_mtime: bool = False
    hard_links: HardLinks = "skip"
    expected: tuple[int, int] | None = None
    before_replace: Callable[[Written], None] | None = None
