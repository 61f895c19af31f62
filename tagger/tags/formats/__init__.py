"""Detect the format of a file by its first bytes, and load its tags with that format's module."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO

from tagger.containers import ASF_HEADER, ID3V2_HEADER_BYTES, has_mpeg_frames, id3v2_length
from tagger.errors import UnsupportedFormat
from tagger.files import extension_of
from tagger.tags.block import ByteSource, TagBlock
from tagger.tags.formats.ape import load_ape
from tagger.tags.formats.asf import load_asf
from tagger.tags.formats.flac import load_flac
from tagger.tags.formats.id3_hosts import load_chunked, load_dsf, load_front
from tagger.tags.formats.mp4 import load_mp4
from tagger.tags.formats.ogg import load_ogg, ogg_codec

Loader = Callable[[ByteSource, str], TagBlock]

LOADERS: Mapping[str, Loader] = {
    "mp3": load_front,
    "tta": load_front,
    "wav": load_chunked,
    "aiff": load_chunked,
    "dsf": load_dsf,
    "flac": load_flac,
    "ogg": load_ogg,
    "opus": load_ogg,
    "speex": load_ogg,
    "oggflac": load_ogg,
    "m4a": load_mp4,
    "wma": load_asf,
    "ape": load_ape,
    "wv": load_ape,
    "mpc": load_ape,
}
_MARKS = (
    (b"fLaC", "flac"),
    (b"TTA1", "tta"),
    (b"MAC ", "ape"),
    (b"wvpk", "wv"),
    (b"MP+", "mpc"),
    (b"MPCK", "mpc"),
)
_OTHER_CONTAINERS = (b"\x1aE\xdf\xa3", b"OggS", b"RIFF", b"RF64", b"FORM", b"caff")
"""Of which some are named mp3, Matroska (webm) above all: with a tag in front nobody could open them."""

_SEARCHED_BYTES = 1 << 18
"""For the first frames of a file named mp3, behind its tag: padding or garbage may lie before them."""


def load(file: BinaryIO, path: str) -> TagBlock:
    """Load the tag block of an open file. Raises UnsupportedFormat where its kind carries no tags."""
    source = ByteSource(file, file.seek(0, os.SEEK_END))
    name = detect(source, path)
    return LOADERS[name](source, name)


def detect(source: ByteSource, path: str) -> str:
    """Give the name of the file's format, a key of `LOADERS`. Raises UnsupportedFormat for other files."""
    start = source.peek(0, 64)
    length = id3v2_length(start[:ID3V2_HEADER_BYTES])
    behind_id3 = source.peek(length, 16)
    name = _by_container(start) or next((name for mark, name in _MARKS if behind_id3.startswith(mark)), None)
    if name:
        return name
    extension = extension_of(path)
    if _is_mpeg_audio(behind_id3):
        return "mp3"
    may_be_mpeg = extension in ("mp3", "mp2") and not behind_id3.startswith(_OTHER_CONTAINERS)
    if may_be_mpeg and has_mpeg_frames(source.peek(length, _SEARCHED_BYTES)):
        return "mp3"
    if extension in LOADERS or extension in ("aif", "aifc", "mp2", "mp4", "oga", "mp+"):
        raise UnsupportedFormat(f"does not begin as {extension} files do, so tags cannot be written into it")
    raise UnsupportedFormat(f"tags cannot be written into this kind of file ({extension or 'unknown'})")


def _by_container(start: bytes) -> str | None:
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return "wav"
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if start[:4] == b"OggS" and len(start) > 28:
        return ogg_codec(start[27 + start[26] :])
    if start[4:8] == b"ftyp":
        return "m4a"
    return {b"DSD ": "dsf", ASF_HEADER[:4]: "wma"}.get(start[:4])


def _is_mpeg_audio(start: bytes) -> bool:
    """Tell whether an MPEG audio frame of layer 1 to 3 begins; ADTS has the same sync with layer bits 00."""
    return len(start) > 2 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0 and bool(start[1] & 0x06)
