"""A file as FFmpeg gets to read it: without the tags around the sound, and never without end."""

from __future__ import annotations

import os
import stat
from types import TracebackType

from tagger.errors import AudioError

ID3V2_HEADER = 10
ID3V1_BYTES = 128
APE_FOOTER = 32
MAX_TAGS = 8

SEEK_COST = 4096
"""Bytes that a seek counts for: some demuxers seek without end where they would not read."""

CONTAINERS = (b"RIFF", b"RF64", b"FORM", b"OggS", b"fLaC", b"MAC ", b"\x1aE\xdf\xa3", b"0&\xb2u", b"DSD ")
"""First bytes of formats that say by themselves where their sound ends; so does MP4 (`ftyp`)."""


class Source:
    """The bytes of a regular file between its leading ID3v2 and its trailing ID3v1 and APEv2 tags.

    FFmpeg reads through this object instead of by name, for four reasons. Any name is harmless,
    whatever its bytes or its likeness to a URL. A cover of a megabyte in an ID3v2 tag is not read.
    Where FFmpeg reckons times from the size of the file, a longer tag does not move them. And
    reading ends, as if the file did, when the bytes granted with `allow` are used up: some
    demuxers look for the next packet to the end of a file of any size.
    Raises `OSError` as `open` does, and `AudioError` where there is nothing to read.
    """

    def __init__(self, path: str) -> None:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise AudioError("not a regular file; name a file or a folder of files")
        self.name = "sound" + os.path.splitext(path)[1].encode("ascii", "ignore").decode()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed in __exit__
        self._allowed = 1 << 20
        try:
            self._begin, self._end = self._between_tags(os.fstat(self._file.fileno()).st_size)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes between the tags."""
        return self._end - self._begin

    def allow(self, n_bytes: int) -> None:
        """Lets `n_bytes` be read from now on, whatever was left before."""
        self._allowed = n_bytes

    def read(self, n_bytes: int = -1) -> bytes:
        left = min(self._allowed, self._end - self._file.tell())
        data = self._file.read(max(0, left if n_bytes < 0 else min(left, n_bytes)))
        self._allowed -= len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._allowed -= SEEK_COST
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self.size}[whence]
        position = max(0, base + offset)
        self._file.seek(self._begin + min(position, self.size))  # a damaged header may point beyond 2**63
        return position

    def tell(self) -> int:
        return self._file.tell() - self._begin

    def peek(self, offset: int, n_bytes: int) -> bytes:
        """Up to `n_bytes` from `offset` on; the place where reading goes on stays what it was."""
        position = self._file.tell()
        self.seek(offset)
        data = self.read(n_bytes)
        self._file.seek(position)
        return data

    def _between_tags(self, size: int) -> tuple[int, int]:
        """(first, last + 1) byte that is not of a tag; leaves the file at the first."""
        if size == 0:
            raise AudioError("the file is empty (0 bytes); copy it again from its source")
        begin = 0
        for _ in range(MAX_TAGS):
            n_bytes = _id3v2_bytes(self._bytes_at(begin, ID3V2_HEADER))
            if not 0 < n_bytes < size - begin:
                break
            begin += n_bytes
        head = self._bytes_at(begin, 12)
        knows_its_end = head.startswith(CONTAINERS) or head[4:8] == b"ftyp"
        end = size if knows_its_end else self._sound_end(begin, size)
        self._file.seek(begin)
        return begin, end

    def _sound_end(self, begin: int, end: int) -> int:
        """Where the ID3v1 and APEv2 tags begin that lie at the end, in either order."""
        for _ in range(MAX_TAGS):
            tail = self._bytes_at(max(begin, end - ID3V1_BYTES), ID3V1_BYTES)[: end - begin]
            n_bytes = ID3V1_BYTES if tail.startswith(b"TAG") else _apev2_bytes(tail[-APE_FOOTER:])
            if not 0 < n_bytes < end - begin:
                break
            end -= n_bytes
        return end

    def _bytes_at(self, position: int, n_bytes: int) -> bytes:
        self._file.seek(position)
        return self._file.read(n_bytes)


def _id3v2_bytes(header: bytes) -> int:
    """The length of the tag that `header` begins, or 0 (ID3v2.4 structure, section 3.1)."""
    if len(header) < ID3V2_HEADER or not header.startswith(b"ID3") or max(header[6:]) > 127:
        return 0
    a, b, c, d = header[6:]
    has_footer = header[5] & 0x10
    return ID3V2_HEADER + (a << 21 | b << 14 | c << 7 | d) + (ID3V2_HEADER if has_footer else 0)


def _apev2_bytes(footer: bytes) -> int:
    """The length of the tag that `footer` ends, or 0 (APE Tags Header, Hydrogenaudio wiki)."""
    if len(footer) < APE_FOOTER or not footer.startswith(b"APETAGEX"):
        return 0
    has_header = footer[23] & 0x80
    return int.from_bytes(footer[12:16], "little") + (APE_FOOTER if has_header else 0)
