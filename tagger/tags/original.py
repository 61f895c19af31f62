"""What a file was before a write: enough to know it again by its bytes, and to make it again.

Undoing puts values back into a tag. That alone leaves the tag's surroundings as we write them: zeros for
padding of another kind, no pad byte, pages laid out anew. So the splices that turn the written file into
the original are remembered too: mostly a few bytes, as what the two have in common is left out.
They are used only where the file is still what was written. Whether a file is again what it was is told
by a digest: of its size, of the regions that the write replaced, and of its ends, where other programs put
their tags.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from tagger.tags.block import Span, Splice
from tagger.tags.spliced import in_order

_END_BYTES = 1 << 14
_CHUNK_BYTES = 1 << 18
_LARGEST_BYTES = 1 << 18
"""Of the way back, compressed, in the store; a file that needs more gets its values back."""

_ANCHOR_BYTES = 64
_FARTHEST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Original:
    """A file before a write. `regions` are the spans that were replaced, each with its length since.

    `way_back` are the splices that turn the written file into the original; None where they are too many.
    """

    digest: str
    written_digest: str
    regions: tuple[tuple[int, int, int], ...]
    way_back: tuple[Splice, ...] | None

    def is_again(self, file: BinaryIO) -> bool:
        """Tell whether an open file is what it was before the write."""
        return _digest(file, [(start, end) for start, end, _ in self.regions]) == self.digest

    def is_written(self, file: BinaryIO) -> bool:
        """Tell whether an open file is still what it became by the write."""
        return _digest(file, _written(self.regions)) == self.written_digest

    def to_json(self) -> dict[str, Any]:
        """Give plain values for `json.dumps`."""
        return {"digest": self.digest, "written_digest": self.written_digest, "way_back": _packed(self)}


def original_of(file: BinaryIO, splices: Iterable[Splice], copy: BinaryIO) -> Original:
    """Remember a file of which `copy` is the one with its splices."""
    ordered = [one for one in in_order(splices) if one.data or one.end > one.start]
    regions = tuple((one.start, one.end, len(one.data)) for one in ordered)
    back = list[Splice]()
    for one, (start, _) in zip(ordered, _written(regions), strict=True):
        file.seek(one.start)
        old = file.read(one.end - one.start)
        back += [Splice(start + s.start, start + s.end, s.data) for s in differences(one.data, old)]
    digests = _digest(file, [(start, end) for start, end, _ in regions]), _digest(copy, _written(regions))
    original = Original(*digests, regions, tuple(back))
    if len(_packed(original)) > _LARGEST_BYTES:
        return Original(*digests, regions, None)
    return original


def original_from_json(data: Mapping[str, Any]) -> Original:
    """Invert `Original.to_json`. Raises ValueError, TypeError, KeyError or zlib.error for what is damaged."""
    head, _, rest = zlib.decompress(base64.b64decode(data["way_back"])).partition(b"\n")
    regions, places = json.loads(head)
    way_back = None if places is None else tuple(_unpacked(_triples(places), rest))
    return Original(str(data["digest"]), str(data["written_digest"]), tuple(_triples(regions)), way_back)


def _triples(rows: Any) -> list[tuple[int, int, int]]:
    """Give start, end and length of each span. Raises ValueError or TypeError for what is none."""
    for start, end, length in rows:
        if not all(type(each) is int for each in (start, end, length)) or not 0 <= start <= end or length < 0:
            raise ValueError((start, end, length))
    return [(start, end, length) for start, end, length in rows]


def differences(new: bytes, old: bytes) -> list[Splice]:
    """Give splices that turn `new` into `old`, without most of what the two have in common.

    Both hold the same tags in the same order, so what they have in common is never far.
    """
    splices, i, j = list[Splice](), 0, 0
    same = _common_end(new, old)
    new_end, old_end = len(new) - same, len(old) - same
    while True:
        same = _common_start(new, i, new_end, old, j, old_end)
        i, j = i + same, j + same
        if i == new_end and j == old_end:
            return splices
        there, here = _next_common(new, i, new_end, old, j, old_end)
        splices.append(Splice(i, there, old[j:here]))
        i, j = there, here


def _next_common(new: bytes, i: int, new_end: int, old: bytes, j: int, old_end: int) -> tuple[int, int]:
    """Give the places behind `i` and `j` from which on the two agree again; their ends where nowhere near."""
    for here in range(j, min(old_end - _ANCHOR_BYTES, j + _FARTHEST_BYTES) + 1, _ANCHOR_BYTES):
        anchor, last = old[here : here + _ANCHOR_BYTES], min(new_end, i + here - j + _FARTHEST_BYTES)
        there = new.find(anchor, i, last)
        if there >= 0:
            before = _common_end(new[i:there], old[j:here])
            return there - before, here - before
    return new_end, old_end


def _common_start(one: bytes, i: int, one_end: int, other: bytes, j: int, other_end: int) -> int:
    """Give how many bytes from `i` and `j` on are the same; whole chunks are compared at once."""
    most, length, step = min(one_end - i, other_end - j), 0, _CHUNK_BYTES
    while step and length < most:
        stop = min(length + step, most)
        if one[i + length : i + stop] == other[j + length : j + stop]:
            length = stop
        else:
            step //= 8
    return length


def _common_end(one: bytes, other: bytes) -> int:
    most, length, step = min(len(one), len(other)), 0, _CHUNK_BYTES
    while step and length < most:
        stop = min(length + step, most)
        if one[len(one) - stop : len(one) - length] == other[len(other) - stop : len(other) - length]:
            length = stop
        else:
            step //= 8
    return length


def _written(regions: Sequence[tuple[int, int, int]]) -> list[Span]:
    """Give the regions as they lie in the written file."""
    spans, shift = list[Span](), 0
    for start, end, length in regions:
        spans.append((start + shift, start + shift + length))
        shift += length - (end - start)
    return spans


def _digest(file: BinaryIO, spans: Sequence[Span]) -> str:
    size = file.seek(0, os.SEEK_END)
    digest = hashlib.sha256(str(size).encode())  # in hardware, twice as fast as blake2b
    for start, end in ((0, _END_BYTES), (max(size - _END_BYTES, 0), size), *spans):
        for data in _chunks(file, start, end):
            digest.update(data)
    return digest.hexdigest()


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end and (data := file.read(min(_CHUNK_BYTES, end - start))):
        yield data
        start += len(data)


def _packed(original: Original) -> str:
    """Spell the regions and the way back: the numbers as JSON on a line, then the bytes."""
    back = original.way_back
    places = None if back is None else [(one.start, one.end, len(one.data)) for one in back]
    head = json.dumps([original.regions, places], separators=(",", ":")).encode()
    data = zlib.compress(b"\n".join((head, b"".join(one.data for one in back or ()))))
    return base64.b64encode(data).decode()


def _unpacked(places: Iterable[tuple[int, int, int]], data: bytes) -> Iterator[Splice]:
    position = 0
    for start, end, length in places:
        yield Splice(start, end, data[position : position + length])
        position += length
