"""The sixth version of the tables: answers of models that hear no genre, or no energy."""

from __future__ import annotations

import sqlite3

# SQLite cannot take NOT NULL from a column: https://www.sqlite.org/lang_altertable.html#otheralter
_STATEMENTS = (
    """CREATE TABLE new_predictions (
        track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        genre TEXT,
        genre_confidence REAL,
        energy REAL,
        silent INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        bpm REAL,
        bpm_confidence REAL,
        PRIMARY KEY (track_id, model)
    ) WITHOUT ROWID""",
    """INSERT INTO new_predictions
        SELECT track_id, model, genre, genre_confidence, energy, silent, created_at, bpm, bpm_confidence
        FROM predictions ORDER BY track_id, model""",
    "DROP TABLE predictions",
    "ALTER TABLE new_predictions RENAME TO predictions",
    # The indices went with the old table.
    """CREATE INDEX predictions_genre_energy
        ON predictions (model, genre, energy, track_id, genre_confidence, silent, bpm, bpm_confidence)""",
    """CREATE INDEX predictions_energy
        ON predictions (model, energy, track_id, genre, genre_confidence, silent, bpm, bpm_confidence)""",
    """CREATE INDEX predictions_bpm
        ON predictions (model, bpm, energy, track_id, genre, genre_confidence, silent, bpm_confidence)
        WHERE bpm IS NOT NULL""",
    """CREATE TABLE new_window_answers (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        start_s REAL NOT NULL,
        genre TEXT,
        genre_confidence REAL,
        energy REAL,
        PRIMARY KEY (track_id, model, start_s),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    """INSERT INTO new_window_answers
        SELECT track_id, model, start_s, genre, genre_confidence, energy
        FROM window_answers ORDER BY track_id, model, start_s""",
    "DROP TABLE window_answers",
    "ALTER TABLE new_window_answers RENAME TO window_answers",
)


def allow_partial_answers(connection: sqlite3.Connection) -> None:
    """Genre, confidence and energy may be NULL from now on; every row stays as it is."""
    for statement in _STATEMENTS:
        connection.execute(statement)
