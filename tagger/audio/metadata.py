"""What the tags of an open file call the recording, as FFmpeg read them on the way to the sound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypedDict

from av.audio.stream import AudioStream
from av.container import InputContainer

LONGEST = 500
"""Characters kept of a name: tags have held whole booklets."""

# FFmpeg gives the fields of most formats these names; what it does not know stays as the file has it.
_ARTIST = ("artist", "album_artist", "albumartist", "album artist", "author")
_DATE = ("date", "year", "date_released", "originaldate", "tyer", "wm/year")
_FIRST_YEAR = re.compile(r"\s*([12]\d{3})")
_LONE_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")


class Names(TypedDict):
    """The fields of `Recording` that come from tags; None where nothing is said."""

    title: str | None
    artist: str | None
    album: str | None
    year: int | None


def metadata_of(container: InputContainer, stream: AudioStream) -> Names:
    """Title, artist (else the album's), album and year (1000–2999) of a file that is open already.

    Ogg keeps its tags on the stream, everything else on the container, which is asked first: in
    Matroska and MP4 a stream has a name of its own. Letter case of field names is of no account.
    Nothing is known of ID3 and APEv2 tags around a sound: `Source` hides them from FFmpeg.
    """
    return names_from({**stream.metadata, **container.metadata})


def names_from(fields: Mapping[str, str]) -> Names:
    """The names among text fields as a tag holds them, under FFmpeg's or their format's own names."""
    tags = _folded(fields)
    return Names(
        title=_first(tags, ("title",)),
        artist=_first(tags, _ARTIST),
        album=_first(tags, ("album",)),
        year=next((year for name in _DATE if (year := year_of(tags.get(name, "")))), None),
    )


def year_of(date: str) -> int | None:
    """The year (1000–2999) that a date begins with, else one that stands in it alone, or None."""
    found = _FIRST_YEAR.match(date) or _LONE_YEAR.search(date)
    return int(found[1]) if found else None


def _folded(tags: Mapping[str, str]) -> dict[str, str]:
    return {name.casefold(): text for name, value in tags.items() if (text := _plain(value))}


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((tags[name] for name in names if name in tags), None)


def _plain(value: str) -> str:
    """The text without NUL, which ends a field in some tags and divides its values in others."""
    return "; ".join(part for text in value.split("\0") if (part := text.strip()))[:LONGEST].strip()
