"""The names of the 24 major and minor keys, in the notations that DJ programs use, and which of them mix.

A key is named as ID3's `TKEY` wants it (https://id3.org/id3v2.4.0-frames, 4.2.3): "C", "F#", "Bbm", at
most three characters, by the spelling with the fewest accidentals. The Camelot wheel (Mark Davis, 2006,
Mixed In Key) numbers them round the circle of fifths, "A" for minor and "B" for major; Open Key (Traktor)
begins elsewhere, with "m" and "d".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

KEYS = (
    *("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    *("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm"),
)
"""The twelve major keys from C on, a semitone apart, and then the twelve minor ones."""

_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1, "sharp": 1, "flat": -1}
_MODES = {"": 0, "M": 0, "maj": 0, "major": 0, "m": 12, "min": 12, "minor": 12}

_NAME = re.compile(r"([a-gA-G])[ -]?(sharp|flat|[#♯b♭])?[ -]?([a-zA-Z]*)|([0-9]{1,2})[ ]?([abdmABDM])")


def key_named(text: str) -> str | None:
    """Read a key in any notation; None for another text.

    >>> [key_named(text) for text in ("Am", "A minor", "8A", "1m", "Gb", "g#", "B flat major", "H", "13A")]
    ['Am', 'Am', 'Am', 'Am', 'F#', 'Ab', 'Bb', None, None]
    """
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    note, accidental, mode, number, letter = found.groups()
    if number:
        return _ON_WHEELS.get(f"{int(number)}{letter.upper()}")
    words = mode if mode == "M" else mode.lower()
    if words not in _MODES:
        return None
    return KEYS[(_PITCHES[note.upper()] + _ACCIDENTALS[accidental or ""]) % 12 + _MODES[words]]


def key_among(texts: Iterable[str]) -> str | None:
    """Give the first key that texts name, in any notation; None where none does.

    >>> key_among(["", "All", "8A", "C"]), key_among([])
    ('Am', None)
    """
    return next(filter(None, map(key_named, texts)), None)


@cache  # a list asks for each of its tracks
def camelot(key: str) -> str:
    """Give the place of one of `KEYS` on the Camelot wheel.

    >>> camelot("Am"), camelot("C"), camelot("G#m"), camelot("E")
    ('8A', '8B', '1A', '12B')
    """
    number, is_major = _place(key)
    return f"{number}{'B' if is_major else 'A'}"


def open_key(key: str) -> str:
    """Give the place of one of `KEYS` in Open Key.

    >>> open_key("Am"), open_key("C"), open_key("Cm")
    ('1m', '1d', '10m')
    """
    number, is_major = _place(key)
    return f"{(number + 4) % 12 + 1}{'d' if is_major else 'm'}"


def wheel_place(key: str) -> int:
    """Give the place of one of `KEYS` along the Camelot wheel, 0 to 23: 1A, 1B, 2A, and so on to 12B.

    >>> [wheel_place(key) for key in ("G#m", "B", "Ebm", "E")]
    [0, 1, 2, 23]
    """
    number, is_major = _place(key)
    return 2 * (number - 1) + is_major


def mixing_with(key: str) -> tuple[str, ...]:
    """Give the keys that mix with one of `KEYS`: itself, its relative, and a fifth up and down.

    They are its neighbours on the Camelot wheel: each shares all of its notes but at most one.

    >>> mixing_with("Am")
    ('Am', 'C', 'Em', 'Dm')
    """
    number, is_major = _place(key)
    same, other = ("B", "A") if is_major else ("A", "B")
    places = ((number, same), (number, other), (number % 12 + 1, same), ((number - 2) % 12 + 1, same))
    return tuple(_ON_WHEELS[f"{number}{letter}"] for number, letter in places)


def wheel_distance(one: str, other: str) -> int:
    """Count the steps between two of `KEYS` on the Camelot wheel, a change of mode being one: 0 to 7.

    >>> [wheel_distance("Am", other) for other in ("Am", "C", "Em", "G", "F#")]
    [0, 1, 1, 2, 7]
    """
    (first, is_major), (second, is_major_too) = _place(one), _place(other)
    apart = abs(first - second)
    return min(apart, 12 - apart) + (is_major != is_major_too)


def _place(key: str) -> tuple[int, bool]:
    """Give the number of a key on the Camelot wheel, 1 to 12, and whether it is major."""
    index = KEYS.index(key)
    is_major = index < 12
    fifths = (index if is_major else index + 3) * 7 % 12
    return (fifths + 7) % 12 + 1, is_major


_ON_WHEELS = {camelot(key): key for key in KEYS} | {open_key(key).upper(): key for key in KEYS}
"""The keys by their places on the Camelot wheel and in Open Key, in capitals."""
