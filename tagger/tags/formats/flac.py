"""FLAC's metadata blocks and Vorbis comments: the comment block is exchanged, padding gives or takes room.

Sources: RFC 9639, section 8; xiph.org, "Ogg Vorbis I format specification: comment field and header
specification". An ID3v2 tag before `fLaC` and one behind the audio stay as they are. Comments keep their
bytes, so invalid UTF-8, key case, order, duplicates and the vendor stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tagger.containers import ID3V2_HEADER_BYTES, id3v2_length
from tagger.errors import TagError, UnsupportedFormat
from tagger.tags.block import ByteSource, Item, Layout, Splice, TagBlock
from tagger.tags.fields import KEY_NAMES, VORBIS, Field, decoded, field_meant
from tagger.tags.limits import check_count, check_size

_PADDING, _COMMENT, _PICTURE = 1, 4, 6
_LAST = 0x80
_COMMENT_NAMES = {b"DESCRIPTION": b"COMMENT"}
"""TagLib and FFmpeg read, and FFmpeg writes, a comment under the first of these names."""

_LARGE_BYTES = 4 << 20
_MAX_BLOCK_BYTES = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class _MetadataBlock:
    kind: int
    start: int
    size: int

    @property
    def end(self) -> int:
        """The byte behind the block."""
        return self.start + 4 + self.size


def load_flac(source: ByteSource, format_name: str) -> TagBlock:
    """Load the comments of a flac file; pictures, cue sheets and seek tables are payload."""
    blocks = _metadata_blocks(source)
    comment = next((block for block in blocks if block.kind == _COMMENT), None)
    padding = next((block for block in blocks if block.kind == _PADDING), None)
    vendor, items = b"tagger", tuple[Item, ...]()
    if comment:
        vendor, items, _ = parse_comments(source.at(comment.start + 4, comment.size))

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        return _splices(blocks, comment, padding, vendor, items, layout)

    # TagBlock headers hold the "last block" flag, which may move; their type and size bytes may not.
    kept = [block for block in blocks if block is not comment and block is not padding]
    payload = ((0, blocks[0].start), *((block.start + 1, block.end) for block in kept))
    payload += ((blocks[-1].end, source.size),)
    before = Layout(comment is not None, padding.size if padding else 0)
    return TagBlock(
        format_name,
        "vorbis",
        items,
        before,
        lambda _: payload,
        encode_comments,
        rebuild,
        repeats=True,
        as_by_the_book=lambda: _without_large_pictures(blocks),
        reword=reworded_comment,
        keep_their_names=("key",),
    )


def _metadata_blocks(source: ByteSource) -> list[_MetadataBlock]:
    position = id3v2_length(source.peek(0, ID3V2_HEADER_BYTES))
    if source.at(position, 4) != b"fLaC":
        raise UnsupportedFormat("not a FLAC stream")
    blocks, position, last = [], position + 4, False
    while not last:
        header = source.at(position, 4)
        last = bool(header[0] & _LAST)
        blocks.append(_MetadataBlock(header[0] & 0x7F, position, int.from_bytes(header[1:], "big")))
        position = blocks[-1].end
        check_count(len(blocks))
    source.at(position, 0)
    check_size(sum(block.size for block in blocks if block.kind not in (_PADDING, _PICTURE)))
    return blocks


def _splices(
    blocks: list[_MetadataBlock],
    comment: _MetadataBlock | None,
    padding: _MetadataBlock | None,
    vendor: bytes,
    items: tuple[Item, ...],
    layout: Layout | None,
) -> list[Splice]:
    """Exchange comments and padding alone: pictures may have hundreds of megabytes, and are not read."""
    gone = layout is not None and not layout.present and not items
    content = None if gone else render_comments(vendor, items)
    room = _room_after(comment, padding, content, layout)
    laid: list[tuple[_MetadataBlock, bytes | None]] = []
    for block in blocks:
        laid.append((block, _rendered(block, comment, padding, content, room)))
        if block is blocks[0] and comment is None and content is not None:
            laid.append((_MetadataBlock(_COMMENT, block.end, -4), _with_header(_COMMENT, content)))
    last = [block for block, data in laid if data != b""][-1]
    splices = (_splice(block, data, block is last, block is blocks[-1]) for block, data in laid)
    return [splice for splice in splices if splice]


def _splice(block: _MetadataBlock, data: bytes | None, is_last: bool, was_last: bool) -> Splice | None:
    """Put `data` in the place of a block (None: it stays), and tell by its first bit if it is the last."""
    flag = _LAST if is_last else 0
    if data is None:
        head = bytes([block.kind | flag])
        return Splice(block.start, block.start + 1, head) if is_last != was_last else None
    return Splice(block.start, block.end, bytes([data[0] | flag]) + data[1:] if data else b"")


def _room_after(
    comment: _MetadataBlock | None,
    padding: _MetadataBlock | None,
    content: bytes | None,
    layout: Layout | None,
) -> int:
    """Give the padding block's size: the free room less the growth of the comments, where there is enough."""
    if padding is None:
        return 0
    if layout is not None:
        return layout.padding
    old = 4 + comment.size if comment else 0
    room = padding.size + old - (4 + len(content) if content is not None else 0)
    return room if 0 <= room <= _MAX_BLOCK_BYTES else padding.size


def _rendered(
    block: _MetadataBlock,
    comment: _MetadataBlock | None,
    padding: _MetadataBlock | None,
    content: bytes | None,
    room: int,
) -> bytes | None:
    """Spell a block anew, b"" where it goes; None for one that stays."""
    if block is comment:
        return b"" if content is None else _with_header(_COMMENT, content)
    return _with_header(_PADDING, bytes(room)) if block is padding else None


def _without_large_pictures(blocks: Sequence[_MetadataBlock]) -> list[Splice]:
    """Show empty padding in the place of pictures, where mutagen would take too much memory for them."""
    pictures = [block for block in blocks if block.kind == _PICTURE]
    if sum(block.size for block in pictures) <= _LARGE_BYTES:
        return []
    heads = ((block, _PADDING | (_LAST if block is blocks[-1] else 0)) for block in pictures)
    return [Splice(block.start, block.end, bytes([head, 0, 0, 0])) for block, head in heads]


def _with_header(kind: int, content: bytes) -> bytes:
    if len(content) > _MAX_BLOCK_BYTES:
        raise UnsupportedFormat("its comments would grow beyond the 16 MiB that FLAC can hold")
    return bytes([kind]) + len(content).to_bytes(3, "big") + content


# --- Vorbis comments, for flac and for every codec in Ogg -----------------------------------------------


def parse_comments(data: bytes) -> tuple[bytes, tuple[Item, ...], int]:
    """Read the vendor string, the comments, and the number of bytes of `data` that they take."""
    vendor, position = _counted(data, 0)
    count = int.from_bytes(data[position : position + 4], "little")
    position += 4
    items, told = list[Item](), set[bytes]()
    for _ in range(count):
        comment, position = _counted(data, position)
        item, name = _as_item(comment), comment.partition(b"=")[0].lower()
        if item.field == "comment":  # of each name the first, which is the one that players show
            item = Item(comment) if name in told else item
            told.add(name)
        items.append(item)
        check_count(len(items))
    return vendor, tuple(items), position


def render_comments(vendor: bytes, items: Sequence[Item]) -> bytes:
    """Spell the comment block, without framing bit or packet type."""
    parts = [_with_length(vendor), len(items).to_bytes(4, "little")]
    return b"".join(parts + [_with_length(item.raw) for item in items])


def encode_comments(field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    """Spell values as comments, one each."""
    return tuple(Item(f"{VORBIS[field]}={value}".encode(), field, (value,)) for value in values)


def reworded_comment(item: Item, text: str) -> Item:
    """Spell a comment with another text under its own name; a key under one that players look for."""
    name = item.raw.partition(b"=")[0]
    if item.field == "key" and name.decode("ascii", "replace").upper() not in KEY_NAMES:
        name = VORBIS["key"].encode()
    return Item(name + b"=" + text.encode(), item.field, (text,))


def _as_item(comment: bytes) -> Item:
    name, separator, value = comment.partition(b"=")
    key = _COMMENT_NAMES.get(name.upper(), name).decode("ascii", "replace")
    if not separator or not field_meant(VORBIS, key, ()):  # a picture is long: it is not decoded
        return Item(comment)
    text = decoded(value)
    field = field_meant(VORBIS, key, (text,))
    return Item(comment, field, (text,)) if field else Item(comment)


def _counted(data: bytes, position: int) -> tuple[bytes, int]:
    start = position + 4
    end = start + int.from_bytes(data[position:start], "little")
    if start > len(data) or end > len(data):
        raise TagError("its Vorbis comments are damaged")
    return data[start:end], end


def _with_length(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data
