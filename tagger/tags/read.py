"""What a file's tags say of our four fields."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from tagger.tags.block import Block
from tagger.tags.elsewhere import genres_elsewhere
from tagger.tags.errors import TagError
from tagger.tags.fields import FIELDS, Field
from tagger.tags.formats import load
from tagger.tags.genres import genre_names


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
