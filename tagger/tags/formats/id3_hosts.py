"""Where an ID3v2 tag lies: before the audio (mp3, tta), in a chunk (wav, aiff), at the end (dsf).

Source: Sony's "DSF File Format Specification 1.01" (the metadata pointer).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tagger.containers import ID3V1_LOOK_BYTES, ID3V2_HEADER_BYTES, id3v2_length
from tagger.errors import UnsupportedFormat
from tagger.tags.block import ByteSource, Item, Layout, Rebuild, Span, Splice, TagBlock
from tagger.tags.fields import Field
from tagger.tags.formats.carried import ape_frames, info_frames, replaygain_frames
from tagger.tags.formats.id3 import Id3Tag, by_the_book, parse, read_tag, render
from tagger.tags.formats.riff import (
    WRONG_SIZES,
    Chunk,
    InfoList,
    Order,
    info_entries,
    read_chunks,
    read_infos,
)

_DSF_HEADER_BYTES = 28


def load_front(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tag of mp3 and tta: it is the start of the file; whatever follows it is payload."""
    tag = read_tag(source, 0)

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        return [Splice(0, tag.stored_bytes, render(tag, items, layout))]

    payload = ((tag.stored_bytes, source.size),)
    block = _block(format_name, tag, 0, payload, rebuild)
    if tag.items:
        return block
    carry = replaygain_frames if format_name == "mp3" else ape_frames
    layout = replace(tag.layout, carries=True)
    return replace(block, layout=layout, carried=lambda: carry(source, tag.major))


def _block(
    format_name: str, tag: Id3Tag, start: int, payload: tuple[Span, ...], rebuild: Rebuild
) -> TagBlock:
    return TagBlock(
        format_name,
        tag.dialect,
        tag.items,
        tag.layout,
        lambda _: payload,
        tag.encode,
        rebuild,
        as_by_the_book=lambda: by_the_book(tag, start),
        reword=tag.reword,
        new_ones_first=tag.has_escapes,
    )


def load_dsf(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tag of dsf: the header points at it, and it ends the file."""
    header = source.at(0, _DSF_HEADER_BYTES)
    pointer = int.from_bytes(header[20:28], "little")
    if int.from_bytes(header[12:20], "little") != source.size or pointer > source.size:
        raise UnsupportedFormat("its DSF header does not agree with the file's length")
    start = pointer or source.size
    if _end_of_dsf_sound(source) > start:
        raise UnsupportedFormat("its DSF sound reaches over the place of its tag (the file is damaged)")
    tag = read_tag(source, start)
    if start + tag.stored_bytes != source.size:
        raise UnsupportedFormat("its DSF tag is not the end of the file")

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        data = render(tag, items, layout, behind=0)
        numbers = (start + len(data)).to_bytes(8, "little") + (start if data else 0).to_bytes(8, "little")
        return [Splice(12, 28, numbers), Splice(start, source.size, data)]

    payload = ((0, 12), (_DSF_HEADER_BYTES, start))
    return _block(format_name, tag, start, payload, rebuild)


@dataclass(frozen=True, slots=True)
class _Form:
    """A wav or aiff file: where its header says that it ends, its size, its chunks, and that of its tag."""

    order: Order
    end: int
    size: int
    chunks: list[Chunk]
    home: Chunk | None
    tag: Id3Tag
    infos: tuple[InfoList, ...]
    missing_pad: int


def _end_of_dsf_sound(source: ByteSource) -> int:
    """Find where the data chunk ends that follows the format chunk; each states its own length."""
    at = _DSF_HEADER_BYTES
    for _ in range(2):
        head = source.at(at, 12)
        at += int.from_bytes(head[4:], "little")
    return at


def load_chunked(source: ByteSource, format_name: str) -> TagBlock:
    """Load the tag of wav and aiff: it is a chunk; the names in `LIST INFO` are beside it.

    All other chunks are payload.
    """
    form = _read_form(source, "little" if format_name == "wav" else "big")
    tag, infos = form.tag, form.infos
    items = (*tag.items, *(item for info in infos for item in info.items))

    def encode(field: Field, values: Sequence[str]) -> tuple[Item, ...]:
        return (*tag.encode(field, values), *info_entries(infos, field, values))

    tagged = (form.home, *(info.chunk for info in infos))
    others: list[Span] = [(chunk.start, chunk.end) for chunk in form.chunks if chunk not in tagged]
    payload = ((0, 4), (8, 12), *others, (form.end, source.size))
    start = form.home.start + 8 if form.home else form.end
    return replace(
        _block(format_name, tag, start, payload, functools.partial(_chunk_splices, form)),
        items=items,
        layout=replace(tag.layout, missing_pad=form.missing_pad, carries=bool(infos) and not tag.items),
        encode=encode,
        carried=lambda: info_frames(infos, tag.major),
    )


def _read_form(source: ByteSource, order: Order) -> _Form:
    end = 8 + int.from_bytes(source.at(4, 4), order)
    if end > source.size + 1:
        raise UnsupportedFormat(WRONG_SIZES)
    chunks = read_chunks(source, order, end)
    last_end = chunks[-1].end if chunks else 12
    if end > source.size and (last_end != source.size or not chunks[-1].is_odd):
        raise UnsupportedFormat(WRONG_SIZES)
    # The pad byte at the end of an odd chunk: counted and absent, or neither.
    missing_pad = 2 if end > source.size else int(bool(chunks) and last_end == end and chunks[-1].is_odd)
    home = next((chunk for chunk in chunks if chunk.name in (b"ID3 ", b"id3 ")), None)
    infos = read_infos(source, chunks) if order == "little" else ()
    end = min(end, source.size)
    return _Form(order, end, source.size, chunks, home, _chunk_tag(source, home), infos, missing_pad)


def _chunk_tag(source: ByteSource, home: Chunk | None) -> Id3Tag:
    if home is None:
        return read_tag(source, source.size)
    data = source.at(home.start + 8, home.end - home.start - 8)
    length = id3v2_length(data[:ID3V2_HEADER_BYTES])
    if not length or length > len(data) or data[length:].strip(b"\0"):
        raise UnsupportedFormat("its ID3 chunk holds something else than one ID3 tag")
    return parse(data[:length])


def _chunk_splices(form: _Form, items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
    behind = form.size - (form.home.end if form.home else form.end)
    main = tuple(item for item in items if not item.container)
    data = render(form.tag, main, layout, min(behind, ID3V1_LOOK_BYTES + 1))
    new = {info.chunk: info.render(items) for info in form.infos if info.is_other(items)}
    name = b"id3 " if form.order == "little" else b"ID3 "
    tag = (
        ((form.home.name if form.home else name) + len(data).to_bytes(4, form.order) + data) if data else b""
    )
    if form.home:
        new[form.home] = tag
    final = _final_chunk(form, tag)
    missing_pad = _missing_pad(form, layout, final, new)
    splices = []
    for chunk in form.chunks:
        splices += _exchanged(chunk, new.get(chunk), form.end, 0 if chunk == final and missing_pad else 1)
    if tag and not form.home:
        splices.append(Splice(form.end, form.end, tag + bytes(0 if missing_pad else len(tag) % 2)))
    size = form.end - 8 + sum(len(one.data) - (one.end - one.start) for one in splices) + (missing_pad == 2)
    if size >= 1 << 32:
        raise UnsupportedFormat("it would grow beyond the 4 GiB that its format can hold")
    return [Splice(4, 8, size.to_bytes(4, form.order)), *splices]


def _final_chunk(form: _Form, tag: bytes) -> Chunk | None:
    """Find the chunk that will be the last; None for a tag that is not there yet."""
    if tag and not form.home:
        return None
    return next((chunk for chunk in reversed(form.chunks) if tag or chunk is not form.home), None)


def _missing_pad(form: _Form, layout: Layout | None, final: Chunk | None, new: Mapping[Chunk, bytes]) -> int:
    """Say what becomes of a missing pad byte at the end: it comes with a new end and goes with its undo."""
    is_ours = form.home is not None and form.home is form.chunks[-1]
    if layout is not None and (is_ours or final in new):
        return layout.missing_pad
    return 0 if final is None or final in new else form.missing_pad


def _exchanged(chunk: Chunk, new: bytes | None, limit: int, pads: int) -> list[Splice]:
    """Put `new` (None: what is there) in the place of a chunk, and a pad byte behind it where that is odd."""
    length = chunk.end - chunk.start if new is None else len(new)
    zone = chunk.padded_end(limit) - chunk.end
    splices = [] if new is None else [Splice(chunk.start, chunk.end, new)]
    if zone != (pad := length % 2 * pads):
        splices.append(Splice(chunk.end, chunk.end + zone, bytes(pad)))
    return splices
