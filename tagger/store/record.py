"""One batch of answers and failures, written inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain

from tagger.store.rows import (
    Heard,
    embedding_values,
    failure_values,
    genre_values,
    prediction_values,
    track_values,
    window_values,
)
from tagger.types import Failure, Prediction

# Another sound under the same path: what any model said of the old one is void. A changed tag
# leaves audio_id, and with it the other models' answers.
_FORGET_OTHER_SOUND = """
    DELETE FROM predictions
    WHERE track_id = (SELECT id FROM tracks WHERE path = :path AND audio_id <> :audio_id)"""
_UPSERT_TRACK = """
    INSERT INTO tracks
        (path, size, mtime_ns, audio_id, duration_s, codec, sample_rate_hz, channels, scanned_at,
         title, artist, album, year)
    VALUES
        (:path, :size, :mtime_ns, :audio_id, :duration_s, :codec, :sample_rate_hz, :channels, :scanned_at,
         :title, :artist, :album, :year)
    ON CONFLICT (path) DO UPDATE SET
        size = excluded.size, mtime_ns = excluded.mtime_ns, audio_id = excluded.audio_id,
        duration_s = excluded.duration_s, codec = excluded.codec,
        sample_rate_hz = excluded.sample_rate_hz, channels = excluded.channels,
        scanned_at = excluded.scanned_at, title = excluded.title, artist = excluded.artist,
        album = excluded.album, year = excluded.year"""
_UPSERT_FAILURE = """
    INSERT INTO failures (path, size, mtime_ns, stage, reason, failed_at)
    VALUES (:path, :size, :mtime_ns, :stage, :reason, :failed_at)
    ON CONFLICT (path) DO UPDATE SET
        size = excluded.size, mtime_ns = excluded.mtime_ns, stage = excluded.stage,
        reason = excluded.reason, failed_at = excluded.failed_at"""

_INSERT_PREDICTION = """
    INSERT INTO predictions
        (track_id, model, genre, genre_confidence, energy, silent, created_at, bpm, bpm_confidence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_GENRE = "INSERT INTO genre_scores (track_id, model, genre, probability) VALUES (?, ?, ?, ?)"
# REPLACE: of a broken file, two windows may begin at one place.
_INSERT_WINDOW = """
    INSERT OR REPLACE INTO window_answers (track_id, model, start_s, genre, genre_confidence, energy)
    VALUES (?, ?, ?, ?, ?, ?)"""
_INSERT_EMBEDDING = "INSERT INTO embeddings (track_id, model, vector) VALUES (?, ?, ?)"
_USE_MODEL = """
    INSERT INTO models (model, last_used_at) VALUES (?, ?)
    ON CONFLICT (model) DO UPDATE SET last_used_at = excluded.last_used_at"""


def write_heard(connection: sqlite3.Connection, heard: Sequence[Heard], now: str) -> None:
    """Store answers; tracks known by their path keep their id. `now` is ISO 8601 in UTC."""
    tracks = [track_values(file, recording, now) for file, recording, _ in heard]
    paths = [(track["path"],) for track in tracks]
    connection.executemany(_FORGET_OTHER_SOUND, tracks)
    connection.executemany(_UPSERT_TRACK, tracks)
    connection.executemany("DELETE FROM failures WHERE path = ?", paths)
    ids = [connection.execute("SELECT id FROM tracks WHERE path = ?", path).fetchone()[0] for path in paths]
    answers = [(track_id, answer) for track_id, (_, _, answer) in zip(ids, heard, strict=True)]
    _write_answers(connection, answers, now)


def write_failures(connection: sqlite3.Connection, failures: Sequence[Failure], now: str) -> None:
    """Store failures, the latest of a path; an answer the file had before stays as it was."""
    connection.executemany(_UPSERT_FAILURE, [failure_values(failure, now) for failure in failures])


def _write_answers(
    connection: sqlite3.Connection, answers: Sequence[tuple[int, Prediction]], now: str
) -> None:
    # Scores, windows and embedding of the old answer go with it, by their foreign keys.
    old = [(track_id, answer.model) for track_id, answer in answers]
    connection.executemany("DELETE FROM predictions WHERE track_id = ? AND model = ?", old)
    connection.executemany(_INSERT_PREDICTION, [prediction_values(*answer, now) for answer in answers])
    connection.executemany(_INSERT_GENRE, chain.from_iterable(genre_values(*answer) for answer in answers))
    connection.executemany(_INSERT_WINDOW, chain.from_iterable(window_values(*answer) for answer in answers))
    vectors = chain.from_iterable(embedding_values(*answer) for answer in answers)
    connection.executemany(_INSERT_EMBEDDING, vectors)
    connection.executemany(_USE_MODEL, [(model, now) for model in {model for _, model in old}])
