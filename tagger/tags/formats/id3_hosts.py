"""Where an ID3v2 tag lies: before the audio (mp3, tta), in a chunk (wav, aiff), at the end (dsf).

Sources: EA IFF 85 and Microsoft's "Multimedia Programming Interface and Data Specifications 1.0"
(chunks and their pad byte), Sony's "DSF File Format Specification 1.01" (the metadata pointer).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from tagger.containers import ID3V2_HEADER_BYTES, id3v2_length
from tagger.errors import UnsupportedFormat
from tagger.tags.block import ByteSource, Item, Layout, Span, Splice, TagBlock
from tagger.tags.formats.id3 import Id3Tag, parse, read_tag, render

_DSF_HEADER_BYTES = 28


def load_front(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tag of mp3 and tta: it is the start of the file; whatever follows it is payload."""
    tag = read_tag(source, 0)

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        return [Splice(0, tag.stored_bytes, render(tag, items, layout))]

    payload = ((tag.stored_bytes, source.size),)
    return TagBlock(format_name, tag.dialect, tag.items, tag.layout, lambda _: payload, tag.encode, rebuild)


def load_dsf(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tag of dsf: the header points at it, and it ends the file."""
    header = source.at(0, _DSF_HEADER_BYTES)
    pointer = int.from_bytes(header[20:28], "little")
    if int.from_bytes(header[12:20], "little") != source.size or pointer > source.size:
        raise UnsupportedFormat("its DSF header does not agree with the file's length")
    start = pointer or source.size
    tag = read_tag(source, start)
    if start + tag.stored_bytes != source.size:
        raise UnsupportedFormat("its DSF tag is not the end of the file")

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        data = render(tag, items, layout)
        numbers = (start + len(data)).to_bytes(8, "little") + (start if data else 0).to_bytes(8, "little")
        return [Splice(12, 28, numbers), Splice(start, source.size, data)]

    payload = ((0, 12), (_DSF_HEADER_BYTES, start))
    return TagBlock(format_name, tag.dialect, tag.items, tag.layout, lambda _: payload, tag.encode, rebuild)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a RIFF or FORM file; `end` is behind its data, without the pad byte."""

    name: bytes
    start: int
    end: int

    def padded_end(self, limit: int) -> int:
        """Give the end with the pad byte of a chunk of odd length, at most `limit`."""
        return min(self.end + (self.end - self.start) % 2, limit)


def load_chunked(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tag of wav and aiff: it is a chunk; `LIST INFO` and all other chunks are payload."""
    order: Literal["little", "big"] = "little" if format_name == "wav" else "big"
    end = 8 + int.from_bytes(source.at(4, 4), order)
    if end > source.size:
        raise UnsupportedFormat("its chunk sizes do not agree with the file's length")
    chunks = read_chunks(source, order, end)
    home = next((chunk for chunk in chunks if chunk.name in (b"ID3 ", b"id3 ")), None)
    tag = _chunk_tag(source, home)
    rebuild = functools.partial(_chunk_splices, tag, home, order, end)
    others: list[Span] = [(chunk.start, chunk.end) for chunk in chunks if chunk is not home]
    payload = ((0, 4), (8, 12), *others, (end, source.size))
    return TagBlock(format_name, tag.dialect, tag.items, tag.layout, lambda _: payload, tag.encode, rebuild)


def read_chunks(source: ByteSource, order: Literal["little", "big"], end: int) -> list[Chunk]:
    """Read the chunks of the file up to `end`, where its header says that it ends."""
    chunks, position = [], 12
    while position + 8 <= end:
        header = source.at(position, 8)
        chunk = Chunk(header[:4], position, position + 8 + int.from_bytes(header[4:], order))
        if chunk.end > end:
            raise UnsupportedFormat("its chunk sizes do not agree with the file's length")
        chunks.append(chunk)
        position = chunk.padded_end(end)
    return chunks


def _chunk_tag(source: ByteSource, home: Chunk | None) -> Id3Tag:
    if home is None:
        return read_tag(source, source.size)
    data = source.at(home.start + 8, home.end - home.start - 8)
    length = id3v2_length(data[:ID3V2_HEADER_BYTES])
    if not length or length > len(data) or data[length:].strip(b"\0"):
        raise UnsupportedFormat("its ID3 chunk holds something else than one ID3 tag")
    return parse(data[:length])


def _chunk_splices(
    tag: Id3Tag,
    home: Chunk | None,
    order: Literal["little", "big"],
    end: int,
    items: tuple[Item, ...],
    layout: Layout | None,
) -> list[Splice]:
    data = render(tag, items, layout)
    start = home.start if home else end
    stop = home.padded_end(end) if home else end
    name = home.name if home else (b"id3 " if order == "little" else b"ID3 ")
    chunk = name + len(data).to_bytes(4, order) + data + bytes(len(data) % 2) if data else b""
    if chunk and start % 2:
        chunk = b"\0" + chunk  # the last chunk's pad byte was missing
    size = end - 8 + len(chunk) - (stop - start)
    if size >= 1 << 32:
        raise UnsupportedFormat("it would grow beyond the 4 GiB that its format can hold")
    return [Splice(4, 8, size.to_bytes(4, order)), Splice(start, stop, chunk)]
