"""A file as FFmpeg may read it: without the tags around the sound, and only so many bytes of it."""

from __future__ import annotations

import math
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from tagger.containers import (
    APEV2_FOOTER_BYTES,
    ID3V1_LOOK_BYTES,
    ID3V2_HEADER_BYTES,
    apev2_length,
    id3v1_length,
    id3v2_length,
)
from tagger.errors import AudioError

MAX_TAGS = 8
"""Tags before and behind the sound that are skipped; more are taken for damage."""

SEEK_COST_BYTES = 4096
"""What a seek counts for: some demuxers seek without end where they would not read."""

SELF_DELIMITING = (
    *(b"RIFF", b"RF64", b"FORM", b"OggS", b"fLaC", b"MAC ", b"\x1aE\xdf\xa3", b"0&\xb2u", b"DSD "),
)
"""First bytes of formats that say by themselves where their sound ends; so does MP4 (`ftyp`)."""


class BoundedFile:
    """The bytes of a regular file between its leading ID3v2 and its trailing ID3v1 and APEv2 tags.

    FFmpeg reads through this object instead of by name, for four reasons. Any name is harmless,
    whatever its bytes or its likeness to a URL. A cover of a megabyte in an ID3v2 tag is not read.
    Where FFmpeg estimates times from the size of the file, a longer tag does not move them. And
    reading ends, as if the file did, when the bytes granted with `allow`, or the time, are used up: some
    demuxers look for the next packet to the end of a file of any size, or compare all tags with all.
    Raises `OSError` as `open` does, and `AudioError` where there is nothing to read. What the drive
    refuses later is kept in `fault`, too: FFmpeg takes it for the end of the file, or for damage.
    """

    def __init__(self, path: str) -> None:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise AudioError("not a regular file; name a file or a folder of files")
        self.name = "sound" + os.path.splitext(path)[1].encode("ascii", "ignore").decode()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed in __exit__
        self._allowed, self._until_s = 1 << 20, math.inf
        self.fault: OSError | None = None
        try:
            self._begin, self._end = self._between_tags(os.fstat(self._file.fileno()).st_size)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> BoundedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes between the tags."""
        return self._end - self._begin

    @property
    def is_used_up(self) -> bool:
        """Tell whether all bytes that were allowed are read."""
        return self._allowed <= 0

    @property
    def is_late(self) -> bool:
        """Tell whether this thread has computed for longer than it was allowed to."""
        return time.thread_time() > self._until_s

    def allow(self, n_bytes: int) -> None:
        """Let `n_bytes` be read from now on, whatever was left before."""
        self._allowed = n_bytes

    @contextmanager
    def computing_at_most(self, seconds: float) -> Iterator[None]:
        """End reading once this thread has computed for so long; to wait for a slow drive is no computing."""
        self._until_s = time.thread_time() + seconds
        try:
            yield
        finally:
            self._until_s = math.inf

    def read(self, n_bytes: int = -1) -> bytes:
        """Read up to `n_bytes`, or all that is left; fewer where the sound or what is allowed ends."""
        left = 0 if self.is_late else min(self._allowed, self._end - self._file.tell())
        data = self._read(max(0, left if n_bytes < 0 else min(left, n_bytes)))
        self._allowed -= len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, counted from the first one of the sound; give the position that was asked for."""
        self._allowed -= SEEK_COST_BYTES
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self.size}[whence]
        position = max(0, base + offset)
        self._file.seek(self._begin + min(position, self.size))  # a damaged header may point beyond 2**63
        return position

    def tell(self) -> int:
        """Give the position of the next byte, counted from the first one of the sound."""
        return self._file.tell() - self._begin

    def peek(self, offset: int, n_bytes: int) -> bytes:
        """Read up to `n_bytes` from `offset` on, and come back to the present position."""
        position = self._file.tell()
        self.seek(offset)
        data = self.read(n_bytes)
        self._file.seek(position)
        return data

    def _read(self, n_bytes: int) -> bytes:
        try:
            return self._file.read(n_bytes)
        except OSError as error:
            self.fault = error
            raise

    def _between_tags(self, size: int) -> tuple[int, int]:
        """Give the (first, last + 1) byte that is not of a tag; leave the file at the first."""
        if size == 0:
            raise AudioError("the file is empty (0 bytes); copy it again from its source")
        begin = 0
        for _ in range(MAX_TAGS):
            n_bytes = id3v2_length(self._bytes_at(begin, ID3V2_HEADER_BYTES))
            if not 0 < n_bytes < size - begin:
                break
            begin += n_bytes
        head = self._bytes_at(begin, 12)
        knows_its_end = head.startswith(SELF_DELIMITING) or head[4:8] == b"ftyp"
        end = size if knows_its_end else self._sound_end(begin, size)
        self._file.seek(begin)
        return begin, end

    def _sound_end(self, begin: int, end: int) -> int:
        """Find where the ID3v1 and APEv2 tags begin that lie at the end, in either order."""
        for _ in range(MAX_TAGS):
            tail = self._bytes_at(max(begin, end - ID3V1_LOOK_BYTES), ID3V1_LOOK_BYTES)[: end - begin]
            n_bytes = id3v1_length(tail) or apev2_length(tail[-APEV2_FOOTER_BYTES:])
            if not 0 < n_bytes < end - begin:
                break
            end -= n_bytes
        return end

    def _bytes_at(self, position: int, n_bytes: int) -> bytes:
        self._file.seek(position)
        return self._file.read(n_bytes)
