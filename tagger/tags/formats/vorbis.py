"""Vorbis comments as raw items (flac, ogg vorbis, opus, speex).

Source: xiph.org, "Ogg Vorbis I format specification: comment field and header specification".
Comments keep their bytes, so invalid UTF-8, key case, order, duplicates and the vendor stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from tagger.tags.block import Item
from tagger.tags.errors import TagError
from tagger.tags.fields import VORBIS, Field, field_named


def parse_comments(data: bytes) -> tuple[bytes, tuple[Item, ...], int]:
    """Vendor string, comments, and how many bytes of `data` they took."""
    vendor, position = _counted(data, 0)
    count = int.from_bytes(data[position : position + 4], "little")
    position += 4
    items = []
    for _ in range(count):
        comment, position = _counted(data, position)
        items.append(_as_item(comment))
    return vendor, tuple(items), position


def render_comments(vendor: bytes, items: Sequence[Item]) -> bytes:
    """The comment block, without framing bit or packet type."""
    parts = [_with_length(vendor), len(items).to_bytes(4, "little")]
    return b"".join(parts + [_with_length(item.raw) for item in items])


def encode_comments(field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    """One comment a value."""
    return tuple(Item(f"{VORBIS[field]}={value}".encode(), field, (value,)) for value in values)


def _as_item(comment: bytes) -> Item:
    name, separator, value = comment.partition(b"=")
    field = field_named(VORBIS, name.decode("ascii", "replace")) if separator else None
    return Item(comment, field, (value.decode("utf-8", "replace"),)) if field else Item(comment)


def _counted(data: bytes, position: int) -> tuple[bytes, int]:
    start = position + 4
    end = start + int.from_bytes(data[position:start], "little")
    if start > len(data) or end > len(data):
        raise TagError("its Vorbis comments are damaged")
    return data[start:end], end


def _with_length(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data
