"""ID3v2 frames as raw bytes: walking, reading ours, spelling new ones, for v2.2, v2.3 and v2.4.

Sources: id3.org, "ID3 tag version 2.2.0", "2.3.0" and "2.4.0 - Main Structure".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from tagger.tags.block import UNREADABLE, Item
from tagger.tags.errors import TagError
from tagger.tags.fields import ID3_USER_TEXT, Field, field_named

FRAME_HEADER_BYTES = {2: 6, 3: 10, 4: 10}
_FRAME_ID = {2: re.compile(rb"[A-Z][A-Z0-9]{2}"), 3: re.compile(rb"[A-Z][A-Z0-9]{2}[A-Z0-9 \0]")}
_FRAME_ID[4] = _FRAME_ID[3]
_TEXT_IDS: dict[bytes, Field] = {b"TCON": "genre", b"TCO": "genre", b"TBPM": "bpm", b"TBP": "bpm"}
_CODECS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}


def syncsafe(value: int) -> bytes:
    """A 28-bit number in four bytes of seven bits, as ID3v2 headers hold it."""
    if not 0 <= value < 1 << 28:
        raise TagError("an ID3 tag cannot be larger than 256 MiB")
    return bytes((value >> shift) & 0x7F for shift in (21, 14, 7, 0))


def from_syncsafe(data: bytes) -> int:
    """The number in four bytes of seven bits."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def desynchronised(data: bytes) -> bytes:
    """Undo ID3's unsynchronisation: FF 00 stands for FF."""
    return data.replace(b"\xff\x00", b"\xff")


def unsynchronised(data: bytes) -> bytes:
    """Apply ID3's unsynchronisation, so that no byte pair looks like an MPEG frame."""
    escaped = re.sub(rb"\xff(?=[\xe0-\xff\x00])", b"\xff\x00", data)
    return escaped + b"\x00" if escaped.endswith(b"\xff") else escaped


def split_frames(body: bytes, major: int, plain_sizes: bool) -> tuple[list[bytes], bytes]:
    """The raw frames at the start of a tag's body, and the rest: padding, or what is no frame."""
    frames, position, header = [], 0, FRAME_HEADER_BYTES[major]
    while position + header < len(body):
        if not _FRAME_ID[major].match(body, position):
            break
        end = position + header + _frame_size(body[position : position + header], major, plain_sizes)
        if end > len(body):
            break
        frames.append(body[position:end])
        position = end
    return frames, body[position:]


def as_item(frame: bytes, major: int, unsync: bool) -> Item:
    """A frame as an item; its texts are read when it is one of ours."""
    frame_id = frame[: 3 if major == 2 else 4]
    if frame_id in _TEXT_IDS:
        return Item(frame, _TEXT_IDS[frame_id], _texts(_content(frame, major, unsync)))
    if frame_id in (b"TXXX", b"TXX"):
        description, *texts = _texts(_content(frame, major, unsync)) or ("",)
        field = field_named(ID3_USER_TEXT, description)
        return Item(frame, field, tuple(texts)) if field else Item(frame)
    return Item(frame)


def new_frame(field: Field, values: Sequence[str], major: int, plain_sizes: bool) -> Item:
    """Our values as one frame, several separated by NUL.

    v2.4 defines NUL as the separator; in v2.3 and v2.2 it is the convention that TagLib, mutagen
    and foobar2000 read, and the only one that puts no `/` into a genre. Latin-1 for plain ASCII,
    else UTF-16 with BOM before v2.4 and UTF-8 in it, as each version allows.
    """
    name = ID3_USER_TEXT.get(field)
    text = "\0".join(([name] if name else []) + list(values))
    frame_id = _frame_id(field, major)
    encoding = 0 if text.isascii() else (3 if major == 4 else 1)
    content = bytes([encoding]) + _encoded(text, encoding)
    return Item(_header(frame_id, len(content), major, plain_sizes) + content, field, tuple(values))


def _frame_id(field: Field, major: int) -> bytes:
    frame_id = {"genre": b"TCON", "bpm": b"TBPM"}.get(field, b"TXXX")
    return frame_id[:3] if major == 2 else frame_id


def _header(frame_id: bytes, size: int, major: int, plain_sizes: bool) -> bytes:
    if major == 2:
        return frame_id + size.to_bytes(3, "big")
    stored = syncsafe(size) if major == 4 and not plain_sizes else size.to_bytes(4, "big")
    return frame_id + stored + b"\0\0"


def _frame_size(header: bytes, major: int, plain_sizes: bool) -> int:
    if major == 2:
        return int.from_bytes(header[3:6], "big")
    size = header[4:8]
    if major == 4 and not plain_sizes:
        return from_syncsafe(size) if max(size) < 0x80 else 1 << 32
    return int.from_bytes(size, "big")


def _content(frame: bytes, major: int, unsync: bool) -> bytes:
    """A frame's content as its version's format flags say; empty when it is encrypted."""
    content = frame[FRAME_HEADER_BYTES[major] :]
    flags = 0 if major == 2 else frame[9]
    if major == 3:
        compressed, encrypted, grouped, sized = flags & 0x80, flags & 0x40, flags & 0x20, flags & 0x80
    else:
        compressed, encrypted, grouped, sized = flags & 0x08, flags & 0x04, flags & 0x40, flags & 0x01
    if major == 4 and (flags & 0x02 or unsync):
        content = desynchronised(content)
    if encrypted:
        return b""
    content = content[(1 if grouped else 0) + (4 if sized else 0) :]
    try:
        return zlib.decompress(content) if compressed else content
    except zlib.error:
        return b""


def _texts(content: bytes) -> tuple[str, ...]:
    codec = _CODECS.get(content[0]) if content else None
    if codec is None:
        return (UNREADABLE,)
    text = _decoded_pieces(content[1:], codec)
    while text and not text[-1]:
        text.pop()
    return tuple(text)


def _decoded_pieces(data: bytes, codec: str) -> list[str]:
    """NUL-separated texts; each may carry its own byte order mark, which is dropped."""
    if codec == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16-le"
    return [piece.lstrip("\ufeff\ufffe") for piece in _decode(data, codec).split("\0")]


def _decode(data: bytes, codec: str) -> str:
    return data[: len(data) & ~1 if codec.startswith("utf-16") else None].decode(codec, "replace")


def _encoded(text: str, encoding: int) -> bytes:
    if encoding != 1:
        return text.encode(_CODECS[encoding])
    # Every string of a UTF-16 frame carries its own byte order mark (id3v2.3.0, 3.3).
    return b"\0\0".join(b"\xff\xfe" + piece.encode("utf-16-le") for piece in text.split("\0"))
