"""The sounds that are no music: a row for each track that a model calls speech or noise, and none for music.

They are few, so everything that asks for music alone leaves out some rows instead of reading a column of all.
What the owner has corrected counts as music, whatever a model says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from tagger.store.library_view import with_sound
from tagger.store.rows import SqlValue
from tagger.types import SOUNDS, Prediction, Sound

_TABLE = """
    CREATE TABLE no_music (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        sound TEXT NOT NULL,
        sound_confidence REAL NOT NULL,
        PRIMARY KEY (track_id, model),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    ) WITHOUT ROWID"""
_INSERT = "INSERT OR REPLACE INTO no_music (track_id, model, sound, sound_confidence) VALUES (?, ?, ?, ?)"
_ARE = "p.track_id {} (SELECT track_id FROM no_music WHERE model = ? AND sound IN ({}))"


def add_no_music(connection: sqlite3.Connection) -> None:
    """Add the table, and its column of the view `library`; it is one of `schema.MIGRATIONS`."""
    connection.execute(_TABLE)
    connection.execute("DROP VIEW library")
    connection.execute(with_sound())


def put_sounds(connection: sqlite3.Connection, ids: Iterable[int], answers: Sequence[Prediction]) -> None:
    """Store what `answers` say is no music, inside the caller's transaction."""
    pairs = zip(ids, answers, strict=True)
    put_sound_rows(connection, ((i, one.model, one.sound, one.sound_confidence) for i, one in pairs))


def put_sound_rows(
    connection: sqlite3.Connection, rows: Iterable[tuple[int, str, Sound, float | None]]
) -> None:
    """Store rows of track, model, sound and its probability (0–1), less those of music, likewise."""
    connection.executemany(_INSERT, [row for row in rows if row[2] != "music"])


def of_sounds(sounds: Sequence[Sound], model: str) -> Iterator[tuple[str, list[SqlValue]]]:
    """Yield the condition that a prediction `p` of `model` has one of `sounds`, and the values of its marks.

    There is none where every prediction has one of them.
    """
    if "music" in sounds:
        unwanted = [sound for sound in SOUNDS if sound not in sounds]
        are = _ARE.format("NOT IN", ", ".join("?" * len(unwanted)))
        if unwanted:
            yield f"(p.corrected > 0 OR {are})", [model, *unwanted]
    elif sounds:
        are = _ARE.format("IN", ", ".join("?" * len(sounds)))
        yield f"p.corrected = 0 AND {are}", [model, *sounds]
