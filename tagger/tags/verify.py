"""Verify, before a file is replaced, that the edited copy differs from it in our fields alone.

Three readings of the original and the copy must agree: the bytes around the tags, one by one; the raw
foreign tags in their order; and mutagen's view, whose parsers share nothing with ours. Comparing the
payload itself is stricter than comparing hashes of it, and costs the same reading.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO

from tagger.errors import TagError
from tagger.files import folded
from tagger.tags.block import Item, Span, TagBlock
from tagger.tags.fields import APEV2, ID3_USER_TEXT, MP4_FREEFORM, OTHER_NAMES, VORBIS, Field
from tagger.tags.fields import ASF as ASF_NAMES
from tagger.tags.second_reader import agree, second_reading

SameBytes = Callable[[BinaryIO, Iterable[Span], BinaryIO, Iterable[Span]], bool]

_CHUNK_BYTES = 1 << 18


def check_copy(
    original: BinaryIO,
    before: TagBlock,
    copy: BinaryIO,
    after: TagBlock,
    wanted: Mapping[Field, tuple[str, ...]],
    same: SameBytes | None = None,
) -> None:
    """Raise TagError unless `copy` is `original` with the fields of `wanted` changed, and nothing else.

    `same` compares ranges of the two files where there is a faster way than `same_bytes`.
    """
    if (before.format, before.dialect) != (after.format, after.dialect):
        raise TagError("the edited copy became another kind of file; nothing was written")
    if any(after.texts(field) != texts for field, texts in wanted.items()):
        raise TagError("the edited copy does not hold the new tags; nothing was written")
    carried = before.carried() if before.is_empty and not after.is_empty else ()
    returned = after.carried() if after.is_empty and not before.is_empty else ()
    kept = [_foreign((*gone, *after.items), wanted) for gone in ((), returned)]
    if _foreign((*carried, *before.items), wanted) not in kept:
        raise TagError("the edited copy lost or moved foreign tags; nothing was written")
    renumbered = before.header_pages != after.header_pages
    if not (same or same_bytes)(original, before.payload(renumbered), copy, after.payload(renumbered)):
        raise TagError("the edited copy holds other audio; nothing was written")
    names = _names(wanted)
    views = [second_reading(*one, names) for one in ((original, before), (copy, after))]
    if carried or returned:  # one of the two has nothing that mutagen could compare
        views = [replace(view, pairs=[], version=None) for view in views]
    if not agree(*views):
        raise TagError("a second reader finds foreign tags changed; nothing was written")


def same_bytes(
    one: BinaryIO, one_spans: Iterable[Span], other: BinaryIO, other_spans: Iterable[Span]
) -> bool:
    """Tell whether the byte ranges of two files, one after the other, hold the same bytes."""
    left_chunks, right_chunks = _chunks(one, one_spans), _chunks(other, other_spans)
    left = right = b""
    while True:
        left = left or next(left_chunks, b"")
        right = right or next(right_chunks, b"")
        if not left or not right:
            return not left and not right
        length = min(len(left), len(right))
        if left[:length] != right[:length]:
            return False
        left, right = left[length:], right[length:]


def _chunks(file: BinaryIO, spans: Iterable[Span]) -> Iterator[bytes]:
    for start, end in spans:
        file.seek(start)
        while start < end:
            data = file.read(min(_CHUNK_BYTES, end - start))
            if not data:
                raise TagError("the file became shorter while it was read")
            start += len(data)
            yield data


def _foreign(items: Iterable[Item], wanted: Iterable[Field]) -> list[tuple[bytes, str]]:
    changed = set(wanted)
    return [(item.raw, item.container) for item in items if item.field not in changed]


def _names(wanted: Collection[Field]) -> set[str]:
    tables = (VORBIS, APEV2, ASF_NAMES, ID3_USER_TEXT, MP4_FREEFORM)
    names = {table[field] for table in tables for field in wanted if field in table}
    names |= {"TCON", "\xa9gen", "gnre"} if "genre" in wanted else set()
    names |= {"TBPM", "tmpo"} if "bpm" in wanted else set()
    names |= {"TKEY"} if "key" in wanted else set()
    names |= {"TMOO"} if "mood" in wanted else set()
    names |= {"GRP1", "\xa9grp"} if "words" in wanted else set()
    names |= {"COMM", "\xa9cmt", "Description"} if "comment" in wanted else set()
    names |= {"POPM", "rate"} if "rating" in wanted else set()
    names |= {name for name, field in OTHER_NAMES.items() if field in wanted}
    return {folded(name) for name in names}
