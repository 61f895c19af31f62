"""Which tag holds which of our nine fields in each format, and how genres are spelled.

| format                     | genre    | energy level 1–10                 | energy 0–1                          | tempo in BPM      |
|----------------------------|----------|-----------------------------------|-------------------------------------|-------------------|
| ID3 (mp3, tta, aiff, wav)  | TCON     | TXXX:EnergyLevel                  | TXXX:TAGGER_ENERGY                  | TBPM, an integer  |
| Vorbis (flac, ogg, opus)   | GENRE *  | ENERGYLEVEL                       | TAGGER_ENERGY                       | BPM               |
| MP4 (m4a)                  | ©gen     | ----:com.apple.iTunes:ENERGYLEVEL | ----:com.apple.iTunes:TAGGER_ENERGY | tmpo, an integer  |
| APEv2 (ape, wv, mpc)       | Genre    | EnergyLevel                       | TAGGER_ENERGY                       | BPM               |
| ASF (wma)                  | WM/Genre*| WM/EnergyLevel                    | TAGGER_ENERGY                       | WM/BeatsPerMinute |

| format                     | mood                                          | words                           |
|----------------------------|-----------------------------------------------|---------------------------------|
| ID3 (mp3, tta, aiff, wav)  | TMOO in v2.4, before it TXXX:mood             | GRP1 (v2.2: GP1)                |
| Vorbis (flac, ogg, opus)   | MOOD                                          | GROUPING *                      |
| MP4 (m4a)                  | ----:com.apple.iTunes:MOOD                    | ©grp                            |
| APEv2 (ape, wv, mpc)       | Mood                                          | Grouping                        |
| ASF (wma)                  | WM/Mood                                       | WM/ContentGroupDescription *    |

| format                     | key                                           |
|----------------------------|-----------------------------------------------|
| ID3 (mp3, tta, aiff, wav)  | TKEY (v2.2: TKE)                              |
| Vorbis (flac, ogg, opus)   | INITIALKEY, also KEY                          |
| MP4 (m4a)                  | ----:com.apple.iTunes:initialkey              |
| APEv2 (ape, wv, mpc)       | INITIALKEY, also KEY                          |
| ASF (wma)                  | WM/InitialKey                                 |

| format                     | comment                             | rating                                    |
|----------------------------|-------------------------------------|-------------------------------------------|
| ID3 (mp3, tta, aiff, wav)  | COMM without a description          | POPM, 1, 64, 128, 196, 255                |
| Vorbis (flac, ogg, opus)   | COMMENT, also DESCRIPTION           | RATING, 20 to 100                         |
| MP4 (m4a)                  | ©cmt                                | rate, 20 to 100                           |
| APEv2 (ape, wv, mpc)       | Comment                             | Rating, 20 to 100                         |
| ASF (wma)                  | Description of the content          | WM/SharedUserRating, 1, 25, 50, 75, 99    |

* Vorbis has one comment and ASF one attribute for each value; the others hold several values in one tag.
This is the spelling that is written. Reading ignores letter case, because Mixed In Key, Picard and TagLib
differ in it. A free-form tag of another name counts too where it means the same (`field_meant`): FFmpeg turns
the BPM of a flac into `TXXX:BPM` of an mp3 and into `BPM` of a wma, Mixxx reads TEMPO in Vorbis comments and
`----:com.apple.iTunes:BPM` in m4a before `tmpo`, other DJ programs write `TXXX:fBPM`, and TagLib shows
`TXXX:GENRE` as a genre.

Mood: as Navidrome's `resources/mappings.yaml` and Picard's `formats/*.py` have it. `TMOO` is of v2.4; TagLib and
mutagen drop it where they save v2.3, for which Picard writes `TXXX:mood`, read by TagLib and Kodi as a mood too.
Words are a grouping, the one field for free words that Navidrome (`grouping` in the same file), TagLib, Picard,
Mixxx and iTunes read from all formats alike. In ID3 it lay in `TIT1` until iTunes 12.5 made that the work and
`GRP1` the grouping; Navidrome and TagLib have followed, beets (mediafile), foobar2000 and FFmpeg still read `TIT1`.
`TIT1` may hold a work, so it is never written; where it holds anything, a file counts as one with a grouping
(`Tags.content_group`), because Mixxx and Picard show a `GRP1` in its place or behind it.

Key: `TKEY` as id3.org's "2.4.0 - Native Frames" (4.2.3) has it, in musical notation of three characters at most;
Mixxx writes it so too since its issue 10890. MP4 and ASF have one name each in Picard's `formats/*.py`, Navidrome's
`resources/mappings.yaml`, TagLib's `p_propertymapping` and Mixxx. Of Vorbis comments and APEv2 there are two: lofty-rs
(`tag/item.rs`, with its issue 90) finds that rekordbox, Serato, Traktor and Mixxx read INITIALKEY, as beets (mediafile)
and Strawberry do, while Picard and Navidrome, and by lofty-rs VirtualDJ and Engine DJ, read KEY. Mixed In Key puts
something else into KEY, JSON in base64, and stops at a key in letters there (unspok3n/beatportdl, issue 127; decoded
in whatsnowplaying/whats-now-playing, pull request 1182). So INITIALKEY is written; a KEY that holds a key counts and is
replaced under its name, and any other KEY is not ours. Beatport's shop has INITIAL_KEY in flac, which few read.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from mutagen.id3 import TCON

from tagger.files import folded
from tagger.musical_key import key_named

Field = Literal["genre", "energy_level", "energy", "bpm", "key", "mood", "words", "comment", "rating"]
FIELDS: tuple[Field, ...] = get_args(Field)

REWORDED: tuple[Field, ...] = ("comment", "rating")
"""Those that hold more than a value of ours (a text of the owner's, a language, a count), which stays."""

ID3_KINDS = ("mp3", "aiff", "wav", "dsf", "tta")
"""The formats of files whose tags are ID3."""

NAMES: tuple[Field, ...] = ("genre", "mood", "words")
"""Those whose values are names, of which a file may have several; the others are numbers."""

VORBIS: Mapping[Field, str] = {
    "genre": "GENRE",
    "energy_level": "ENERGYLEVEL",
    "energy": "TAGGER_ENERGY",
    "bpm": "BPM",
    "key": "INITIALKEY",
    "mood": "MOOD",
    "words": "GROUPING",
    "comment": "COMMENT",
    "rating": "RATING",
}
APEV2: Mapping[Field, str] = {
    "genre": "Genre",
    "energy_level": "EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "bpm": "BPM",
    "key": "INITIALKEY",
    "mood": "Mood",
    "words": "Grouping",
    "comment": "Comment",
    "rating": "Rating",
}
ASF: Mapping[Field, str] = {
    "genre": "WM/Genre",
    "energy_level": "WM/EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "bpm": "WM/BeatsPerMinute",
    "key": "WM/InitialKey",
    "mood": "WM/Mood",
    "words": "WM/ContentGroupDescription",
    "rating": "WM/SharedUserRating",
}
ID3_USER_TEXT: Mapping[Field, str] = {
    "energy_level": "EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "mood": "mood",
}
MP4_FREEFORM: Mapping[Field, str] = {
    "energy_level": "ENERGYLEVEL",
    "energy": "TAGGER_ENERGY",
    "key": "initialkey",
    "mood": "MOOD",
}

OTHER_NAMES: Mapping[str, Field] = {
    "genre": "genre",
    "bpm": "bpm",
    "tempo": "bpm",
    "fbpm": "bpm",
    "initialkey": "key",
    "initial_key": "key",
    "initial key": "key",
    "key": "key",
    "mood": "mood",
    "grouping": "words",
}
"""Names that other programs give to free-form tags, folded; a tempo counts where it is a number, and what is
called `key` where it is a musical one."""

KEY_NAMES = ("INITIALKEY", "KEY")
"""Under which players look for a key in Vorbis comments and APEv2; one under another name makes room."""

LONGEST_GENRE = 200
"""Characters of a genre that a person can mean."""

_NUMBER = re.compile(r"\s*(?:\d+(?:[.,]\d+)?)?\s*(?:bpm)?\s*", re.IGNORECASE)

# The characters on which Navidrome, Jellyfin, Kodi and others split a genre (see `players`).
_SPLITTING = re.compile(r"\s*[;/,|\\][;/,|\\&\s]*")


def field_named(names: Mapping[Field, str], name: str) -> Field | None:
    """Find our field behind a tag's name in one of the tables above, in any letter case; None for other tags.

    >>> field_named(VORBIS, "energylevel"), field_named(VORBIS, "ARTIST")
    ('energy_level', None)
    """
    wanted = folded(name)
    return next((field for field, ours in names.items() if folded(ours) == wanted), None)


def field_meant(names: Mapping[Field, str], name: str, texts: Sequence[str]) -> Field | None:
    """Find our field behind the name and values of a free-form tag, under a name of other programs too.

    >>> field_meant(ID3_USER_TEXT, "fBPM", ["127.98"]), field_meant(VORBIS, "TEMPO", ["Allegro"])
    ('bpm', None)
    >>> field_meant(VORBIS, "KEY", ["8A"]), field_meant(VORBIS, "KEY", ["eyJrZXkiOiI4QSJ9"])
    ('key', None)
    """
    field = field_named(names, name) or OTHER_NAMES.get(folded(name))
    if field == "bpm" and field_named(names, name) is None:
        return field if all(_NUMBER.fullmatch(text) for text in texts) else None
    if folded(name) == "key":
        return field if all(key_named(text) or not text.strip() for text in texts) else None
    return field


def genre_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Resolve the genre texts of a file into names; empty ones go (ID3v2.3, 4.2.1, as mutagen reads it).

    >>> genre_names(["(17)", "(8)Cool Jazz", " ", "Shoegaze"])
    ('Rock', 'Jazz', 'Cool Jazz', 'Shoegaze')
    """
    shown = [text for text in texts if text.strip("\0 ")]
    frame: Any = TCON(encoding=3, text=shown)
    return tuple(name.strip() for name in frame.genres if name.strip())


def numbered_genre(number: int) -> str | None:
    """Give the ID3v1 genre of a number, with Winamp's extensions; None beyond them.

    >>> numbered_genre(17), numbered_genre(255)
    ('Rock', None)
    """
    return TCON.GENRES[number] if 0 <= number < len(TCON.GENRES) else None


def unsplittable(name: str) -> str:
    """Spell a genre so that no player splits it in two.

    >>> unsplittable("Pop/Rock"), unsplittable("Folk, World, & Country")
    ('Pop & Rock', 'Folk & World & Country')
    """
    return _SPLITTING.sub(" & ", name.replace("\0", " ").strip()).strip(" &")


def is_genre(name: str) -> bool:
    """Tell whether a text, spelled by `unsplittable`, can be written as a genre.

    >>> is_genre("Café del Mar"), is_genre("two\\nlines"), is_genre("")
    (True, False, False)
    """
    return bool(name) and name.isprintable() and len(name) <= LONGEST_GENRE


def decoded(text: bytes) -> str:
    """Decode a text that should be UTF-8; Windows programs wrote their own code page in its place.

    >>> decoded("Café".encode()), decoded("Café".encode("latin-1"))
    ('Café', 'Café')
    """
    for codec in ("utf-8", "cp1252"):
        try:
            return text.decode(codec)
        except UnicodeDecodeError:
            continue
    return text.decode("latin-1")


def says_nothing(number: str) -> bool:
    """Tell whether a number is empty or zero, which iTunes writes for a tempo that is not known.

    >>> says_nothing(" 0.0"), says_nothing("10")
    (True, False)
    """
    return not number.strip().strip("0.")


def each_once(names: Iterable[str]) -> tuple[str, ...]:
    """Drop names that differ from an earlier one in letter case alone.

    >>> each_once(["Rock", "ROCK", "Jazz"])
    ('Rock', 'Jazz')
    """
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(folded(name), name)
    return tuple(first.values())


def is_among(name: str, present: Iterable[str]) -> bool:
    """Tell whether a genre is there already, whole or as a part of a list, in any letter case.

    >>> is_among("rock", ["Pop; Rock"]), is_among("Rock", ["Rockabilly"])
    (True, False)
    """
    texts = list(present)
    pieces = {folded(piece.strip()) for text in texts for piece in (text, *_SPLITTING.split(text))}
    return folded(name) in pieces or folded(unsplittable(name)) in {folded(unsplittable(t)) for t in texts}
