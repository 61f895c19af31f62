"""Read a file's tags: our nine fields, whose they are; and its names, where FFmpeg does not see them."""

from __future__ import annotations

import io
import math
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import mutagen
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TAL, TALB, TCMP, TCP, TDRC, TIT2, TP1, TP2, TPE1, TPE2, TT2, TXX, TXXX, TYE, TYER

from tagger.containers import ID3V2_HEADER_BYTES, id3v2_length
from tagger.errors import TagError
from tagger.files import folded
from tagger.musical_key import key_among
from tagger.tags.block import UNREADABLE, ByteSource, Item, TagBlock
from tagger.tags.bounded_mutagen import bound
from tagger.tags.fields import FIELDS, NAMES, Field, genre_names, says_nothing
from tagger.tags.formats import load
from tagger.tags.formats.ape import text_items
from tagger.tags.limits import check_size, limited
from tagger.tags.secondary_tags import fallback_genres, genres_for_ffmpeg, info_bpm
from tagger.tags.spliced import SplicedFile
from tagger.types import MOST_BPM, MOST_LEVEL, OwnTags, energy_level, number_in

MOST_GENRES, LONGEST_GENRE = 32, 200
"""Of what is kept of a file's own genres, and the characters of each: tags have held whole booklets."""

# Four decimals: finer than any model's noise, and short enough to read in a tag editor.
_HALF_STEP = 0.00005

_FRAMES = {
    "TXXX:ALBUM ARTIST": "albumartist",  # of foobar2000; a frame below it speaks before it
    "TXXX:COMPILATION": "compilation",
    "TXXX:TCMP": "compilation",  # of FFmpeg
    "TIT2": "title",
    "TPE1": "artist",
    "TPE2": "albumartist",
    "TALB": "album",
    "TDRC": "date",
    "TCMP": "compilation",
}
_ARTIST = ("artist", "tpe1", "author", "albumartist", "album artist", "tpe2", "wm/albumartist")
"""mutagen's names for it in Vorbis comments, MP4, APEv2 and mp3, in ID3 of other files, and in ASF."""

_NEWER = (TIT2, TPE1, TPE2, TALB, TDRC, TYER, TCMP, TXXX)
_OF_V22 = (TT2, TP1, TP2, TAL, TYE, TCP, TXX)
_PARSED = {kind.__name__: kind for kind in (*_NEWER, *_OF_V22)}
"""All other frames, covers among them, are skipped unread; a `TYER` becomes a `TDRC`, and a frame of v2.2
what it is called in later versions."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Our fields in a file of `format`; None or empty where absent.

    `genres` are names; where the main tag has none, those of an APE, ID3v1 or LIST INFO tag beside
    it, because players show them. `genre_texts` is what the main tag holds word for word. A field that
    stands twice shows its first value that says something; `repeated` has all that the main tag holds.
    `ffmpeg_genres` are those that FFmpeg shows in their place; None where it shows the same. `keys`, `moods`
    and `words` are all values of their fields; `content_group` are those of a field of ID3 that some programs
    read as the words, others as a work (see `fields`). `comments` and `ratings` are those that
    players show, empty and zero ones too. `dialect` is that of `TagBlock`. `key_names` are the names of the
    keys behind it (`vorbis:KEY`), where a kind of tag has several.
    """

    format: str
    genres: tuple[str, ...] = ()
    energy_level: str | None = None
    energy: str | None = None
    bpm: str | None = None
    genre_texts: tuple[str, ...] = ()
    repeated: Mapping[Field, tuple[str, ...]] = field(default_factory=dict)
    ffmpeg_genres: tuple[str, ...] | None = field(default=None, compare=False)
    keys: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    content_group: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()
    dialect: str = field(default="", compare=False)
    key_names: tuple[str, ...] = field(default=(), compare=False)

    def texts(self, field: Field) -> tuple[str, ...]:
        """Give the values of a field as the main tag holds them."""
        if field == "genre":
            return self.genre_texts
        if field in self.repeated:
            return self.repeated[field]
        several = {
            "key": self.keys,
            "mood": self.moods,
            "words": self.words,
            "comment": self.comments,
            "rating": self.ratings,
        }
        if field in several:
            return several[field]
        value = {"energy_level": self.energy_level, "energy": self.energy, "bpm": self.bpm}[field]
        return () if value is None else (value,)


def read(path: str) -> Tags:
    """Read our fields from a file's headers. Raises TagError or UnsupportedFormat where that fails."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a FIFO would be waited for without end
            raise TagError("not a regular file; name a music file")
        with limited(), open(path, "rb") as file:
            block = load(file, path)
            fallback = () if genre_names(block.texts("genre")) else fallback_genres(file, block)
            carried = block.carried() if block.is_empty else ()
            beside = genres_for_ffmpeg(file, block)
    except OSError as error:
        raise TagError(error.strerror or str(error)) from error
    return replace(tags_of(block, fallback, carried), ffmpeg_genres=beside)


def tags_of(block: TagBlock, fallback: tuple[str, ...] = (), carried: Sequence[Item] = ()) -> Tags:
    """Give the tags of a loaded block, with `fallback` where it has no genre, and what it would carry."""
    texts = {field: block.texts(field) for field in FIELDS}
    beside = {item.field: item.texts for item in carried if item.field}
    found = {"bpm": tuple(filter(None, [info_bpm(block)])), **beside}
    repeated: dict[Field, tuple[str, ...]] = {
        name: values
        for name, values in texts.items()
        if (len(values) > 1 and name not in NAMES) or (name != "genre" and not values and found.get(name))
    }
    level, energy, bpm = (
        _telling(texts[name] or found.get(name, ())) for name in ("energy_level", "energy", "bpm")
    )
    more: tuple[Field, ...] = ("key", "mood", "words", "comment", "rating")
    keys, moods, words, comments, ratings = (texts[name] or found.get(name, ()) for name in more)
    return Tags(
        format=block.format,
        genres=genre_names(texts["genre"]) or fallback,
        energy_level=level,
        energy=energy,
        bpm=bpm,
        genre_texts=texts["genre"],
        repeated=repeated,
        keys=keys,
        moods=moods,
        words=words,
        content_group=tuple(text for item in block.items if item.field is None for text in item.texts),
        comments=comments,
        ratings=ratings,
        dialect=block.dialect,
        key_names=tuple(_key_names(block)),
    )


def _key_names(block: TagBlock) -> Iterator[str]:
    """Yield under which names the keys stand, where players look for one of two."""
    start, end = {"vorbis": (0, b"="), "apev2": (8, b"\0")}.get(block.dialect, (0, b""))
    for item in block.items:
        if item.field == "key" and end:
            name = item.raw[start:].partition(end)[0]
            yield f"{block.dialect}:{name.decode('ascii', 'replace').upper()}"


def _telling(values: Sequence[str]) -> str | None:
    """Give the first value that says something, else the first: beside a tempo of 0 a second one counts."""
    return next((value for value in values if not says_nothing(value)), next(iter(values), None))


def own_tags(path: str) -> OwnTags:
    """Read what the owner's file says of the music, as `read` does.

    An energy level that is ours is left out. Never raises: a tag that cannot be read counts as absent.
    """
    with suppress(Exception):
        tags = read(path)
        said = (text for text in tags.genres if UNREADABLE not in text)
        level = None if level_is_free(tags) else number_in(tags.energy_level, MOST_LEVEL)
        genres = tuple(text[:LONGEST_GENRE] for text in islice(said, MOST_GENRES))
        bpm, key = number_in(tags.bpm, MOST_BPM), key_among(tags.keys)
        return OwnTags(genres, level, bpm, tags.energy is not None, key)
    return OwnTags()


def level_is_free(tags: Tags) -> bool:
    """Tell whether the energy level is absent, or ours: that of the `TAGGER_ENERGY` beside it."""
    texts = tags.texts("energy_level") or (tags.energy_level or "",)
    present = {text.strip() for text in texts} - {""}
    if not present:
        return True
    return present <= set(map(str, levels_of(tags.energy)))


def levels_of(energy: str | None) -> set[int]:
    """Give the levels that a `TAGGER_ENERGY` can stand for: one, at a border two; none where it is no number.

    >>> levels_of("0.7340"), levels_of("0.7000"), levels_of(None)
    ({8}, {8, 7}, set())
    """
    try:
        value = float(energy or "")
    except ValueError:
        return set()
    if not math.isfinite(value):
        return set()
    return {energy_level(value + step) for step in (-_HALF_STEP, 0, _HALF_STEP)}


def text_fields(path: str) -> dict[str, str]:
    """Read title, artists, album and date of an ID3 or else an APEv2 tag; empty where there is neither.

    The values of a field are joined by NUL. Never raises: a tag that cannot be read counts as absent.
    """
    bound()
    with suppress(Exception), limited():
        with open(path, "rb") as file:
            check_size(id3v2_length(file.read(ID3V2_HEADER_BYTES)))
        id3: Any = ID3(path, known_frames=_PARSED)
        return {name: "\0".join(map(str, id3[key].text)) for key, name in _FRAMES.items() if key in id3}
    with suppress(Exception), limited():
        _check_ape(path)
        ape: Any = APEv2(path)
        return {key: str(value) for key, value in ape.items() if value.kind == 0}
    return {}


def _check_ape(path: str) -> None:
    """Raise TagError where the APE tag of a file is damaged, or too large to be read by mutagen."""
    with open(path, "rb") as file:
        text_items(ByteSource(file, file.seek(0, os.SEEK_END)))


def artist_of(path: str) -> str | None:
    """Read the artist, else the album's, by whichever tag the format of the file has; None where none has it.

    The first of several names. Never raises: a tag that cannot be read counts as absent.
    """
    bound()
    fields: dict[str, Any] = {}
    with suppress(Exception), limited():
        with open(path, "rb") as opened:
            splices = load(opened, path).as_by_the_book()  # without pictures that would fill the memory
            spliced: Any = io.BufferedReader(SplicedFile(opened, splices)) if splices else path
            file: Any = mutagen.File(spliced, easy=True)
        fields = {folded(str(key)): value for key, value in (getattr(file, "tags", None) or {}).items()}
    values = (fields[name] for name in _ARTIST if name in fields)
    texts = (str(value[0] if isinstance(value, list) and value else value) for value in values)
    return next((name for text in texts if (name := text.split("\0")[0].strip())), None)
