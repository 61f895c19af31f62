"""Which tag holds what: the table of DESIGN.md, one row a dialect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from mutagen.id3 import TCON

Field = Literal["genre", "energy_level", "energy", "bpm"]
FIELDS: tuple[Field, ...] = ("genre", "energy_level", "energy", "bpm")

# The spelling that is written; reading ignores case, because Mixed In Key, Picard and TagLib differ in it.
VORBIS: Mapping[Field, str] = {
    "genre": "GENRE",
    "energy_level": "ENERGYLEVEL",
    "energy": "TAGGER_ENERGY",
    "bpm": "BPM",
}
APEV2: Mapping[Field, str] = {
    "genre": "Genre",
    "energy_level": "EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "bpm": "BPM",
}
ASF: Mapping[Field, str] = {
    "genre": "WM/Genre",
    "energy_level": "WM/EnergyLevel",
    "energy": "TAGGER_ENERGY",
    "bpm": "WM/BeatsPerMinute",
}
ID3_USER_TEXT: Mapping[Field, str] = {"energy_level": "EnergyLevel", "energy": "TAGGER_ENERGY"}
MP4_FREEFORM: Mapping[Field, str] = {"energy_level": "ENERGYLEVEL", "energy": "TAGGER_ENERGY"}


def field_named(names: Mapping[Field, str], name: str) -> Field | None:
    """Our field behind a tag name of a dialect, whatever its case; None when it is not ours."""
    folded = name.casefold()
    return next((field for field, ours in names.items() if ours.casefold() == folded), None)


# The characters on which Navidrome, Jellyfin, Kodi and others split a genre (see `players`).
_SPLITTING = re.compile(r"\s*[;/,|\\]\s*")


def genre_names(texts: Iterable[str]) -> tuple[str, ...]:
    """The names behind the genre texts of a file: "(17)", "17" and "(17)Rock" are Rock; empty ones go.

    ID3v2.3, section 4.2.1 (TCON), as mutagen reads it.
    """
    shown = [text for text in texts if text.strip("\0 ")]
    frame: Any = TCON(encoding=3, text=shown)
    return tuple(name.strip() for name in frame.genres if name.strip())


def numbered_genre(number: int) -> str | None:
    """The ID3v1 genre of a number, with Winamp's extensions; None beyond them."""
    return TCON.GENRES[number] if 0 <= number < len(TCON.GENRES) else None


def unsplittable(name: str) -> str:
    """A genre spelled so that no player splits it: `Pop/Rock` becomes `Pop & Rock`."""
    return _SPLITTING.sub(" & ", name.replace("\0", " ").strip()).strip(" &")


def is_among(name: str, present: Iterable[str]) -> bool:
    """Whether a genre is there already, whole or as a part of a list, whatever its case."""
    pieces = {piece.strip().casefold() for text in present for piece in (text, *_SPLITTING.split(text))}
    return name.casefold() in pieces or unsplittable(name).casefold() in {
        unsplittable(text).casefold() for text in present
    }
