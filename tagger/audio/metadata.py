"""The names that tags give a recording and its album, from fields under their many names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypedDict

from av.audio.stream import AudioStream
from av.container import InputContainer

from tagger.files import folded

LONGEST = 500
"""Characters kept of a name: tags have held whole booklets."""

# FFmpeg gives the fields of most formats these names; what it does not know stays as the file has it.
_ALBUM_ARTIST = ("album_artist", "albumartist", "album artist")
_ARTIST = ("artist", *_ALBUM_ARTIST, "author")
_COMPILATION = ("compilation", "itunescompilation", "wm/iscompilation")
_YES = ("1", "true", "yes")
_DATE = ("date", "year", "date_released", "originaldate", "tyer", "wm/year")
_FIRST_YEAR = re.compile(r"\s*([12]\d{3})")
_LONE_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")


class TagNames(TypedDict):
    """The fields of `Recording` that come from tags; None or False where the tags do not have them."""

    title: str | None
    artist: str | None
    album: str | None
    year: int | None
    album_artist: str | None
    compilation: bool


def metadata_of(container: InputContainer, stream: AudioStream) -> TagNames:
    """Read title, artist (else the album's), album, its artist and year (1000–2999) from an open file.

    Ogg keeps its tags on the stream, everything else on the container, which is asked first: in
    Matroska and MP4 a stream has a name of its own. The letter case of field names does not matter.
    ID3 and APEv2 tags around a sound are not among them: `BoundedFile` hides these from FFmpeg.
    """
    return names_from({**stream.metadata, **container.metadata})


def names_from(fields: Mapping[str, str]) -> TagNames:
    """Pick the names out of text fields, which may go by FFmpeg's or by their format's own names.

    >>> found = names_from({"TITLE": "Blue Train", "Album Artist": "John Coltrane", "date": "1958-01"})
    >>> found["title"], found["artist"], found["album_artist"], found["year"], found["compilation"]
    ('Blue Train', 'John Coltrane', 'John Coltrane', 1958, False)
    """
    tags = _by_folded_name(fields)
    return TagNames(
        title=_first(tags, ("title",)),
        artist=_first(tags, _ARTIST),
        album=_first(tags, ("album",)),
        year=next((year for name in _DATE if (year := year_of(tags.get(name, "")))), None),
        album_artist=_first(tags, _ALBUM_ARTIST),
        compilation=folded(_first(tags, _COMPILATION) or "") in _YES,
    )


def year_of(date: str) -> int | None:
    """Read the year (1000–2999) that a date begins with, else one that stands in it alone, or None.

    >>> year_of("1958-01"), year_of("January 1958"), year_of("unknown")
    (1958, 1958, None)
    """
    found = _FIRST_YEAR.match(date) or _LONE_YEAR.search(date)
    return int(found[1]) if found else None


def _by_folded_name(tags: Mapping[str, str]) -> dict[str, str]:
    return {folded(name): text for name, value in tags.items() if (text := _plain(value))}


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((tags[name] for name in names if name in tags), None)


def _plain(value: str) -> str:
    """Give a text without NUL, which ends a field in some tags and divides its values in others."""
    return "; ".join(part for text in value.split("\0") if (part := text.strip()))[:LONGEST].strip()
