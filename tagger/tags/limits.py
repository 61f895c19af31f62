"""Bounds on what is read of a file's tags: no file makes a reader take gigabytes, or minutes.

A few foreign bytes can stand for gigabytes (compressed frames), and mutagen copies the rest of an ID3 tag
for every frame in it. What is beyond a bound is refused in one line.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from tagger.errors import TagError

MAX_TAG_BYTES = 32 << 20
"""Of one tag with its pictures: a dozen times that is taken while a file is written."""

MAX_ITEMS = 10_000
"""Of a tag; a tagger's full set has a hundred, an audio book's chapters have a thousand."""

MAX_PARTS = 100_000
"""Atoms or chunks of a file that are looked at."""

MAX_READS = 1_000_000
"""Pieces of a file that are read for its tags: an Ogg file of a day has 300,000 pages."""

MAX_COPIED_BYTES = 20 << 30
"""Frames times bytes of an ID3 tag: mutagen copies half of that, which takes seconds."""

MAX_EXPANDED_BYTES = 16 << 20
"""Of one compressed frame."""

_EXPANDED_IN_ALL = 8 * MAX_EXPANDED_BYTES
"""Of all that are expanded while one file is worked on, in which each is read several times."""

_LARGE_BYTES = 4 << 20
_MEND = "remove them with a tag editor"


class TooLarge(TagError):  # noqa: N818 - it names what the tags are, and is caught as a TagError
    """The tags of a file are beyond what is read of any."""


class _Work(threading.local):
    """What a thread may still expand and copy for its file, and whether it has the turn of large tags."""

    under_way = False
    has_turn = False
    expandable = _EXPANDED_IN_ALL
    copyable = MAX_COPIED_BYTES


_work = _Work()
_turn = threading.Lock()


@contextmanager
def limited() -> Iterator[None]:
    """Work on one file: what its readers take in this thread is bounded together.

    Files with large tags are worked on one after the other: eight at once would fill the memory.
    """
    if _work.under_way:
        yield
        return
    _work.under_way, _work.expandable, _work.copyable = True, _EXPANDED_IN_ALL, 3 * MAX_COPIED_BYTES
    try:
        yield
    finally:
        _work.under_way = False
        if _work.has_turn:
            _work.has_turn = False
            _turn.release()


def check_size(n_bytes: int) -> None:
    """Raise TooLarge for a tag of too many bytes; wait for the turn of one with many."""
    if n_bytes > MAX_TAG_BYTES:
        raise TooLarge(
            f"its tags take {n_bytes >> 20:,} MiB, more than the {MAX_TAG_BYTES >> 20} MiB that are read; "
            "remove pictures from them with a tag editor"
        )
    if n_bytes > _LARGE_BYTES and _work.under_way and not _work.has_turn:
        _turn.acquire()
        _work.has_turn = True


def check_count(n_items: int, most: int = MAX_ITEMS) -> None:
    """Raise TooLarge for more items, atoms or chunks than any music file has."""
    if n_items > most:
        raise TooLarge(f"its tags have more than {most:,} parts, as no music file has; {_MEND}")


def check_frames(n_frames: int, n_bytes: int) -> None:
    """Raise TooLarge for so many frames in so many bytes that mutagen would copy them for minutes."""
    check_count(n_frames)
    copied = n_frames * n_bytes
    if copied > min(MAX_COPIED_BYTES, _work.copyable):
        raise TooLarge(
            f"its ID3 tag has {n_frames:,} frames in {n_bytes >> 20:,} MiB, too many to read; {_MEND}"
        )
    if _work.under_way:
        _work.copyable -= copied


def expanded(data: bytes) -> bytes:
    """Expand a zlib stream. Raises TooLarge where that takes too much, and zlib.error as zlib does."""
    room = min(MAX_EXPANDED_BYTES, _work.expandable)
    stream = zlib.decompressobj()
    content = stream.decompress(data, room + 1)
    if len(content) > room:
        most = MAX_EXPANDED_BYTES >> 20
        raise TooLarge(f"compressed frames of its ID3 tag expand to more than {most} MiB; {_MEND}")
    if not stream.eof:
        raise zlib.error("incomplete or truncated stream")
    if _work.under_way:
        _work.expandable -= len(content)
    return content
