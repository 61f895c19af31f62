"""The frames of ID3v2: split, read and spell them, in v2.2, v2.3 and v2.4.

Sources: id3.org, "ID3 tag version 2.2.0", "2.3.0" and "2.4.0 - Native Frames".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from tagger.containers import from_syncsafe
from tagger.errors import TagError
from tagger.tags.block import UNREADABLE, Item
from tagger.tags.fields import ID3_USER_TEXT, Field, field_meant
from tagger.tags.limits import check_count, expanded

FRAME_HEADER_BYTES = {2: 6, 3: 10, 4: 10}
_FRAME_ID = {2: re.compile(rb"[A-Z][A-Z0-9]{2}"), 3: re.compile(rb"[A-Z][A-Z0-9]{2}[A-Z0-9 \0]")}
_FRAME_ID[4] = _FRAME_ID[3]
_TEXT_IDS: dict[bytes, Field] = {
    b"TCON": "genre",
    b"TCO": "genre",
    b"TBPM": "bpm",
    b"TBP": "bpm",
    b"TKEY": "key",
    b"TKE": "key",
    b"TMOO": "mood",
    b"GRP1": "words",
    b"GP1": "words",
}
_CONTENT_GROUP = (b"TIT1", b"TT1")
_COMMENTS, _RATINGS = (b"COMM", b"COM"), (b"POPM", b"POP")

_RATER = b"Windows Media Player 9 Series"
"""Whose rating a new one is: the name that Explorer reads and Kid3, MediaMonkey and others write."""

_CODECS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}


def syncsafe(value: int) -> bytes:
    """Spell a 28-bit number in four bytes of seven bits, as ID3v2 headers hold it."""
    if not 0 <= value < 1 << 28:
        raise TagError("an ID3 tag cannot be larger than 256 MiB")
    return bytes((value >> shift) & 0x7F for shift in (21, 14, 7, 0))


def desynchronised(data: bytes) -> bytes:
    """Undo ID3's unsynchronisation: FF 00 stands for FF."""
    return data.replace(b"\xff\x00", b"\xff")


def unsynchronised(data: bytes) -> bytes:
    """Apply ID3's unsynchronisation, so that no byte pair looks like an MPEG frame."""
    escaped = re.sub(rb"\xff(?=[\xe0-\xff\x00])", b"\xff\x00", data)
    return escaped + b"\x00" if escaped.endswith(b"\xff") else escaped


def split_frames(body: bytes, major: int, plain_sizes: bool) -> tuple[list[bytes], bytes]:
    """Split a tag's body into the raw frames at its start and the rest: padding, or other bytes."""
    frames, position, header = [], 0, FRAME_HEADER_BYTES[major]
    while position + header < len(body):
        if not _FRAME_ID[major].match(body, position):
            break
        end = position + header + _frame_size(body[position : position + header], major, plain_sizes)
        if end > len(body):
            break
        frames.append(body[position:end])
        position = end
        check_count(len(frames))
    return frames, body[position:]


def as_item(frame: bytes, major: int, unsync: bool) -> Item:
    """Make a frame an item; its texts are read where it is one of ours, or the content group beside them.

    Old iTunes gave the frames of v2.3 the names that they have in v2.2, with a NUL behind. A comment is one
    without a description: others are iTunes' numbers and what programs keep for themselves.
    """
    frame_id = frame[: 3 if major == 2 else 4].rstrip(b"\0")
    if frame_id in _TEXT_IDS:
        return Item(frame, _TEXT_IDS[frame_id], _texts(_content(frame, major, unsync)))
    if frame_id in _CONTENT_GROUP:
        return Item(frame, None, _texts(_content(frame, major, unsync)))
    if frame_id in _COMMENTS:
        content = _content(frame, major, unsync)
        description, *texts = _texts(content[:1] + content[4:]) or ("",)
        if description == UNREADABLE or len(content) < 4:
            return Item(frame)
        return Item(frame) if description else Item(frame, "comment", ("\0".join(texts),))
    if frame_id in _RATINGS:
        rating = _content(frame, major, unsync).partition(b"\0")[2][:1]
        return Item(frame, "rating", (str(rating[0]) if rating else UNREADABLE,))
    if frame_id in (b"TXXX", b"TXX"):
        description, *texts = _texts(_content(frame, major, unsync)) or ("",)
        field = field_meant(ID3_USER_TEXT, description, texts)
        return Item(frame, field, tuple(texts)) if field else Item(frame)
    return Item(frame)


def new_frame(field: Field, values: Sequence[str], major: int, plain_sizes: bool) -> Item:
    """Spell our values as one frame, several separated by NUL.

    v2.4 defines NUL as the separator; in v2.3 and v2.2 it is the convention that TagLib, mutagen
    and foobar2000 read, and the only one that puts no `/` into a genre. Latin-1 for plain ASCII,
    else UTF-16 with BOM before v2.4 and UTF-8 in it, as each version allows.
    """
    frame_id = _frame_id(field, major)
    if field == "rating":
        raw = _framed(frame_id, _RATER + b"\0" + bytes([int(values[0])]), major, plain_sizes)
        return Item(raw, field, tuple(values))
    if field == "comment":
        return Item(raw_frame(frame_id, ("", *values), major, plain_sizes), field, tuple(values))
    name = [ID3_USER_TEXT[field]] if frame_id in (b"TXXX", b"TXX") else []
    return Item(raw_frame(frame_id, name + list(values), major, plain_sizes), field, tuple(values))


def reworded(item: Item, text: str, major: int, plain_sizes: bool, unsync: bool) -> Item:
    """Spell a comment or a rating anew: the language of the one, rater and count of the other are kept.

    Its frame loses compression and the like, which nobody needs for a few words.
    """
    if item.texts == (text,):
        return item
    content = _content(item.raw, major, unsync)
    frame_id = item.raw[: 3 if major == 2 else 4]
    if item.field == "rating":
        rater, _, rest = content.partition(b"\0")
        raw = _framed(frame_id, rater + b"\0" + bytes([int(text)]) + rest[1:], major, plain_sizes)
    else:
        raw = raw_frame(frame_id, ("", text), major, plain_sizes, language=content[1:4])
    return Item(raw, item.field, (text,))


def raw_frame(
    frame_id: bytes,
    texts: Sequence[str],
    major: int,
    plain_sizes: bool = False,
    language: bytes = b"eng",
) -> bytes:
    """Spell a frame of texts; those of `TXXX` begin with its description, those of `COMM` too."""
    text = "\0".join(texts)
    encoding = 0 if text.isascii() else (3 if major == 4 else 1)
    language = language if frame_id.rstrip(b"\0") in _COMMENTS else b""
    return _framed(frame_id, bytes([encoding]) + language + _encoded(text, encoding), major, plain_sizes)


def _frame_id(field: Field, major: int) -> bytes:
    if field == "words":
        return b"GP1" if major == 2 else b"GRP1"
    if field == "mood" and major == 4:
        return b"TMOO"
    names: dict[Field, bytes] = {
        "genre": b"TCON",
        "bpm": b"TBPM",
        "key": b"TKEY",
        "comment": b"COMM",
        "rating": b"POPM",
    }
    frame_id = names.get(field, b"TXXX")
    return frame_id[:3] if major == 2 else frame_id


def _framed(frame_id: bytes, content: bytes, major: int, plain_sizes: bool) -> bytes:
    """Put the header of a frame in front of its content."""
    size = len(content)
    if major == 2:
        return frame_id + size.to_bytes(3, "big") + content
    stored = syncsafe(size) if major == 4 and not plain_sizes else size.to_bytes(4, "big")
    return frame_id + stored + b"\0\0" + content


def _frame_size(header: bytes, major: int, plain_sizes: bool) -> int:
    if major == 2:
        return int.from_bytes(header[3:6], "big")
    size = header[4:8]
    if major == 4 and not plain_sizes:
        return from_syncsafe(size) if max(size) < 0x80 else 1 << 32
    return int.from_bytes(size, "big")


def _content(frame: bytes, major: int, unsync: bool) -> bytes:
    """Decode a frame's content as its version's format flags say; empty where it is encrypted."""
    content = frame[FRAME_HEADER_BYTES[major] :]
    flags = 0 if major == 2 else frame[9]
    if major == 3:
        compressed, encrypted, grouped, sized = flags & 0x80, flags & 0x40, flags & 0x20, flags & 0x80
    else:
        compressed, encrypted, grouped, sized = flags & 0x08, flags & 0x04, flags & 0x40, flags & 0x01
    if unsync or (major == 4 and flags & 0x02):
        content = desynchronised(content)
    if encrypted:
        return b""
    content = content[(1 if grouped else 0) + (4 if sized else 0) :]
    try:
        return expanded(content) if compressed else content
    except zlib.error:
        return b""


def _texts(content: bytes) -> tuple[str, ...]:
    codec = _CODECS.get(content[0]) if content else None
    if codec is None:
        return (UNREADABLE,)
    check_count(content.count(b"\0\0" if codec.startswith("utf-16") else b"\0"))
    text = _decoded_pieces(content[1:], codec)
    while text and not text[-1]:
        text.pop()
    return tuple(text)


def _decoded_pieces(data: bytes, codec: str) -> list[str]:
    """Split NUL-separated texts; each may carry its own byte order mark, which is dropped."""
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
