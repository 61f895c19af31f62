"""Verify, before a file is replaced, that the edited copy differs from it in our fields alone.

Three readings of the original and the copy must agree: the bytes around the tags, one by one; the raw
foreign tags in their order; and mutagen's view, whose parsers share nothing with ours. Comparing the
payload itself is stricter than comparing hashes of it, and costs the same reading.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import mutagen
from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.musepack import Musepack
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from tagger.errors import TagError
from tagger.files import folded
from tagger.tags.block import Item, Span, TagBlock
from tagger.tags.fields import APEV2, ID3_USER_TEXT, MP4_FREEFORM, OTHER_NAMES, VORBIS, Field
from tagger.tags.fields import ASF as ASF_NAMES

_READERS: Mapping[str, Callable[[BinaryIO], Any]] = {
    "mp3": MP3,
    "tta": TrueAudio,
    "wav": WAVE,
    "aiff": AIFF,
    "dsf": DSF,
    "flac": FLAC,
    "ogg": OggVorbis,
    "opus": OggOpus,
    "speex": OggSpeex,
    "oggflac": OggFLAC,
    "m4a": MP4,
    "wma": ASF,
    "ape": MonkeysAudio,
    "wv": WavPack,
    "mpc": Musepack,
}
SameBytes = Callable[[BinaryIO, Iterable[Span], BinaryIO, Iterable[Span]], bool]

_CHUNK_BYTES = 1 << 18
_MAX_DRIFT_S = 0.05


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
    views = [_second_reading(file, before.format, names) for file in (original, copy)]
    if carried or returned:  # one of the two has nothing that mutagen could compare
        views = [replace(view, pairs=[], version=None) for view in views]
    if not _agree(*views):
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


@dataclass(frozen=True, slots=True)
class _View:
    """What mutagen reads from a file: its tags except the changed ones, its ID3 version, its stream."""

    pairs: list[tuple[str, Any]]
    unknown: list[bytes]
    version: Any
    info: Any


def _second_reading(file: BinaryIO, format_name: str, without: set[str]) -> _View:
    file.seek(0)
    try:
        parsed = _READERS[format_name](file)
    except (mutagen.MutagenError, EOFError, ValueError, KeyError, IndexError) as error:
        raise TagError(f"a second reader (mutagen) cannot read it: {error}") from error
    tags = [] if parsed.tags is None else parsed.tags
    pairs = [
        (key, value)
        for key, value in (tags if isinstance(tags, list) else tags.items())
        if _plain_name(key) not in without
    ]
    unknown = getattr(tags, "unknown_frames", [])
    version = getattr(tags, "version", None) if pairs or unknown else None
    return _View(pairs, unknown, version, parsed.info)


def _agree(one: _View, other: _View) -> bool:
    if len(one.pairs) != len(other.pairs) or one.unknown != other.unknown or one.version != other.version:
        return False
    return _same_stream(one.info, other.info) and all(map(_same, one.pairs, other.pairs))


def _same(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    return one[0] == other[0] and (one[1] == other[1] or vars(one[1]) == vars(other[1]))


def _same_stream(one: Any, other: Any) -> bool:
    names = ("sample_rate", "channels")
    same = all(getattr(one, name, None) == getattr(other, name, None) for name in names)
    return same and abs(getattr(one, "length", 0) - getattr(other, "length", 0)) <= _MAX_DRIFT_S


def _plain_name(key: str) -> str:
    return folded(key.removeprefix("TXXX:").removeprefix("----:com.apple.iTunes:"))


def _names(wanted: Collection[Field]) -> set[str]:
    tables = (VORBIS, APEV2, ASF_NAMES, ID3_USER_TEXT, MP4_FREEFORM)
    names = {table[field] for table in tables for field in wanted if field in table}
    names |= {"TCON", "\xa9gen", "gnre"} if "genre" in wanted else set()
    names |= {"TBPM", "tmpo"} if "bpm" in wanted else set()
    names |= {name for name, field in OTHER_NAMES.items() if field in wanted}
    return {folded(name) for name in names}
