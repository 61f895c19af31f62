"""Tags beside the one that we write: ID3v1, an APE tag on mp3, LIST INFO in wav, a second ID3v2.

Players fall back on them, so a file that has a genre there is not without one. They do so only as long
as the main tag is absent or empty (TagLib's `TagUnion::properties`, which Navidrome uses; FFmpeg):
our fields alone in it would hide title and artist, so that these are carried over (`formats.carried`) or the
file is left. Of secondary tags only the genre and tempo in LIST INFO are written.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from tagger.containers import ID3V1_BYTES, ID3V2_HEADER_BYTES, id3v2_length
from tagger.errors import TagError
from tagger.tags.block import INFO, ByteSource, TagBlock
from tagger.tags.fields import genre_names, numbered_genre
from tagger.tags.formats.ape import has_id3v1, load_ape
from tagger.tags.formats.id3 import read_tag
from tagger.tags.formats.riff import info_texts

_WITH_ID3V1 = ("mp3", "tta", "ape", "wv", "mpc")
_WITH_ID3V2_IN_FRONT = ("flac", "ape", "wv", "mpc")
"""Kinds with another main tag, where FFmpeg shows an ID3v2 tag in front of it as long as that is empty."""

_NO_NAMES = (b"replaygain_", b"mp3gain_", b"encoder")
"""Beginnings of the keys of APE items that name neither track, artist nor album."""

_INFO_NAMES = (b"INAM", b"IART", b"IPRD", b"IGNR")
"""Title, artist, album and genre. A chunk with no more than a program's name and a date is no fallback."""

_JUNK_BYTES = 1 << 16
"""Bytes that are searched for a tag that does not begin where it should."""


def fallback_genres(file: BinaryIO, block: TagBlock) -> tuple[str, ...]:
    """Give the genre names of the file's secondary tags, of the first kind that has any."""
    source, format_name = ByteSource(file, os.fstat(file.fileno()).st_size), block.format
    if format_name == "wav":
        return info_genres(block)
    genres: tuple[str, ...] = ()
    if format_name in ("mp3", "tta"):
        genres = _ape_genres(source)
    return genres or (_id3v1_genres(source) if format_name in _WITH_ID3V1 else ())


def info_genres(block: TagBlock) -> tuple[str, ...]:
    """Give the genre names in `LIST INFO` of a wav file."""
    return genre_names([info_texts(block.items).get(b"IGNR", "")])


def genres_for_ffmpeg(file: BinaryIO, block: TagBlock) -> tuple[str, ...] | None:
    """Give the genres of a tag that FFmpeg reads in place of ID3: LIST INFO in wav, APE in tta."""
    if block.format == "tta":
        source = ByteSource(file, file.seek(0, os.SEEK_END))
        return _ape_genres(source) if _has_ape_names(source) else None
    has_info = any(item.container.startswith(INFO) for item in block.items)
    return info_genres(block) if has_info else None


def info_bpm(block: TagBlock) -> str | None:
    """Give the tempo in `LIST INFO` of a wav file."""
    return info_texts(block.items).get(b"IBPM")


def fallback_tag(file: BinaryIO, block: TagBlock) -> str:
    """Name the tag that players read because the main one, `block`, is empty; "" where there is none."""
    if not block.is_empty:
        return ""
    source, kind = ByteSource(file, os.fstat(file.fileno()).st_size), block.format
    if kind == "wav":
        lost = not block.carried() and any(name in _INFO_NAMES for name in info_texts(block.items))
        return "a LIST INFO chunk" if lost else ""
    if kind in _WITH_ID3V2_IN_FRONT and _has_frames(source, 0):
        return "an ID3v2 tag in front of it"
    if kind == "mp3" and _has_late_id3(source, block.payload(False)[0][0]):
        return "an ID3v2 tag behind other bytes"
    if (kind == "mp3" or (kind == "tta" and not block.carried())) and _has_ape_names(source):
        return "an APEv2 tag"
    return "an ID3v1 tag" if kind in (*_WITH_ID3V1, "flac") and _has_id3v1_names(source) else ""


def _has_frames(source: ByteSource, start: int) -> bool:
    try:
        return bool(read_tag(source, start).items)
    except TagError:
        return True


def _has_late_id3(source: ByteSource, start: int) -> bool:
    """Tell whether an ID3v2 tag follows junk or an empty tag."""
    data = source.peek(start, _JUNK_BYTES)
    at = data.find(b"ID3")
    return at >= 0 and id3v2_length(data[at : at + ID3V2_HEADER_BYTES]) > 0


def _has_ape_names(source: ByteSource) -> bool:
    """Tell whether an APE tag has more than the loudness of the track and the name of its encoder."""
    try:
        keys = [item.raw[8:].split(b"\0")[0].lower() for item in load_ape(source, "ape").items]
    except TagError:
        return True
    return any(not key.startswith(_NO_NAMES) for key in keys)


def _has_id3v1_names(source: ByteSource) -> bool:
    """Tell whether an ID3v1 tag holds anything: beside a new tag, mutagen reads even a year differently."""
    if not has_id3v1(source):
        return False
    return bool(source.at(source.size - ID3V1_BYTES + 3, 122).strip(b"\0 ") or _id3v1_genres(source))


def _ape_genres(source: ByteSource) -> tuple[str, ...]:
    try:
        return genre_names(load_ape(source, "ape").texts("genre"))
    except TagError:
        return ()


def _id3v1_genres(source: ByteSource) -> tuple[str, ...]:
    name = numbered_genre(source.at(source.size - 1, 1)[0]) if has_id3v1(source) else None
    return (name,) if name else ()
