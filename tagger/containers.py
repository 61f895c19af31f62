"""Read the headers of ID3, APE, MPEG audio, Vorbis comments and ASF: where parts end, how many there are.

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


# --- MPEG audio: the headers of frames --------------------------------------------------------------

_KBIT_PER_S = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version and layer (ISO 11172-3, 2.4.2.3, and ISO 13818-3); layer 3 of version 2 is as its layer 2."""

_FRAMES_IN_A_ROW = 3
"""That noise does not show: of a hundred thousand bytes, thirty begin as a frame does."""


def mpeg_frame_length(header: bytes) -> int:
    """Give the bytes of the MPEG audio frame (of version 1, 2 or 2.5) that these four begin; 0 if none.

    Frames of free format, which do not state their bit rate, count as none.

    >>> mpeg_frame_length(bytes.fromhex("fffb9064"))
    417
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = (2, 0, 2, 1)[header[1] >> 3 & 3], 4 - (header[1] >> 1 & 3)
    rate_index, frequency_index = header[2] >> 4, header[2] >> 2 & 3
    if not version or layer == 4 or rate_index in (0, 15) or frequency_index == 3:
        return 0
    bit_per_s = 1000 * _KBIT_PER_S[version, min(layer, 2) if version == 2 else layer][rate_index]
    rate_hz = (44_100, 48_000, 32_000)[frequency_index] >> (2, 1, 1, 0)[header[1] >> 3 & 3]
    padding = header[2] >> 1 & 1
    if layer == 1:
        return 4 * (12 * bit_per_s // rate_hz + padding)
    n_samples = 576 if version == 2 and layer == 3 else 1152
    return n_samples // 8 * bit_per_s // rate_hz + padding


def has_mpeg_frames(data: bytes) -> bool:
    """Tell whether MPEG audio frames follow each other somewhere in `data`, which may end within them."""
    at = data.find(b"\xff")
    while at >= 0:
        end, n_frames = at, 0
        while n_frames < _FRAMES_IN_A_ROW and (length := mpeg_frame_length(data[end : end + 4])):
            end, n_frames = end + length, n_frames + 1
        if n_frames == _FRAMES_IN_A_ROW or (n_frames > 1 and end >= len(data)):
            return True
        at = data.find(b"\xff", at + 1)
    return False


# --- Vorbis comments: how many there are ------------------------------------------------------------

Read = Callable[[int, int], bytes]
"""Gives the bytes from a position on (first argument), up to a number of them (second)."""

_MOST_BLOCKS = _MOST_PAGES = 10_000
_OGG_PAGE_BYTES = 27
_LOOK_BYTES = 1 << 16
"""Of a comment header, for the number of its comments; before that stands the name of a program."""

_COMMENT_PREFIXES = {b"\x03vorbis": 7, b"\x81theora": 7, b"OpusTags": 8}
"""Bytes before the comments in a packet of Ogg; Speex has none."""


def most_comments(read: Read) -> int:
    """Count the Vorbis comments in the fullest header of a FLAC or Ogg file; 0 for another file.

    Only headers are read. One that states more comments than fit into it has as many as fit.
    """
    start = read(0, 4)
    if start == b"fLaC":
        return max(_counts_of_flac(read), default=0)
    return max(_counts_of_ogg(read), default=0) if start == b"OggS" else 0


def _counts_of_flac(read: Read) -> Iterator[int]:
    at = 4
    for _ in range(_MOST_BLOCKS):
        header = read(at, 4)
        if len(header) < 4:
            return
        size = int.from_bytes(header[1:], "big")
        if header[0] & 0x7F == 4:
            yield _count(read(at + 4, min(size, _LOOK_BYTES)), size)
        if header[0] & 0x80:
            return
        at += 4 + size


def _counts_of_ogg(read: Read) -> Iterator[int]:
    """Count for each packet before the sound, as if it held comments: what is none states too long a name.

    The sound begins with the fourth packet of a stream at the latest; with FLAC, behind all its blocks.
    """
    for index, head, length in _ogg_packets(read):
        is_flac_block = head[:1] < b"\x80" or head[:1] in (b"\x84", b"\x86")
        if index >= 3 and not is_flac_block:
            return
        for prefix in {4, next((n for mark, n in _COMMENT_PREFIXES.items() if head.startswith(mark)), 0)}:
            yield _count(head[prefix:], length - prefix)


def _ogg_packets(read: Read) -> Iterator[tuple[int, bytes, int]]:
    """Yield packets as they end: the index in their stream, their first bytes and their length (RFC 3533)."""
    begun: dict[bytes, tuple[int, bytes, int]] = {}
    at = 0
    for _ in range(_MOST_PAGES):
        header = read(at, _OGG_PAGE_BYTES + 255)
        if len(header) < _OGG_PAGE_BYTES or header[:4] != b"OggS":
            return
        serial, lacing = header[14:18], header[_OGG_PAGE_BYTES : _OGG_PAGE_BYTES + header[26]]
        start = at + _OGG_PAGE_BYTES + len(lacing)
        index, head, length = begun.get(serial, (0, b"", 0))
        is_needed = len(head) < _LOOK_BYTES or min(lacing, default=0) < 255
        body, at = read(start, sum(lacing)) if is_needed else b"", start + sum(lacing)
        taken = 0
        for value in lacing:
            head += body[taken : taken + min(value, max(0, _LOOK_BYTES - len(head)))]
            taken, length = taken + value, length + value
            if value < 255:
                yield index, head, length
                index, head, length = index + 1, b"", 0
        begun[serial] = index, head, length


def _count(head: bytes, n_bytes: int) -> int:
    """Read the number of comments from the beginning of `n_bytes` of them; each takes four bytes or more."""
    at = 4 + int.from_bytes(head[:4], "little")
    if at + 4 > n_bytes:
        return 0
    fitting = (n_bytes - at - 4) // 4
    return min(int.from_bytes(head[at : at + 4], "little"), fitting) if at + 4 <= len(head) else fitting


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


def asf_objects(read: Read, start: int, end: int) -> Iterator[AsfObject]:
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
