"""The owner's own tags as the store keeps them: in columns, without what we wrote, and read again.

What `write-tags` has put into a file is not the owner's word. A write leaves the columns as they are. When
a file is read again later (somebody has retagged it, or it is moved), a value that is still the one that we
wrote last counts for what stood there before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from tagger.genre_words import NOTHING, Words, says_genre
from tagger.musical_key import key_among, key_named
from tagger.store import checked
from tagger.types import MOST_BPM, MOST_LEVEL, OwnTags, number_in

OWN_COLUMNS = ("tag_genres", "tag_energy_level", "tag_bpm", "tag_key")

OwnValues = dict[str, "str | float | None"]

_WRITTEN = "SELECT previous FROM tag_changes WHERE track_id = ? AND state = 'written' ORDER BY id DESC"


def own_values(connection: sqlite3.Connection, own: OwnTags | None, track_id: int | None) -> OwnValues:
    """Give the columns `OWN_COLUMNS` of a track by name; all None where its tags were never read."""
    if own is None:
        return dict.fromkeys(OWN_COLUMNS)
    rows = connection.execute(_WRITTEN, (track_id,)) if track_id is not None else ()
    own = without_ours(own, (checked.json_object(previous) for (previous,) in rows))
    genres = json.dumps(own.genres, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return dict(zip(OWN_COLUMNS, (genres, own.energy_level, own.bpm, own.key), strict=True))


def without_ours(own: OwnTags, written: Iterable[Mapping[str, Any]]) -> OwnTags:
    """Give what a file says without what we `written` into it: changes as `Previous.to_json`, newest first.

    >>> one = {"fields": [{"field": "genre", "before": ["Live"], "after": ["Live", "Jazz"]}]}
    >>> [without_ours(OwnTags(said), [one]).genres for said in (("Live", "Jazz"), ("Jazz", "Hot"))]
    [('Live',), ('Hot',)]
    """
    genres, level, bpm, key = own.genres, own.energy_level, own.bpm, own.key
    for field, before, after in (each for previous in written for each in fields_written(previous)):
        if field == "genre":
            ours = {*after} - {*before}
            genres = before if genres == after else tuple(name for name in genres if name not in ours)
        elif field == "energy_level":
            level = _number_before(level, before, after, MOST_LEVEL)
        elif field == "bpm":
            bpm = _number_before(bpm, before, after, MOST_BPM)
        elif field == "key" and key in map(key_named, after):
            key = key_among(before)
    return OwnTags(genres, level, bpm, key=key)


def fields_written(previous: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Yield each field of a write, with its values before and after; nothing of a damaged row."""
    fields = previous.get("fields")
    for one in fields if isinstance(fields, list) else ():
        if isinstance(one, dict):
            yield str(one.get("field")), _texts(one.get("before")), _texts(one.get("after"))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _number_before(
    number: float | None, before: tuple[str, ...], after: tuple[str, ...], most: float
) -> float | None:
    is_ours = number is not None and bool(after) and number == number_in(after[0], most)
    return number_in(before[0] if before else None, most) if is_ours else number


# Read again


@lru_cache(maxsize=1 << 14)
def own_genres(stored: str | None, nothing: Words = NOTHING) -> tuple[str, ...]:
    """Read the column `tag_genres`, without the words that say `nothing`."""
    try:
        found = json.loads(stored or "[]")
    except (ValueError, RecursionError):
        return ()
    texts = found if isinstance(found, list) else ()
    return tuple(text for text in texts if isinstance(text, str) and says_genre(text, nothing))


def own_tags_of(row: Mapping[str, Any], nothing: Words) -> OwnTags | None:
    """Read the columns `OWN_COLUMNS` of a row; None where the tags were never read."""
    genres, level, bpm, key = (row[name] for name in OWN_COLUMNS)
    if genres is None:
        return None
    said = own_genres(checked.text(genres), nothing)
    numbers = checked.number(level, 0, MOST_LEVEL), checked.number(bpm, 0, MOST_BPM)
    return OwnTags(said, *numbers, key=checked.key(key))
