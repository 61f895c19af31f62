"""APEv2 tags at the end of a file (ape, wv, mpc); an ID3v1 or Lyrics3 tag behind them stays.

Source: Hydrogenaudio wiki, "APEv2 specification" and "APE Tags Header". Items keep their order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tagger.containers import (
    APEV2_FOOTER_BYTES,
    APEV2_MAGIC,
    ID3V1_BYTES,
    ID3V1_LOOK_BYTES,
    ID3V2_HEADER_BYTES,
    apev2_length,
    id3v1_length,
    id3v2_length,
)
from tagger.errors import TagError, UnsupportedFormat
from tagger.tags.block import UNREADABLE, ByteSource, Item, Layout, Splice, TagBlock, first_comment_alone
from tagger.tags.fields import APEV2, KEY_NAMES, REWORDED, Field, decoded, field_meant
from tagger.tags.limits import check_count

_HAS_HEADER, _IS_HEADER = 1 << 31, 1 << 29
_KIND_MASK, _BINARY = 0b110, 0b010
_WAVPACK_BLOCK, _MAX_WAVPACK_BLOCK_BYTES = re.compile(rb"wvpk.{4}[\x02-\x10]\x04", re.DOTALL), 1 << 20
_VALID_KEY, _RESERVED_KEYS = re.compile(rb"[ -~]{2,255}"), (b"OggS", b"TAG", b"ID3", b"MP+")


def load_ape(source: ByteSource, format_name: str) -> TagBlock:
    """Load the APEv2 tag of a file, or the place where one belongs."""
    start, end, footer = find_ape_tag(source)
    items = _parse_items(source, start, end, footer) if footer else ()

    def rebuild(items: tuple[Item, ...], layout: Layout | None) -> list[Splice]:
        if format_name == "wv" and layout is None:
            _check_last_block(source, start)
        return _splices(start, end, footer, items, layout)

    layout = Layout(present=bool(footer), padding=0)
    payload = ((0, start), (end, source.size))
    first = end - _numbers(footer)[1] if footer else end
    return TagBlock(
        format_name,
        "apev2",
        items,
        layout,
        lambda _: payload,
        _encode,
        rebuild,
        as_by_the_book=lambda: [*_without_front(source), *_spelled_strictly(items, first)],
        reword=_reworded,
        keep_their_names=("key",),
    )


def find_ape_tag(source: ByteSource) -> tuple[int, int, bytes]:
    """Find start, end and footer of the APE tag; an empty span and footer where one would be put."""
    end = source.size - _trailing_bytes(source)
    footer = source.peek(end - APEV2_FOOTER_BYTES, APEV2_FOOTER_BYTES) if end >= APEV2_FOOTER_BYTES else b""
    if not footer.startswith(APEV2_MAGIC):
        return end, end, b""
    version, size, _, flags = _numbers(footer)
    start = end - apev2_length(footer)
    if version not in (1000, 2000) or start < 0 or size < APEV2_FOOTER_BYTES or flags & _IS_HEADER:
        raise TagError("its APE tag is damaged")
    return start, end, footer


def text_items(source: ByteSource) -> list[tuple[str, str]]:
    """Read the keys and texts of the APE tag of a file. Raises TagError where it is damaged."""
    start, end, footer = find_ape_tag(source)
    raws = [item.raw for item in _parse_items(source, start, end, footer)] if footer else []
    pairs = [raw[8:].split(b"\0", 1) for raw in raws if not int.from_bytes(raw[4:8], "little") & _KIND_MASK]
    return [(key.decode("ascii", "replace"), decoded(value)) for key, value in pairs]


def has_id3v1(source: ByteSource) -> bool:
    """Tell whether an ID3v1 tag ends the file."""
    return id3v1_length(source.peek(source.size - ID3V1_LOOK_BYTES, ID3V1_LOOK_BYTES)) > 0


def _trailing_bytes(source: ByteSource) -> int:
    """Give the length of the ID3v1 tag and the Lyrics3v2 block before it, which lie behind an APE tag."""
    if not has_id3v1(source):
        return 0
    mark = source.peek(source.size - ID3V1_BYTES - 15, 15)
    lyrics = int(mark[:6]) + 15 if mark[6:] == b"LYRICS200" and mark[:6].isdigit() else 0
    return ID3V1_BYTES + lyrics


def _check_last_block(source: ByteSource, end: int) -> None:
    """Raise TagError where WavPack sound is cut short: a tag behind it would be played as its rest.

    A block states its own length and has at most 1 MiB ("WavPack 5 Binary File / Block Format", 2.0).
    """
    start = max(0, end - _MAX_WAVPACK_BLOCK_BYTES - 8)
    blocks = [*_WAVPACK_BLOCK.finditer(source.peek(start, end - start))]
    if blocks and start + blocks[-1].start() + 8 + int.from_bytes(blocks[-1][0][4:8], "little") > end:
        raise TagError(
            "its sound ends within a block, and players would take a tag behind it for the rest; "
            "copy the file again from its source"
        )


def _parse_items(source: ByteSource, start: int, end: int, footer: bytes) -> tuple[Item, ...]:
    _, size, count, flags = _numbers(footer)
    data = source.at(end - size, size - APEV2_FOOTER_BYTES)
    if flags & _HAS_HEADER and source.at(start, 8) != APEV2_MAGIC:
        raise TagError("its APE tag is damaged")
    items, position = [], 0
    for _ in range(count):
        key_end = data.find(b"\0", position + 8)
        stop = key_end + 1 + int.from_bytes(data[position : position + 4], "little")
        if key_end < 0 or stop > len(data):
            raise TagError("its APE tag is damaged")
        items.append(_as_item(data[position:stop], data[position + 8 : key_end], data[key_end + 1 : stop]))
        position = stop
        check_count(len(items))
    if position != len(data):
        raise UnsupportedFormat(
            "its APE tag holds bytes behind its items, counted by its footer, that are none"
        )
    return first_comment_alone(items)


def _as_item(raw: bytes, key: bytes, value: bytes) -> Item:
    is_text = not int.from_bytes(raw[4:8], "little") & _KIND_MASK
    check_count(value.count(b"\0") if is_text else 0)
    texts = tuple(decoded(value).split("\0")) if is_text else (UNREADABLE,)
    field = field_meant(APEV2, key.decode("ascii", "replace"), texts)
    if field in REWORDED:
        texts = ("\0".join(texts),)
    return Item(raw, field, texts) if field else Item(raw)


def _without_front(source: ByteSource) -> list[Splice]:
    """Leave out an ID3v2 tag in front, which players pass over."""
    length = id3v2_length(source.peek(0, ID3V2_HEADER_BYTES))
    return [Splice(0, length, b"")] if length else []


def _spelled_strictly(items: Sequence[Item], position: int) -> list[Splice]:
    """Spell items that a strict reader stops at, each as long as it is: the specification's keys, UTF-8."""
    splices = []
    for item in items:
        strict = _strict(item.raw)
        if strict != item.raw:
            splices.append(Splice(position, position + len(item.raw), strict))
        position += len(item.raw)
    return splices


def _strict(raw: bytes) -> bytes:
    """Give an item with stand-ins for an invalid key, a reserved kind and a text that is not UTF-8."""
    flags = int.from_bytes(raw[4:8], "little")
    key, value = raw[8:].split(b"\0", 1)
    if flags & _KIND_MASK == _KIND_MASK:
        flags ^= _KIND_MASK ^ _BINARY
    if key in _RESERVED_KEYS or not _VALID_KEY.fullmatch(key):
        new_key = b"x" * max(len(key), 2)
        key, value = new_key, value[: len(value) - (len(new_key) - len(key))]
    if flags & _KIND_MASK != _BINARY and not _is_utf8(value):
        value = bytes(byte if byte < 0x80 else ord("?") for byte in value)
    strict = len(value).to_bytes(4, "little") + flags.to_bytes(4, "little") + key + b"\0" + value
    return strict if len(strict) == len(raw) else raw


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encode(field: Field, values: Sequence[str]) -> tuple[Item, ...]:
    if not values:
        return ()
    value = "\0".join(values).encode()
    raw = len(value).to_bytes(4, "little") + bytes(4) + APEV2[field].encode() + b"\0" + value
    return (Item(raw, field, tuple(values)),)


def _reworded(item: Item, text: str) -> Item:
    """Spell an item with another text under its own key and flags, if players look for it under that."""
    key, value = item.raw[8:].split(b"\0", 1)[0], text.encode()
    if item.field == "key" and key.decode("ascii", "replace").upper() not in KEY_NAMES:
        key = APEV2["key"].encode()
    raw = len(value).to_bytes(4, "little") + item.raw[4:8] + key + b"\0" + value
    return Item(raw, item.field, (text,))


def _splices(
    start: int, end: int, footer: bytes, items: tuple[Item, ...], layout: Layout | None
) -> list[Splice]:
    if layout is not None and not layout.present and not items:
        return [Splice(start, end, b"")]
    content = b"".join(item.raw for item in items)
    version, _, _, flags = _numbers(footer) if footer else (2000, 0, 0, _HAS_HEADER)
    numbers = [version, len(content) + APEV2_FOOTER_BYTES, len(items)]
    tail = footer[24:32] if footer else bytes(8)
    head = _frame(numbers, flags | _IS_HEADER, tail) if flags & _HAS_HEADER else b""
    return [Splice(start, end, head + content + _frame(numbers, flags, tail))]


def _frame(numbers: Sequence[int], flags: int, reserved: bytes) -> bytes:
    return APEV2_MAGIC + b"".join(number.to_bytes(4, "little") for number in (*numbers, flags)) + reserved


def _numbers(footer: bytes) -> tuple[int, int, int, int]:
    """Read version, size of items and footer, number of items, flags."""
    version, size, count, flags = (int.from_bytes(footer[at : at + 4], "little") for at in (8, 12, 16, 20))
    return version, size, count, flags
