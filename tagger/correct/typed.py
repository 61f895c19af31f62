"""The owner's word as it is typed, or stands in a file: genres, an energy, a tempo."""

from __future__ import annotations

from typing import Any

from tagger.errors import TaggerError
from tagger.store import Correction
from tagger.tags import is_genre, unsplittable
from tagger.types import MOST_BPM, CorrectedField, energy_of_level, number_in

MOST_GENRES = 20
"""Of one sound, typed by hand."""


def genres_typed(text: str) -> tuple[str, ...]:
    """Read typed genres, several with semicolons; raise TaggerError where they cannot be meant.

    >>> genres_typed("surf; Pop/Rock ;surf")
    ('surf', 'Pop & Rock')
    """
    typed = [unsplittable(" ".join(part.split())) for part in text.split(";")]
    genres = tuple(dict.fromkeys(part for part in typed if part))
    if not genres:
        raise TaggerError("type a genre; several with a semicolon between them")
    for genre in genres:
        if not is_genre(genre):
            raise TaggerError("a genre has at most 200 characters, all of them printable")
    if len(genres) > MOST_GENRES:
        raise TaggerError(f"at most {MOST_GENRES} genres")
    return genres


def energy_typed(text: str) -> float:
    """Read an energy: a level from 2 to 10, whose middle it is, or a number below 1; raise TaggerError else.

    >>> energy_typed("7"), energy_typed("0.72")
    (0.65, 0.72)
    """
    number = _number(text)
    if number == 1:
        raise TaggerError(f"--energy {text}: give 0.05 for level 1, the calmest, or 10 for the wildest")
    if number is not None and 0 <= number < 1:
        return round(number, 4)
    if number is not None and number.is_integer() and 1 < number <= 10:
        return energy_of_level(number)
    raise TaggerError(f"--energy {text}: give a level from 2 to 10, or a number below 1 such as 0.65")


def bpm_typed(text: str) -> float:
    """Read a tempo in BPM; raise TaggerError for a text that is none.

    >>> bpm_typed("87.5"), bpm_typed("124 BPM")
    (87.5, 124.0)
    """
    bpm = number_in(text, MOST_BPM)
    if bpm is None or bpm < 1:
        raise TaggerError(f"--bpm {text}: give a tempo from 1 to 999")
    return round(bpm, 2)


def value_of(field: CorrectedField, one: Correction) -> list[str] | float | None:
    """Give the genres, the energy (0–1) or the BPM of a correction; None where there is none."""
    if one.value is None or field == "genre":
        return None if one.value is None else [*one.value]
    return _number(one.value[0])


def texts_of_value(field: CorrectedField, value: Any) -> tuple[str, ...]:
    """Give the texts of `Correction.value` for what `value_of` gives. Raises TaggerError for all else.

    >>> texts_of_value("genre", "Surf"), texts_of_value("energy", 7)
    (('Surf',), ('0.65',))
    """
    if field == "genre":
        texts = [value] if isinstance(value, str) else value
        if not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
            raise TaggerError('give genres as a list of texts, such as ["Surf"]')
        return genres_typed(";".join(texts))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TaggerError("give a number")
    return (text_of(energy_typed(str(value)) if field == "energy" else bpm_typed(str(value))),)


def text_of(number: float) -> str:
    """Give a number as the text of a correction."""
    return f"{number:g}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
