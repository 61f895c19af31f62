"""ID3v2 tags: header, extended header, frames as raw bytes, padding; for v2.2, v2.3 and v2.4.

The tag's version, flags, extended header and every foreign frame stay as they are; v2.2 is
written too, since only whole frames are exchanged.
Sources: id3.org, "ID3 tag version 2.2.0", "2.3.0" and "2.4.0 - Main Structure".
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tagger.containers import ID3V2_HEADER_BYTES, from_syncsafe, id3v2_length
from tagger.errors import TagError, UnsupportedFormat
from tagger.tags.block import ByteSource, Encode, Item, Layout, Reword, Splice, first_comment_alone
from tagger.tags.fields import Field
from tagger.tags.formats.id3_frames import (
    FRAME_HEADER_BYTES,
    as_item,
    desynchronised,
    new_frame,
    reworded,
    split_frames,
    syncsafe,
    unsynchronised,
)

_ID3V1_REACH = 132
_ID3V1_START = re.compile(rb"TAG.{119,}", re.DOTALL)
"""An ID3v1 tag is 128 bytes long; mutagen also takes 124, and a pad byte may follow ours."""

_UNSYNC, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10


@dataclass(frozen=True, slots=True)
class Checksum:
    """A CRC-32 in the extended header that is right: the byte where it begins, and whether it covers padding.

    In v2.4 it is of frames and padding, in v2.3 of the frames alone, but programs differ. A wrong one
    counts as none: nobody checks it, and it stays as it is.
    """

    at: int
    covers_padding: bool


@dataclass(frozen=True, slots=True)
class Id3Tag:
    """An ID3v2 tag taken apart; `stored_bytes` is its length in the file (0: there is none).

    `tail` is what follows the frames and is no padding; it is kept, behind the frames.
    `plain_sizes`: a v2.4 tag whose frame sizes are not syncsafe, as old iTunes wrote them. `counts_escapes`:
    an unsynchronised tag before v2.4 whose frame sizes count the bytes inserted, against "2.3.0", 5, so that
    FFmpeg reads it and TagLib does not; its items are as stored.
    """

    major: int
    revision: int
    flags: int
    extended: bytes
    items: tuple[Item, ...]
    tail: bytes
    padding: int
    plain_sizes: bool
    stored_bytes: int
    checksum: Checksum | None = None
    counts_escapes: bool = False

    @property
    def layout(self) -> Layout:
        """How the tag lies in its file."""
        return Layout(present=self.stored_bytes > 0, padding=self.padding)

    @property
    def dialect(self) -> str:
        """The spelling of its frames, such as `id3v2.3`."""
        return f"id3v2.{self.major}" + (" (escapes counted)" if self.counts_escapes else "")

    @property
    def has_escapes(self) -> bool:
        """Whether the tag is unsynchronised as a whole: readers differ in the sizes of longer frames."""
        return self.major < 4 and bool(self.flags & _UNSYNC)

    @property
    def encode(self) -> Encode:
        """The function that spells values as frames of its version."""
        return functools.partial(_encode, self)

    @property
    def reword(self) -> Reword:
        """The function that spells a comment or a rating anew, with all else of its frame."""
        return functools.partial(_reword, self)


# v2.3 is what Windows, DJ software and car radios all read.
NO_TAG = Id3Tag(3, 0, 0, b"", (), b"", 0, False, 0)


def read_tag(source: ByteSource, start: int) -> Id3Tag:
    """Read the tag at `start` of a file, or `NO_TAG`; TagError where it is damaged or of an unknown kind."""
    length = id3v2_length(source.peek(start, ID3V2_HEADER_BYTES))
    return parse(source.at(start, length)) if length else NO_TAG


def parse(data: bytes) -> Id3Tag:
    """Split a whole tag into its parts."""
    major, flags = data[3], data[5]
    if rare := _rare_kind(major, flags):
        raise UnsupportedFormat(f"its ID3v2.{major} tag {rare}, and is left alone")
    stored = data[ID3V2_HEADER_BYTES:]
    if not flags & _UNSYNC or major == 4:
        return _taken_apart(data, stored)
    tag = _taken_apart(data, desynchronised(stored))
    other = _taken_apart(data, stored, counts_escapes=True) if tag.tail else tag
    return other if len(other.tail) < len(tag.tail) else tag


def _taken_apart(data: bytes, body: bytes, counts_escapes: bool = False) -> Id3Tag:
    major, revision, flags = data[3], data[4], data[5]
    extended, body = _extended_header(body, major, flags)
    plain_sizes, frames, rest = _frames(body, major)
    tail = rest.rstrip(b"\0")
    unsync = bool(flags & _UNSYNC) and (major == 4 or counts_escapes)
    items = first_comment_alone(as_item(frame, major, unsync) for frame in frames)
    padding = len(rest) - len(tail)
    checksum = _checksum(major, extended, body[: len(body) - padding], padding)
    return Id3Tag(
        major,
        revision,
        flags,
        extended,
        items,
        tail,
        padding,
        plain_sizes,
        len(data),
        checksum,
        counts_escapes,
    )


def _rare_kind(major: int, flags: int) -> str:
    if major not in (2, 3, 4):
        return "is of an unknown version (2.2, 2.3 and 2.4 were tried)"
    if major == 4 and flags & _FOOTER:
        return "has a footer"
    return "is compressed as a whole" if major == 2 and flags & _EXTENDED else ""


def render(tag: Id3Tag, items: tuple[Item, ...], layout: Layout | None, behind: int = _ID3V1_REACH) -> bytes:
    """Spell the tag with other items: as long as it was where they fit, else longer; empty to remove it.

    With few bytes `behind` it in its file it gets more room where the name of our energy would look like
    the start of an ID3v1 tag: mutagen, and so Picard and beets, would take what follows for title and artist.
    """
    if layout is not None and not layout.present and not items and not tag.tail:
        return b""
    content = b"".join(item.raw for item in items) + tag.tail
    if layout is not None:
        return _assembled(tag, content, layout.padding)
    spare = tag.stored_bytes - len(_assembled(tag, content, 0))
    padding = max(spare, 0)
    if len(_assembled(tag, content, padding)) != tag.stored_bytes:
        padding = tag.padding
    data = _assembled(tag, content, padding)
    while _ID3V1_START.search((data[-_ID3V1_REACH:] + bytes(behind))[-_ID3V1_REACH:]):
        padding += _ID3V1_REACH
        data = _assembled(tag, content, padding)
    return data


def _assembled(tag: Id3Tag, content: bytes, padding: int) -> bytes:
    extended = tag.extended
    if tag.major == 3 and len(extended) >= 10:
        extended = extended[:6] + padding.to_bytes(4, "big") + extended[10:]
    if tag.checksum:
        at = tag.checksum.at
        crc = _crc(tag.major, content, padding if tag.checksum.covers_padding else 0)
        extended = extended[:at] + crc + extended[at + len(crc) :]
    body = extended + content + bytes(padding)
    if tag.has_escapes and not tag.counts_escapes:
        body = unsynchronised(body)
    return b"ID3" + bytes((tag.major, tag.revision, tag.flags)) + syncsafe(len(body)) + body


def _encode(tag: Id3Tag, field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    if not values:
        return ()
    item = new_frame(field, values, tag.major, tag.plain_sizes)
    return (replace(item, raw=_resized(item.raw, tag.major, unsynchronised)) if tag.counts_escapes else item,)


def _reword(tag: Id3Tag, item: Item, text: str) -> Item:
    unsync = bool(tag.flags & _UNSYNC) and (tag.major == 4 or tag.counts_escapes)
    new = reworded(item, text, tag.major, tag.plain_sizes, unsync)
    return replace(new, raw=_resized(new.raw, tag.major, unsynchronised)) if tag.counts_escapes else new


def by_the_book(tag: Id3Tag, start: int) -> list[Splice]:
    """Spell a tag at `start` that counts escapes without any, as long as it is; nothing for other tags."""
    if not tag.counts_escapes:
        return []
    frames = b"".join(_resized(item.raw, tag.major, desynchronised) for item in tag.items)
    body = tag.extended + frames
    size = tag.stored_bytes - ID3V2_HEADER_BYTES
    head = b"ID3" + bytes((tag.major, tag.revision, tag.flags & ~_UNSYNC)) + syncsafe(size)
    return [Splice(start, start + tag.stored_bytes, head + body.ljust(size, b"\0"))]


def _resized(frame: bytes, major: int, change: Callable[[bytes], bytes]) -> bytes:
    """Change the content of a frame of v2.2 or v2.3, and the size in its header with it."""
    head, content = frame[: FRAME_HEADER_BYTES[major]], change(frame[FRAME_HEADER_BYTES[major] :])
    if major == 2:
        return head[:3] + len(content).to_bytes(3, "big") + content
    return head[:4] + len(content).to_bytes(4, "big") + head[8:] + content


def _extended_header(body: bytes, major: int, flags: int) -> tuple[bytes, bytes]:
    """Split off the extended header."""
    if major == 2 or not flags & _EXTENDED or body[:4].isalnum():
        return b"", body
    size = from_syncsafe(body[:4]) if major == 4 else 4 + int.from_bytes(body[:4], "big")
    if not 6 <= size <= len(body):
        raise TagError("its ID3 tag is damaged (extended header)")
    return body[:size], body[size:]


def _checksum(major: int, extended: bytes, content: bytes, padding: int) -> Checksum | None:
    """Find the checksum in an extended header (v2.4: "Main Structure", 3.2; v2.3.0: 3.2), if it is right."""
    if len(extended) < (12 if major == 4 else 14) or not extended[5 if major == 4 else 4] & (
        0x20 if major == 4 else 0x80
    ):
        return None
    # In v2.4 each flag has a length and data: of an update none, of a checksum five bytes.
    at = (7 + (1 if extended[5] & 0x40 else 0)) if major == 4 else 10
    usual = major == 4
    for covers_padding in (usual, not usual):
        crc = _crc(major, content, padding if covers_padding else 0)
        if extended[at : at + len(crc)] == crc:
            return Checksum(at, covers_padding)
    return None


def _crc(major: int, content: bytes, padding: int) -> bytes:
    """Compute the CRC-32 of frames and padding: in v2.4 in five bytes of seven bits, in v2.3 in four."""
    crc = zlib.crc32(bytes(padding), zlib.crc32(content))
    if major == 3:
        return crc.to_bytes(4, "big")
    return bytes((crc >> shift) & 0x7F for shift in (28, 21, 14, 7, 0))


def _frames(body: bytes, major: int) -> tuple[bool, list[bytes], bytes]:
    """Split into frames and rest, with frame sizes read in the way that explains more of the tag."""
    frames, rest = split_frames(body, major, plain_sizes=False)
    if major == 4 and rest.strip(b"\0"):
        plain_frames, plain_rest = split_frames(body, major, plain_sizes=True)
        if len(plain_rest.rstrip(b"\0")) < len(rest.rstrip(b"\0")):
            return True, plain_frames, plain_rest
    return False, frames, rest
