"""The key of each track, and the second of its two likeliest tempos: stored, read and asked for.

They stand beside `predictions`, whose rows are all that most questions read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tagger.musical_key import KEYS, wheel_place
from tagger.store import checked
from tagger.store.library_view import with_key
from tagger.store.rows import KeyAndTempo, SqlValue
from tagger.types import Prediction

_TABLES = (
    # `key` is one of `tagger.musical_key.KEYS`. What is not known is NULL; answers of earlier taggers, which
    # heard no key, have no row.
    """CREATE TABLE keys_and_tempos (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        key TEXT,
        key_confidence REAL,
        second_bpm REAL,
        second_bpm_confidence REAL,
        PRIMARY KEY (track_id, model),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    "ALTER TABLE tracks ADD COLUMN tag_key TEXT",  # what the file itself says, likewise
    "CREATE INDEX keys_and_tempos_key ON keys_and_tempos (model, key, key_confidence) WHERE key NOT NULL",
)
_INSERT = """
    INSERT OR REPLACE INTO keys_and_tempos
        (track_id, model, key, key_confidence, second_bpm, second_bpm_confidence)
    VALUES (?, ?, ?, ?, ?, ?)"""
_COPY = """
    INSERT OR REPLACE INTO keys_and_tempos
        (track_id, model, key, key_confidence, second_bpm, second_bpm_confidence)
    SELECT track_id, :new, key, key_confidence, {tempo}
    FROM keys_and_tempos WHERE model = :old AND track_id IN (SELECT value FROM json_each(:ids))"""
_ARE = "p.track_id IN (SELECT track_id FROM keys_and_tempos WHERE model = ? AND key IN ({}))"

COLUMNS = "k.key, k.key_confidence, k.second_bpm, k.second_bpm_confidence"
"""The columns that `read` reads, of `keys_and_tempos k`."""

N_COLUMNS = COLUMNS.count(",") + 1

WHEEL_PLACE = "CASE k.key " + " ".join(f"WHEN '{key}' THEN {wheel_place(key)}" for key in KEYS) + " END"
"""Where a key stands along the Camelot wheel, of `keys_and_tempos k`; NULL of what is none."""

JOIN = " LEFT JOIN keys_and_tempos k ON k.track_id = p.track_id AND k.model = p.model"


def add_keys_and_tempos(connection: sqlite3.Connection) -> None:
    """Add the table, and its columns of the view `library`; it is one of `schema.MIGRATIONS`."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("DROP VIEW library")
    connection.execute(with_key())


def read(row: Sequence[Any]) -> KeyAndTempo:
    """Read the columns `COLUMNS`; what cannot be is None."""
    name, key_confidence, bpm, bpm_confidence = row
    key, second = checked.key(name), None if bpm is None else checked.bpm(bpm)
    return KeyAndTempo(
        key,
        None if key is None else checked.share(key_confidence),
        second,
        None if second is None else checked.share(bpm_confidence),
    )


def put_keys_and_tempos(
    connection: sqlite3.Connection, ids: Iterable[int], answers: Sequence[Prediction]
) -> None:
    """Store what `answers` say of key and second tempo, inside the caller's transaction."""
    rows = (
        (i, one.model, one.key, one.key_confidence, one.second_bpm, one.second_bpm_confidence)
        for i, one in zip(ids, answers, strict=True)
    )
    connection.executemany(_INSERT, rows)


def copy_keys_and_tempos(
    connection: sqlite3.Connection, values: dict[str, SqlValue], with_tempo: bool
) -> None:
    """Give the tracks `:ids` (a JSON array) the key, and perhaps the tempo, of model `:old` in `:new`."""
    tempo = "second_bpm, second_bpm_confidence" if with_tempo else "NULL, NULL"
    connection.execute(_COPY.format(tempo=tempo), values)


def of_keys(keys: Sequence[str], model: str) -> Iterator[tuple[str, list[SqlValue]]]:
    """Yield the condition that a prediction `p` of `model` has one of `keys`, and the values of its marks.

    There is none where no key is asked for.
    """
    if keys:
        yield _ARE.format(", ".join("?" * len(keys))), [model, *keys]
