"""What a model has heard in the tracks, row by row and counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tagger.files import absolute
from tagger.query import Query
from tagger.store.paths import stored_path
from tagger.store.query import tracks_query
from tagger.store.rows import TRACK_COLUMNS, analysis_of, track_of
from tagger.types import Analysis, Aspect, Track

if TYPE_CHECKING:
    from sqlite_utils import Database

_ONE_OF_IDS = f"""
    SELECT {TRACK_COLUMNS} FROM tracks t JOIN predictions p ON p.track_id = t.id
    WHERE t.id = ? AND p.model = ?"""
_ONE_OF_A_PATH = """
    SELECT * FROM tracks JOIN predictions ON predictions.track_id = id
    LEFT JOIN embeddings USING (track_id, model) WHERE path = :path AND model = :model"""
_OF_A_PATH = "WHERE track_id = (SELECT id FROM tracks WHERE path = :path) AND model = :model"
_GENRES = f"SELECT genre, probability FROM genre_scores {_OF_A_PATH} ORDER BY probability DESC, genre"
_WINDOWS = f"""
    SELECT start_s, genre, genre_confidence, energy FROM window_answers {_OF_A_PATH} ORDER BY start_s"""
_GENRE_COUNTS = """
    SELECT genre, count(*) FROM predictions WHERE model = ? AND genre IS NOT NULL AND NOT silent
    GROUP BY genre ORDER BY 2 DESC, 1"""
_COUNTS = """
    SELECT model, count(*) FROM predictions
    WHERE track_id NOT IN (SELECT id FROM tracks WHERE missing_since NOTNULL) GROUP BY model"""
_USED = "UPDATE models SET last_used_at = ? WHERE model = ?"
_MODELS = """
    SELECT model FROM models WHERE EXISTS (SELECT 1 FROM predictions p WHERE p.model = models.model)
    ORDER BY last_used_at DESC, model"""


def tracks(connection: sqlite3.Connection, query: Query, model: str) -> Iterator[Track]:
    """Yield the tracks that `query` asks for of those that `model` has heard, as they are read."""
    sql, values = tracks_query(query, model, TRACK_COLUMNS)
    for row in connection.execute(sql, values):
        yield track_of(row)


def tracks_of(connection: sqlite3.Connection, ids: Sequence[int], model: str) -> list[Track]:
    """The tracks with these ids, in their order, without those that `model` has not heard."""
    found = (connection.execute(_ONE_OF_IDS, (track_id, model)).fetchone() for track_id in ids)
    return [track_of(row) for row in found if row]


def track(database: Database, path: str, model: str) -> Analysis | None:
    """Everything known of one file by `model`, or None."""
    key = {"path": stored_path(absolute(path)), "model": model}
    row = next(iter(database.query(_ONE_OF_A_PATH, key)), None)
    if row is None:
        return None
    return analysis_of(row, database.execute(_GENRES, key), database.execute(_WINDOWS, key))


def has(connection: sqlite3.Connection, aspect: Aspect, model: str) -> bool:
    """Whether `model` gives any track a genre, an energy or a tempo."""
    column = "bpm" if aspect == "tempo" else aspect
    sql = f"SELECT EXISTS (SELECT 1 FROM predictions WHERE model = ? AND {column} IS NOT NULL)"
    return bool(connection.execute(sql, (model,)).fetchone()[0])


def genre_counts(connection: sqlite3.Connection, model: str) -> list[tuple[str, int]]:
    """How many tracks `model` hears as each genre, most first; silence is none."""
    return connection.execute(_GENRE_COUNTS, (model,)).fetchall()


def count(connection: sqlite3.Connection, model: str) -> int:
    """How many tracks `model` has heard."""
    (n_tracks,) = connection.execute("SELECT count(*) FROM predictions WHERE model = ?", (model,)).fetchone()
    return int(n_tracks)


def models(connection: sqlite3.Connection) -> list[str]:
    """The ids of the models that have answers, the most recently used first."""
    return [model for (model,) in connection.execute(_MODELS)]


def audio_ids(connection: sqlite3.Connection, model: str) -> Iterator[str]:
    """Yield the `audio_id` of every sound that has an answer of `model`, some of them twice."""
    sql = "SELECT audio_id FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?"
    for (audio_id,) in connection.execute(sql, (model,)):
        yield audio_id


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many tracks each model has heard that are not missing."""
    return dict(connection.execute(_COUNTS).fetchall())


def note_use(connection: sqlite3.Connection, model: str, now: str) -> None:
    """Makes `model`, if it has answers, the one that was used last."""
    connection.execute(_USED, (now, model))
