"""Genre names: what a numeric one means, which are the same, and a spelling that players do not split."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mutagen.id3 import TCON

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
