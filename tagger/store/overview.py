"""Every track of a library with all that a report shows of it, in one pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tagger.genre_names import GenreNames
from tagger.query import EVERYTHING
from tagger.store import checked, keys_and_tempos, words
from tagger.store.question import tracks_query
from tagger.store.rows import N_COLUMNS, TRACK_COLUMNS, track_of
from tagger.store.words import Words
from tagger.types import HAS_WORD, Track, WindowAnswer, energy_course

if TYPE_CHECKING:
    from tagger.store.database import Database

_COURSE = """
    (SELECT json_group_array(CASE typeof(energy) WHEN 'real' THEN energy END) FROM (
        SELECT energy FROM window_answers v WHERE v.track_id = p.track_id AND v.model = p.model
        ORDER BY start_s))"""
_MORE = (
    f"{keys_and_tempos.COLUMNS}, {words.COLUMNS}, p.track_genre, p.track_genre_confidence, "
    f"t.album_id, t.scanned_at, t.mtime_ns, before.mtime_ns, e.vector, {_COURSE}"
)
# `before` is when each file was last changed before we wrote into it.
_JOIN = f"""{keys_and_tempos.JOIN}{words.JOIN}
    LEFT JOIN (SELECT track_id, min(before_mtime_ns) AS mtime_ns FROM tag_changes GROUP BY track_id) before
        ON before.track_id = t.id
    LEFT JOIN embeddings e ON e.track_id = t.id
        AND e.trunk = (SELECT trunk FROM models WHERE models.model = p.model)"""
_FIRST_WORD = N_COLUMNS + keys_and_tempos.N_COLUMNS
_FIRST_MORE = _FIRST_WORD + words.N_COLUMNS
_PARTS = slice(N_COLUMNS, _FIRST_WORD), slice(_FIRST_WORD, _FIRST_MORE), slice(_FIRST_MORE, None)
_YEAR_S = 365 * 86_400
_FIRST_DATE_S, _LAST_DATE_S = 10 * _YEAR_S, 230 * _YEAR_S  # what is no such date is a clock that was not set


@dataclass(frozen=True, slots=True)
class Overview:
    """A track, with mood and words, and what lists do not show of it.

    `genre_alone` and `confidence_alone` (0–1) are of its own sound, whatever its album says; `album_id` is
    what the tracks of an album share. `changed_s` is when the file was last changed by somebody else than us,
    in seconds since 1970, None where no such date is known, and `scanned_at` (ISO 8601 in UTC) when it was
    last looked into. `embedding` is little-endian float16, empty where there is none. `course` has the
    energies (0–1) of its beginning, middle and end, None of what is unknown.
    """

    track: Track
    genre_alone: str | None
    confidence_alone: float | None
    album_id: int | None
    changed_s: float | None
    scanned_at: str
    embedding: bytes
    course: tuple[float | None, float | None, float | None] = (None, None, None)


def overview(database: Database, model: str, names: GenreNames) -> Iterator[Overview]:
    """Yield every track with the answers of `model`, by its path, genres by the owner's `names`."""
    said = Words(database)
    sql, values = tracks_query(EVERYTHING, model, f"{TRACK_COLUMNS}, {_MORE}", join=_JOIN)
    for row in database.rows(sql, values):
        yield _overview(row, said, names)


def _overview(row: tuple[Any, ...], said: Words, names: GenreNames) -> Overview:
    of_key, of_words, of_more = (row[part] for part in _PARTS)
    genre, confidence, album, scanned_at, mtime_ns, before_ns, vector, energies = of_more
    answers = said.read(of_words, HAS_WORD), keys_and_tempos.read(of_key)
    track = track_of(row[:N_COLUMNS], names.nothing, None, *answers)
    alone = checked.text(genre)
    return Overview(
        names.of_track(track) if names.rename else track,
        None if alone is None else names.shown(alone),
        checked.share(confidence),
        album if type(album) is int else None,
        _earliest_s(mtime_ns, before_ns),
        checked.text(scanned_at) or "",
        vector if isinstance(vector, bytes) and len(vector) % 2 == 0 else b"",
        _course(energies),
    )


def _course(energies: Any) -> tuple[float | None, float | None, float | None]:
    known = map(checked.share, json.loads(energies))
    return energy_course([WindowAnswer(0.0, None, None, energy) for energy in known])


def _earliest_s(*times_ns: Any) -> float | None:
    """The first of the times that can be the date of a file, in seconds."""
    seconds = [time_ns / 1e9 for time_ns in times_ns if type(time_ns) is int]
    return min((one for one in seconds if _FIRST_DATE_S < one < _LAST_DATE_S), default=None)
