"""Read the headers of ID3, APE and ASF from bytes: how long a tag is, and which objects a header has.

Pure functions over bytes, for those who skip tags (`audio`) and those who read and write them (`tags`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

# --- ID3 and APE: tags around a sound ---------------------------------------------------------------

ID3V2_HEADER_BYTES = 10
ID3V1_BYTES = 128
APEV2_FOOTER_BYTES = 32
APEV2_MAGIC = b"APETAGEX"

ID3V1_LOOK_BYTES = ID3V1_BYTES + 3
"""What `id3v1_length` needs of the end of a file."""

_ID3V2_FOOTER = 0x10
_APEV2_HAS_HEADER = 0x80


def id3v2_length(header: bytes) -> int:
    """Give the bytes of the ID3v2 tag that begins with these ten bytes; 0 where none does.

    The length is of header, body, padding and footer ("ID3 tag version 2.4.0 - Main Structure", 3.1 and
    3.4; only that version has a footer).

    >>> id3v2_length(b"ID3\\x03\\x00\\x00" + bytes((0, 0, 2, 1)))
    267
    >>> id3v2_length(b"fLaC\\x00\\x00\\x00\\x22..")
    0
    """
    if len(header) < ID3V2_HEADER_BYTES or header[:3] != b"ID3" or header[3] == 0xFF:
        return 0
    size = header[6:10]
    if max(size) >= 0x80:
        return 0
    has_footer = header[3] == 4 and header[5] & _ID3V2_FOOTER
    return ID3V2_HEADER_BYTES + from_syncsafe(size) + (ID3V2_HEADER_BYTES if has_footer else 0)


def from_syncsafe(data: bytes) -> int:
    """Give the number in four bytes of seven bits each.

    >>> from_syncsafe(bytes((0, 0, 2, 1)))
    257
    """
    a, b, c, d = (byte & 0x7F for byte in data)
    return a << 21 | b << 14 | c << 7 | d


def id3v1_length(end: bytes) -> int:
    """Give the bytes of the ID3v1 tag that a file ends with, by its last `ID3V1_LOOK_BYTES`: 128 or 0.

    An APE tag of 131 bytes has `TAG`, of APETAGEX, in the place of ID3v1's; an item may have it there too,
    and then the footer of its tag ends the file.
    """
    is_ape = APEV2_MAGIC in (end[-131:-123], end[-APEV2_FOOTER_BYTES:][:8])
    if len(end) < ID3V1_BYTES or end[-128:-125] != b"TAG" or is_ape:
        return 0
    return ID3V1_BYTES


def apev2_length(footer: bytes) -> int:
    """Give the bytes of the APE tag that ends with these 32 bytes; 0 where none does.

    The length is of items, footer and, where the flags name one, header (Hydrogenaudio wiki, "APE Tags
    Header").
    """
    if len(footer) < APEV2_FOOTER_BYTES or not footer.startswith(APEV2_MAGIC):
        return 0
    has_header = footer[23] & _APEV2_HAS_HEADER
    return int.from_bytes(footer[12:16], "little") + (APEV2_FOOTER_BYTES if has_header else 0)


# --- ASF: the objects of a Windows Media header -----------------------------------------------------

ASF_HEADER = UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
ASF_FILE_PROPERTIES = UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le
"""GUIDs of Microsoft's "Advanced Systems Format (ASF) Specification", revision 01.20.05, section 10."""

ASF_HEADER_BYTES = 30
"""Of the header object itself: GUID, size, number of objects, two reserved bytes."""

ASF_OBJECT_BYTES = 24
"""Of the GUID and the size that every object begins with."""


@dataclass(frozen=True, slots=True)
class AsfObject:
    """One object: `start` to `end` in the file, its content from `body` on."""

    guid: bytes
    start: int
    end: int

    @property
    def body(self) -> int:
        """Where its content begins."""
        return self.start + ASF_OBJECT_BYTES


def asf_objects(read: Callable[[int, int], bytes], start: int, end: int) -> Iterator[AsfObject]:
    """Yield the objects in [start, end) of a file; `read(start, length)` gives its bytes.

    Nothing is checked: in a damaged header the last object may reach beyond `end`, or be shorter than
    its own head, and then nothing follows it.
    """
    while start + ASF_OBJECT_BYTES <= end:
        head = read(start, ASF_OBJECT_BYTES)
        if len(head) < ASF_OBJECT_BYTES:
            return
        found = AsfObject(head[:16], start, start + int.from_bytes(head[16:], "little"))
        yield found
        if found.end < found.body:
            return
        start = found.end


def asf_duration_s(file_properties: bytes) -> float:
    """Give the duration that a whole file properties object states, less its preroll; 0.0 for a cut one.

    Section 3.2 of the specification: play duration in 100 ns, send duration, preroll in ms.
    """
    if len(file_properties) < 88:
        return 0.0
    play_100_ns, preroll_ms = (int.from_bytes(file_properties[at : at + 8], "little") for at in (64, 80))
    return max(0.0, play_100_ns / 1e7 - preroll_ms / 1e3)
