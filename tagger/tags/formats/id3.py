"""The ID3v2 tag as a whole: header, extended header, frames, padding.

The tag's version, flags, extended header and every foreign frame stay as they are; v2.2 is
written too, since only whole frames are exchanged.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from tagger.tags.block import Encode, Item, Shape
from tagger.tags.errors import TagError, UnsupportedFormat
from tagger.tags.fields import Field
from tagger.tags.formats.bytesource import ByteSource
from tagger.tags.formats.id3_frames import (
    as_item,
    desynchronised,
    from_syncsafe,
    new_frame,
    split_frames,
    syncsafe,
    unsynchronised,
)

HEADER_BYTES = 10
_UNSYNC, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10


@dataclass(frozen=True, slots=True)
class Id3Tag:
    """An ID3v2 tag taken apart; `stored_bytes` is its length in the file (0: there is none).

    `tail` is what follows the frames and is no padding; it is kept, behind the frames.
    `plain_sizes`: a v2.4 tag whose frame sizes are not syncsafe, as old iTunes wrote them.
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

    @property
    def shape(self) -> Shape:
        return Shape(present=self.stored_bytes > 0, padding=self.padding)

    @property
    def dialect(self) -> str:
        return f"id3v2.{self.major}"

    @property
    def encode(self) -> Encode:
        return functools.partial(_encode, self.major, self.plain_sizes)


# v2.3 is what Windows, DJ software and car radios all read.
NO_TAG = Id3Tag(3, 0, 0, b"", (), b"", 0, False, 0)


def tag_length(header: bytes) -> int:
    """Bytes of the ID3v2 tag that begins with these ten bytes; 0 when none does."""
    if len(header) < HEADER_BYTES or header[:3] != b"ID3" or header[3] == 0xFF or max(header[6:10]) >= 0x80:
        return 0
    footer = HEADER_BYTES if header[3] == 4 and header[5] & _FOOTER else 0
    return HEADER_BYTES + from_syncsafe(header[6:10]) + footer


def read_tag(source: ByteSource, start: int) -> Id3Tag:
    """The tag at `start` of a file, or `NO_TAG`; TagError when it is damaged or of an unknown kind."""
    length = tag_length(source.peek(start, HEADER_BYTES))
    return parse(source.at(start, length)) if length else NO_TAG


def parse(data: bytes) -> Id3Tag:
    """Take a whole tag apart."""
    major, revision, flags = data[3], data[4], data[5]
    if major not in (2, 3, 4) or (major == 4 and flags & _FOOTER) or (major == 2 and flags & 0x40):
        raise UnsupportedFormat(f"an ID3v2.{major} tag of a rare kind, which is left alone")
    body = data[HEADER_BYTES:]
    if flags & _UNSYNC and major < 4:
        body = desynchronised(body)
    extended, body = _extended_header(body, major, flags)
    plain_sizes, frames, rest = _frames(body, major)
    tail = rest.rstrip(b"\0")
    items = tuple(as_item(frame, major, bool(flags & _UNSYNC)) for frame in frames)
    return Id3Tag(
        major, revision, flags, extended, items, tail, len(rest) - len(tail), plain_sizes, len(data)
    )


def render(tag: Id3Tag, items: tuple[Item, ...], shape: Shape | None) -> bytes:
    """The tag with other items: as long as it was when they fit, else longer; empty when it shall go."""
    if shape is not None and not shape.present and not items and not tag.tail:
        return b""
    content = b"".join(item.raw for item in items) + tag.tail
    if shape is not None:
        return _assembled(tag, content, shape.padding)
    spare = tag.stored_bytes - len(_assembled(tag, content, 0))
    fitting = _assembled(tag, content, max(spare, 0))
    return fitting if len(fitting) == tag.stored_bytes else _assembled(tag, content, tag.padding)


def _assembled(tag: Id3Tag, content: bytes, padding: int) -> bytes:
    extended = tag.extended
    if tag.major == 3 and len(extended) >= 10:
        extended = extended[:6] + padding.to_bytes(4, "big") + extended[10:]
    body = extended + content + bytes(padding)
    if tag.flags & _UNSYNC and tag.major < 4:
        body = unsynchronised(body)
    return b"ID3" + bytes((tag.major, tag.revision, tag.flags)) + syncsafe(len(body)) + body


def _encode(major: int, plain_sizes: bool, field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    return (new_frame(field, values, major, plain_sizes),) if values else ()


def _extended_header(body: bytes, major: int, flags: int) -> tuple[bytes, bytes]:
    """The extended header and the rest; one with a checksum over the frames is refused."""
    if major == 2 or not flags & _EXTENDED or body[:4].isalnum():
        return b"", body
    size = from_syncsafe(body[:4]) if major == 4 else 4 + int.from_bytes(body[:4], "big")
    if not 6 <= size <= len(body):
        raise TagError("its ID3 tag is damaged (extended header)")
    checked = body[5] & 0x20 if major == 4 else body[4] & 0x80
    if checked:
        raise UnsupportedFormat("its ID3 tag carries a checksum, and is left alone")
    return body[:size], body[size:]


def _frames(body: bytes, major: int) -> tuple[bool, list[bytes], bytes]:
    """Frames and rest, with frame sizes read the way that explains more of the tag."""
    frames, rest = split_frames(body, major, plain_sizes=False)
    if major == 4 and rest.strip(b"\0"):
        plain_frames, plain_rest = split_frames(body, major, plain_sizes=True)
        if len(plain_rest.rstrip(b"\0")) < len(rest.rstrip(b"\0")):
            return True, plain_frames, plain_rest
    return False, frames, rest
