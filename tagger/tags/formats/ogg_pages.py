"""Ogg pages: reading them, laying packets out on new ones, numbering and checksums.

Source: RFC 3533, "The Ogg Encapsulation Format Version 0", section 6.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tagger.tags.errors import UnsupportedFormat
from tagger.tags.formats.bytesource import ByteSource

CONTINUED, FIRST, LAST = 1, 2, 4
_HEADER_BYTES = 27
_MAX_SEGMENTS = 255
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it lies, its header's numbers, its lacing values."""

    start: int
    flags: int
    granule: bytes
    serial: bytes
    number: int
    lacing: bytes

    @property
    def body_start(self) -> int:
        return self.start + _HEADER_BYTES + len(self.lacing)

    @property
    def end(self) -> int:
        return self.body_start + sum(self.lacing)


def read_page(source: ByteSource, start: int) -> Page:
    """The page at `start`; UnsupportedFormat when there is none."""
    header = source.peek(start, _HEADER_BYTES + _MAX_SEGMENTS)
    if len(header) < _HEADER_BYTES or header[:5] != b"OggS\0":
        raise UnsupportedFormat("its Ogg pages are damaged")
    lacing = header[_HEADER_BYTES : _HEADER_BYTES + header[26]]
    number = int.from_bytes(header[18:22], "little")
    return Page(start, header[5], header[6:14], header[14:18], number, lacing)


def pages_from(source: ByteSource, start: int) -> Iterator[Page]:
    """All pages from `start` to the end of the file."""
    while start < source.size:
        page = read_page(source, start)
        yield page
        start = page.end


def lay_out(packets: Sequence[bytes], serial: bytes, first_number: int) -> list[bytes]:
    """Packets on pages as full as they can be, as libogg flushes headers; the last page ends with them."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    data, taken, continued = b"".join(packets), 0, False
    pages: list[bytes] = []
    for at in range(0, len(lacing), _MAX_SEGMENTS):
        values = lacing[at : at + _MAX_SEGMENTS]
        # A page on which no packet ends has the granule position -1 (RFC 3533, 6.4).
        granule = bytes(8) if min(values) < 255 else b"\xff" * 8
        header = Page(0, CONTINUED if continued else 0, granule, serial, first_number + len(pages), values)
        body = data[taken : taken + sum(values)]
        pages.append(page_bytes(header, body))
        taken, continued = taken + len(body), values[-1] == 255
    return pages


def page_bytes(page: Page, body: bytes) -> bytes:
    """A whole page with its checksum."""
    start = b"OggS\0" + bytes([page.flags]) + page.granule + page.serial + page.number.to_bytes(4, "little")
    end = bytes([len(page.lacing)]) + page.lacing + body
    return start + _checksum(start + bytes(4) + end) + end


def _checksum(data: bytes) -> bytes:
    """Ogg's CRC-32 (polynomial 04C11DB7, not reflected, start 0) by way of zlib's reflected one."""
    crc = ~zlib.crc32(data.translate(_REVERSED_BITS), 0xFFFFFFFF) & 0xFFFFFFFF
    return crc.to_bytes(4, "little").translate(_REVERSED_BITS)[::-1]
