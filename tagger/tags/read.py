"""What a file's tags say of our four fields."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any

import mutagen
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TALB, TDRC, TIT2, TPE1, TPE2, TYER

from tagger.errors import TagError
from tagger.tags.block import Block
from tagger.tags.fields import FIELDS, Field, genre_names
from tagger.tags.formats import load
from tagger.tags.secondary_tags import genres_elsewhere


@dataclass(frozen=True, slots=True)
class Tags:
    """Our fields in a file of `format`; None or empty where absent.

    `genres` are names; where the main tag has none, those of an APE, ID3v1 or LIST INFO tag beside
    it, because players show them. `genre_texts` is what the main tag holds word for word.
    """

    format: str
    genres: tuple[str, ...] = ()
    energy_level: str | None = None
    energy: str | None = None
    bpm: str | None = None
    genre_texts: tuple[str, ...] = ()

    def texts(self, field: Field) -> tuple[str, ...]:
        """The values of a field as the main tag holds them."""
        if field == "genre":
            return self.genre_texts
        value = {"energy_level": self.energy_level, "energy": self.energy, "bpm": self.bpm}[field]
        return () if value is None else (value,)


def read(path: str) -> Tags:
    """Read a file's tags from its headers; TagError (UnsupportedFormat) says why it cannot be done."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a FIFO would be waited for without end
            raise TagError("not a regular file; name a music file")
        with open(path, "rb") as file:
            block = load(file, path)
            elsewhere = () if genre_names(block.texts("genre")) else genres_elsewhere(file, block.format)
    except OSError as error:
        raise TagError(error.strerror or str(error)) from error
    return tags_of(block, elsewhere)


def tags_of(block: Block, elsewhere: tuple[str, ...] = ()) -> Tags:
    """The same from a loaded block."""
    texts = {field: block.texts(field) for field in FIELDS}
    first = {field: next(iter(values), None) for field, values in texts.items()}
    genres = genre_names(texts["genre"]) or elsewhere
    return Tags(block.format, genres, first["energy_level"], first["energy"], first["bpm"], texts["genre"])


_FRAMES = {"TIT2": "title", "TPE1": "artist", "TPE2": "albumartist", "TALB": "album", "TDRC": "date"}
_ARTIST = ("artist", "tpe1", "author", "albumartist", "album artist", "tpe2", "wm/albumartist")
"""As mutagen calls it in Vorbis comments, MP4, APEv2 and mp3, in ID3 of other files, and in ASF."""

_PARSED = {kind.__name__: kind for kind in (TIT2, TPE1, TPE2, TALB, TDRC, TYER)}
"""All other frames, covers among them, are passed over unread; a `TYER` becomes a `TDRC`."""


def text_fields(path: str) -> dict[str, str]:
    """Title, artist, album and date of an ID3 or else an APEv2 tag; empty where there is neither.

    The values of a field are joined by NUL. Never raises: a tag that cannot be read says nothing.
    """
    try:
        id3: Any = ID3(path, known_frames=_PARSED)
        return {name: "\0".join(map(str, id3[key].text)) for key, name in _FRAMES.items() if key in id3}
    except (mutagen.MutagenError, OSError, ValueError):
        pass
    try:
        ape: Any = APEv2(path)
        return {key: str(value) for key, value in ape.items() if value.kind == 0}
    except (mutagen.MutagenError, OSError, ValueError):
        return {}


def artist_of(path: str) -> str | None:
    """The artist, else the album's, by whichever tag the format of the file has; None where none says it.

    The first of several names. Never raises: a tag that cannot be read says nothing.
    """
    try:
        file: Any = mutagen.File(path, easy=True)
        fields = {str(key).casefold(): value for key, value in (getattr(file, "tags", None) or {}).items()}
    except (mutagen.MutagenError, OSError, ValueError):
        return None
    values = (fields[name] for name in _ARTIST if name in fields)
    texts = (str(value[0] if isinstance(value, list) and value else value) for value in values)
    return next((name for text in texts if (name := text.split("\0")[0].strip())), None)
