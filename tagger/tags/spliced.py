"""A file with its splices: written as a copy, or looked at as if it had been written.

The copy is made in one pass, and the kernel copies the long stretches. `as_if_spliced` gives the same bytes
without a copy, so that a preview makes the checks that the copy will have to pass.
"""

from __future__ import annotations

import bisect
import errno
import io
import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tagger.errors import TagError
from tagger.tags.block import Span, Splice

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CHUNK_BYTES = 1 << 20
_KERNEL_COPY_MIN_BYTES = 1 << 17
_NO_KERNEL_COPY = (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF)


def in_order(splices: Iterable[Splice]) -> list[Splice]:
    """Sort splices by their places. Raises TagError where two of them overlap."""
    ordered = sorted(splices, key=lambda splice: (splice.start, splice.end))
    if any(one.end > other.start for one, other in itertools.pairwise(ordered)):
        raise TagError("its tags overlap (damaged)")
    return ordered


def spliced_size(source: BinaryIO, splices: Iterable[Splice]) -> int:
    """Give the size in bytes that the copy will have."""
    growth = sum(len(splice.data) - (splice.end - splice.start) for splice in splices)
    return source.seek(0, os.SEEK_END) + growth


# --- In memory -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes of the spliced file from `start` on: `data`, or `length` bytes of the source at `at`."""

    start: int
    length: int
    at: int
    data: bytes | None


class SplicedFile(io.RawIOBase):
    """The bytes of `source` with its splices, to be read like a file."""

    def __init__(self, source: BinaryIO, splices: Iterable[Splice]) -> None:
        super().__init__()
        self._source, self._position = source, 0
        self._pieces = list(_pieces(splices, source.seek(0, os.SEEK_END)))
        self._starts = [piece.start for piece in self._pieces]
        self._size = self._pieces[-1].start + self._pieces[-1].length if self._pieces else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = (0, self._position, self._size)[whence]
        self._position = max(origin + offset, 0)
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        for piece, start, length in self._within((self._position, self._position + len(view))):
            data = self._bytes(piece, start, length)
            view[: len(data)] = data
            self._position += len(data)
            return len(data)
        return 0

    def holds(self, spans: Iterable[Span], source_spans: Iterable[Span]) -> bool:
        """Tell whether byte ranges of it, one after the other, are the same as ranges of the source.

        What both take from the same place of the source is not read.
        """
        wanted = ((start, end - start) for start, end in source_spans if end > start)
        at, left = next(wanted, (0, 0))
        for span in spans:
            for piece, start, length in self._within(span):
                while length:
                    step = min(length, left)
                    if not step or not self._is_same(piece, start, at, step):
                        return False
                    start, length, at, left = start + step, length - step, at + step, left - step
                    if not left:
                        at, left = next(wanted, (0, 0))
        return not left

    def _within(self, span: Span) -> Iterator[tuple[_Piece, int, int]]:
        """Yield the pieces that make up a span: the piece, the first byte in it, and the number of bytes."""
        position, end = span
        index = bisect.bisect_right(self._starts, position) - 1
        while position < min(end, self._size):
            piece = self._pieces[index]
            start = position - piece.start
            length = min(piece.length - start, end - position)
            yield piece, start, length
            position, index = position + length, index + 1

    def _bytes(self, piece: _Piece, start: int, length: int) -> bytes:
        if piece.data is not None:
            return piece.data[start : start + length]
        self._source.seek(piece.at + start)
        return self._source.read(length)

    def _is_same(self, piece: _Piece, start: int, at: int, length: int) -> bool:
        if piece.data is None and piece.at + start == at:
            return True
        self._source.seek(at)
        return self._source.read(length) == self._bytes(piece, start, length)


def _pieces(splices: Iterable[Splice], size: int) -> Iterator[_Piece]:
    """Yield the pieces, none of them empty, of a source of `size` bytes with its splices."""
    start = position = 0
    for splice in [*in_order(splices), Splice(size, size, b"")]:
        if splice.start > position:
            yield _Piece(start, splice.start - position, position, None)
            start += splice.start - position
        if splice.data:
            yield _Piece(start, len(splice.data), 0, splice.data)
            start += len(splice.data)
        position = splice.end


# --- The copy: long stretches are copied by the kernel -------------------------------------------------


def copy_with_splices(source: BinaryIO, copy: BinaryIO, splices: Iterable[Splice]) -> None:
    """Write `source` with its splices to `copy`, which is empty; the kernel copies the long stretches."""
    position = 0
    for splice in in_order(splices):
        _copy_range(source, copy, position, splice.start)
        copy.write(splice.data)
        position = splice.end
    _copy_range(source, copy, position, os.fstat(source.fileno()).st_size)
    copy.flush()


def _copy_range(source: BinaryIO, copy: BinaryIO, start: int, end: int) -> None:
    if end - start >= _KERNEL_COPY_MIN_BYTES:
        copy.flush()
        start = _kernel_copy(source.fileno(), copy.fileno(), start, end)
        copy.seek(0, os.SEEK_END)
    source.seek(start)
    while start < end:
        data = source.read(min(_CHUNK_BYTES, end - start))
        if not data:
            raise TagError("the file became shorter while it was read")
        copy.write(data)
        start += len(data)


def _kernel_copy(source: int, copy: int, start: int, end: int) -> int:
    """Let the kernel (of Linux) copy as much as it can; give where it stopped."""
    if sys.platform != "linux" or not hasattr(os, "copy_file_range"):
        return start
    while start < end:
        try:
            copied = os.copy_file_range(source, copy, end - start, offset_src=start)
        except OSError as error:
            if error.errno in _NO_KERNEL_COPY:
                break
            raise
        if not copied:
            break
        start += copied
    return start
