"""Reading exact byte ranges of an open file, with the file's end as an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from tagger.tags.errors import TagError


@dataclass(frozen=True, slots=True)
class ByteSource:
    """An open file of `size` bytes."""

    file: BinaryIO
    size: int

    def at(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`; TagError when the file ends before."""
        if start < 0 or length < 0 or start + length > self.size:
            raise TagError("its tags reach past its end (damaged or still being written)")
        self.file.seek(start)
        data = self.file.read(length)
        if len(data) != length:
            raise TagError("the file became shorter while it was read")
        return data

    def peek(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`, fewer at the end of the file."""
        start = min(max(start, 0), self.size)
        return self.at(start, min(length, self.size - start))
