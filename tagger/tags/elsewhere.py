"""Genres that stand outside the tag we write: ID3v1, an APE tag on mp3, LIST INFO in wav.

Players fall back on them (TagLib's MPEG::File and RIFF::WAV::File join all tags of a file), so a
file that has one is not without genre. These tags are never written.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from tagger.tags.errors import TagError
from tagger.tags.formats.ape import has_id3v1, load_ape
from tagger.tags.formats.bytesource import ByteSource
from tagger.tags.formats.id3_hosts import Chunk, read_chunks
from tagger.tags.genres import genre_names, numbered_genre

_WITH_ID3V1 = ("mp3", "tta", "ape", "wv", "mpc")


def genres_elsewhere(file: BinaryIO, format_name: str) -> tuple[str, ...]:
    """Genre names of the file's other tags, the first kind that has any."""
    source = ByteSource(file, os.fstat(file.fileno()).st_size)
    if format_name == "wav":
        return _list_info_genres(source)
    genres: tuple[str, ...] = ()
    if format_name in ("mp3", "tta"):
        genres = _ape_genres(source)
    return genres or (_id3v1_genres(source) if format_name in _WITH_ID3V1 else ())


def _ape_genres(source: ByteSource) -> tuple[str, ...]:
    try:
        return genre_names(load_ape(source, "ape").texts("genre"))
    except TagError:
        return ()


def _id3v1_genres(source: ByteSource) -> tuple[str, ...]:
    name = numbered_genre(source.at(source.size - 1, 1)[0]) if has_id3v1(source) else None
    return (name,) if name else ()


def _list_info_genres(source: ByteSource) -> tuple[str, ...]:
    end = 8 + int.from_bytes(source.at(4, 4), "little")
    chunks = [chunk for chunk in read_chunks(source, "little", end) if chunk.name == b"LIST"]
    infos = [chunk for chunk in chunks if source.peek(chunk.start + 8, 4) == b"INFO"]
    return next(filter(None, (_genres_in(source, chunk) for chunk in infos)), ())


def _genres_in(source: ByteSource, info: Chunk) -> tuple[str, ...]:
    position = info.start + 12
    while position + 8 <= info.end:
        header = source.at(position, 8)
        size = int.from_bytes(header[4:], "little")
        if header[:4] == b"IGNR":
            text = source.peek(position + 8, min(size, info.end - position - 8))
            return genre_names([text.decode("utf-8", "replace").rstrip("\0")])
        position += 8 + size + size % 2
    return ()
