"""A copy of a file with some byte ranges replaced, made in one pass."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterable
from typing import BinaryIO

from tagger.tags.block import Splice
from tagger.tags.errors import TagError

_CHUNK_BYTES = 1 << 20
_KERNEL_COPY_MIN_BYTES = 1 << 17
_NO_KERNEL_COPY = (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF)


def copy_with_splices(source: BinaryIO, copy: BinaryIO, splices: Iterable[Splice]) -> None:
    """Write `source` with its splices to `copy`, which is empty; the kernel copies the long stretches."""
    position = 0
    for splice in _in_order(splices):
        _copy_range(source, copy, position, splice.start)
        copy.write(splice.data)
        position = splice.end
    _copy_range(source, copy, position, os.fstat(source.fileno()).st_size)
    copy.flush()


def spliced_size(source: BinaryIO, splices: Iterable[Splice]) -> int:
    """The size in bytes that the copy will have."""
    growth = sum(len(splice.data) - (splice.end - splice.start) for splice in splices)
    return os.fstat(source.fileno()).st_size + growth


def _in_order(splices: Iterable[Splice]) -> list[Splice]:
    ordered = sorted(splices, key=lambda splice: (splice.start, splice.end))
    if any(one.end > other.start for one, other in itertools.pairwise(ordered)):
        raise TagError("its tags overlap (damaged)")
    return ordered


def _copy_range(source: BinaryIO, copy: BinaryIO, start: int, end: int) -> None:
    if end - start >= _KERNEL_COPY_MIN_BYTES and hasattr(os, "copy_file_range"):
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
    """Copy what the kernel can; returns where it stopped."""
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
