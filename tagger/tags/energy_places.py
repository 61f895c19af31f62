"""Where players show an energy that have no field for it: in the comment, the grouping, the mood or the
rating.
 The text is Mixed In Key's: `Energy 7`, behind its key and in front of what a comment held before, joined by
` - ` (`8A - Energy 7 - my words`). Its maker documents it nowhere; programs that read and write it agree on
the words, in a `COMM` of language `eng` without a description, and `COMMENT` in Vorbis (public code found by
`- Energy 7` and `EnergyLevel`). Mixxx's users read it there for want of a column (mixxxdj/mixxx, issues 15078
and 12131). At the next run the number alone is exchanged. In a grouping and a mood the text is a value of its
own, in front of the others, which programs list and filter by.

A rating has one to five stars, two levels a star, in the numbers that each kind of tag has for them: Kid3's
`src/core/config/tagconfig.cpp`, `StarRatingMapping`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from tagger.tags.block import UNREADABLE
from tagger.tags.fields import ID3_KINDS, Field, says_nothing
from tagger.tags.read import Tags, levels_of
from tagger.types import MOST_LEVEL, EnergyPlace, energy_level

FIELD_OF: Mapping[EnergyPlace, Field] = {
    "comment": "comment",
    "grouping": "words",
    "rating": "rating",
    "mood": "mood",
}

_TEXT = re.compile(r"((?:(?:\d{1,2}[ABdm]|[A-G][#b♯♭]?m?) - )?Energy )(\d{1,2})(?= - |[\r\n]|\s*$)")

_STARS_OF_100 = (20, 40, 60, 80, 100)
_STARS = {
    "wma": (1, 25, 50, 75, 99),
    **dict.fromkeys(ID3_KINDS, (1, 64, 128, 196, 255)),
}


def placed_values(
    tags: Tags,
    energy: float,
    places: Sequence[EnergyPlace],
    ours: Mapping[str, Collection[str]],
    is_said: bool,
) -> Iterator[tuple[Field, tuple[str, ...], tuple[str, ...]]]:
    """Yield the fields that tell an energy (0–1) in the wanted places, with their values before and after.

    A level that we wrote is exchanged, one of another program or of the owner's stays unless the energy is
    the owner's word (`is_said`); stars that are not `ours` always stay. Where the owner has taken out what we
    wrote, nothing is written again.
    """
    for place in places:
        field = FIELD_OF[place]
        before, mine = tags.texts(field), ours.get(field, ())
        level = energy_level(energy)
        is_rating = place == "rating"
        after = _rated(tags, level, mine) if is_rating else _told(tags, place, level, mine, is_said)
        if after is not None and after != before:
            yield field, before, after


def _rated(tags: Tags, level: int, mine: Collection[str]) -> tuple[str, ...] | None:
    given = [text for text in tags.ratings if not says_nothing(text)]
    if any(text not in mine for text in given) or (mine and not given):
        return None
    stars = _STARS.get(tags.format, _STARS_OF_100)[(level - 1) // 2]
    return (str(stars), *tags.ratings[1:])


def _told(
    tags: Tags, place: EnergyPlace, level: int, mine: Collection[str], is_said: bool
) -> tuple[str, ...] | None:
    shown = _texts(tags, place)
    if any(UNREADABLE in text for text in shown):
        return None
    known = {told for text in mine if (told := level_told(text)) is not None}
    present = [told for text in shown if (told := level_told(text)) is not None]
    if not present and known:  # the owner has taken it out
        return None
    if not is_said and not {*present} <= known | levels_of(tags.energy):
        return None
    if place == "comment":
        return tuple(with_level(text, level) for text in shown) or (with_level("", level),)
    if present:
        return tuple(text if level_told(text) is None else with_level(text, level) for text in shown)
    is_taken = place == "grouping" and not shown and any(text.strip() for text in tags.content_group)
    return None if is_taken else (with_level("", level), *shown)


def _texts(tags: Tags, place: EnergyPlace) -> tuple[str, ...]:
    texts: Mapping[EnergyPlace, tuple[str, ...]] = {
        "comment": tags.comments,
        "grouping": tags.words,
        "mood": tags.moods,
    }
    return texts.get(place, ())


def level_told(text: str) -> int | None:
    """Give the level that a text begins with, as Mixed In Key and tagger write it.

    >>> level_told("8A - Energy 7 - my words"), level_told("Energy 7"), level_told("Energy 7th")
    (7, 7, None)
    """
    found = _TEXT.match(text)
    level = int(found[2]) if found else 0
    return level if 1 <= level <= MOST_LEVEL else None


def with_level(text: str, level: int) -> str:
    """Put a level in front of a comment, or in the place of the one that it begins with.

    >>> with_level("my words", 7), with_level("8A - Energy 3 - my words", 7), with_level(" ", 7)
    ('Energy 7 - my words', '8A - Energy 7 - my words', 'Energy 7')
    """
    if level_told(text) is not None:
        return _TEXT.sub(rf"\g<1>{level}", text, count=1)
    return f"Energy {level} - {text}" if text.strip("\0 \r\n\t") else f"Energy {level}"


def places_told(tags: Tags) -> dict[EnergyPlace, int]:
    """Give the levels that a file tells in texts, by place; a rating can be of anything."""
    found: dict[EnergyPlace, int] = {}
    for place in FIELD_OF:
        for text in _texts(tags, place):
            if (level := level_told(text)) is not None:
                found.setdefault(place, level)
    return found
