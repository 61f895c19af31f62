"""The chunks of wav and aiff, and `LIST INFO` of wav: its entries, and our genre in it.

TagLib and mutagen look into an ID3 chunk alone where there is one; FFmpeg up to 5.1 looks into `LIST INFO`
alone where there is one, FFmpeg 8 into both. So a name that stands in `LIST INFO` is spelled as an ID3 frame
too when the file gets its first ID3 tag (`carried`), and a genre is written into both.
Source: EA IFF 85 and Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (chunks and
their pad byte, INFO).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tagger.errors import UnsupportedFormat
from tagger.tags.block import INFO, ByteSource, Item
from tagger.tags.fields import Field, decoded
from tagger.tags.limits import MAX_PARTS, check_count

Order = Literal["little", "big"]

WRONG_SIZES = "its chunk sizes do not agree with the file's length, with a missing pad byte neither"

INFO_FIELDS: dict[bytes, Field] = {b"IGNR": "genre", b"IBPM": "bpm"}
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9 ]{3}")
_MAX_INFO_BYTES = 1 << 24
"""A longer list is no list of names, and stays as it is."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a RIFF or FORM file; `end` is behind its data, without the pad byte."""

    name: bytes
    start: int
    end: int

    @property
    def is_odd(self) -> bool:
        """Whether a pad byte belongs behind its data."""
        return (self.end - self.start) % 2 == 1

    def padded_end(self, limit: int) -> int:
        """Give the end with the pad byte of a chunk of odd length, at most `limit`."""
        return min(self.end + self.is_odd, limit)


@dataclass(frozen=True, slots=True)
class InfoList:
    """One `LIST INFO` chunk: its entries as items of `container`, at last the bytes that are no entry."""

    chunk: Chunk
    container: str
    items: tuple[Item, ...]

    def is_other(self, items: Iterable[Item]) -> bool:
        """Tell whether those of the items that are of this list are not the ones that it has."""
        return [one.raw for one in items if one.container == self.container] != [
            one.raw for one in self.items
        ]

    def render(self, items: Iterable[Item]) -> bytes:
        """Spell the chunk with those of the items that are of this list, without a pad byte."""
        own = [item for item in items if item.container == self.container]
        if not any(item.field == "genre" for item in self.items):
            # In front, for behind the last entry its pad byte may be missing.
            own.sort(key=lambda item: item.field != "genre")
        content = b"INFO" + b"".join(item.raw for item in own)
        return b"LIST" + len(content).to_bytes(4, "little") + content


def read_chunks(source: ByteSource, order: Order, end: int) -> list[Chunk]:
    """Read the chunks of the file up to `end`, where its header says that it ends."""
    chunks, position = [], 12
    while position + 8 <= end:
        header = source.at(position, 8)
        chunk = Chunk(header[:4], position, position + 8 + int.from_bytes(header[4:], order))
        if chunk.end > end:
            raise UnsupportedFormat(WRONG_SIZES)
        chunks.append(chunk)
        position = chunk.padded_end(end)
        check_count(len(chunks), MAX_PARTS)
    return chunks


def read_infos(source: ByteSource, chunks: Iterable[Chunk]) -> tuple[InfoList, ...]:
    """Read the `LIST INFO` chunks among the chunks of a wav file."""
    lists = [chunk for chunk in chunks if chunk.name == b"LIST" and chunk.end - chunk.start >= 12]
    found: list[InfoList] = []
    for chunk in lists:
        size = chunk.end - chunk.start - 8
        if size > _MAX_INFO_BYTES or source.peek(chunk.start + 8, 4) != b"INFO":
            continue
        container = f"{INFO}{len(found)}"
        raws = _entries(source.at(chunk.start + 12, size - 4))
        items = tuple(Item(raw, INFO_FIELDS.get(raw[:4].upper()), (), container) for raw in raws)
        found.append(InfoList(chunk, container, items))
    return tuple(found)


def _entries(data: bytes) -> list[bytes]:
    """Split into entries with their pad bytes, which some programs leave out; a rest is the last."""
    raws, position = [], 0
    while position + 8 <= len(data) and _NAME.match(data, position):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + size
        if end > len(data):
            break
        if size % 2 and not _NAME.match(data, end):
            end = min(end + 1, len(data))
        raws.append(data[position:end])
        position = end
        check_count(len(raws))
    return raws + ([data[position:]] if position < len(data) else [])


def info_texts(items: Iterable[Item]) -> dict[bytes, str]:
    """Give the names and texts of the entries that are not empty, the first of each name."""
    texts: dict[bytes, str] = {}
    for item in items:
        size = int.from_bytes(item.raw[4:8], "little")
        if item.container.startswith(INFO) and len(item.raw) >= 8 + size:
            text = decoded(item.raw[8 : 8 + size].split(b"\0")[0]).strip()
            if text:
                texts.setdefault(item.raw[:4].upper(), text)
    return texts


def info_entries(infos: Sequence[InfoList], field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    """Spell what `LIST INFO` can hold of our values: the genre, and the tempo where one is there.

    An entry has no texts: what counts as the file's own values are those of the main tag.
    """
    name = next((name for name, ours in INFO_FIELDS.items() if ours == field), None)
    if not infos or name is None or not values:
        return ()
    homes = [info.container for info in infos if any(item.field == field for item in info.items)]
    if not homes and field != "genre":
        return ()
    text = "; ".join(values).encode() + b"\0"
    raw = name + len(text).to_bytes(4, "little") + text + bytes(len(text) % 2)
    return (Item(raw, field, (), homes[0] if homes else infos[0].container),)
