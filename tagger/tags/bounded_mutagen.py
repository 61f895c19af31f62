"""Let mutagen read ID3 tags within `limits`: it expands without bound, and copies the rest for every frame.

The bounds are set where mutagen itself reads frames, whatever lies around them: what our readers take for
padding it may take for frames, and a chapter is a frame with frames in it.
"""

from __future__ import annotations

import types
import zlib
from typing import Any

import mutagen.id3._frames
import mutagen.id3._tags

from tagger.containers import from_syncsafe
from tagger.tags.limits import MAX_ITEMS, TooLarge, check_frames, expanded

_read_data: Any = mutagen.id3._frames.Frame._readData
_read_frames: Any = mutagen.id3._tags.read_frames
_LISTS = {"SynchronizedTextSpec", "KeyEventSpec", "VolumeAdjustmentsSpec", "VolumesSpec", "ASPIIndexSpec"}
_LONGEST_LIST = 1 << 18
"""Bytes of synchronised lyrics and of their like."""

_V24 = (2, 4, 0)


def bound() -> None:
    """Make mutagen raise TooLarge in place of reading what is beyond the limits."""
    frames, tags = vars(mutagen.id3._frames), vars(mutagen.id3._tags)
    frames["zlib"] = types.SimpleNamespace(decompress=expanded, error=zlib.error)
    tags["read_frames"] = _bounded_read_frames
    frame: Any = mutagen.id3._frames.Frame
    frame._readData = _bounded_read_data


def _bounded_read_frames(id3: Any, data: bytes, frames: Any) -> Any:
    header_bytes = 6 if id3.version < (2, 3, 0) else 10
    for is_syncsafe in (False, True) if id3.version >= _V24 else (False,):
        check_frames(_count(data, header_bytes, is_syncsafe), len(data))
    return _read_frames(id3, data, frames)


def _bounded_read_data(frame: Any, id3: Any, data: bytes) -> Any:
    """Read one frame; of one that is a list, mutagen copies the rest for every entry."""
    kinds = {type(spec).__name__ for spec in frame._framespec}
    if "MultiSpec" in kinds:
        separator = b"\0\0" if data[:1] in (b"\1", b"\2") else b"\0"  # in UTF-16 every second byte may be 0
        check_frames(data.count(separator), len(data))
    elif kinds & _LISTS and len(data) > _LONGEST_LIST:
        raise TooLarge(f"a list in its ID3 tag has {len(data) >> 10:,} KiB; remove it with a tag editor")
    return _read_data(frame, id3, data)


def _count(data: bytes, header_bytes: int, is_syncsafe: bool) -> int:
    """Count the frames that mutagen would find, up to one more than any tag may have."""
    n = position = 0
    while position + header_bytes <= len(data) and n <= MAX_ITEMS:
        size = data[position + 3 : position + 6] if header_bytes == 6 else data[position + 4 : position + 8]
        if not data[position : position + (3 if header_bytes == 6 else 4)].strip(b"\0"):
            break
        position += header_bytes + (from_syncsafe(size) if is_syncsafe else int.from_bytes(size, "big"))
        n += 1
    return n
