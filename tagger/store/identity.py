"""Whose sound a file is: answers that are known already go to files that moved, copied or retagged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import Literal

from tagger.store.paths import path_from, stored_path
from tagger.store.query import SqlValue
from tagger.store.rows import track_values
from tagger.types import Identified

Adoption = Literal["unchanged", "moved", "duplicate"]

_ANSWERED = """
    SELECT id, path FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?
    WHERE audio_id = ? ORDER BY path"""
_OF_THE_SOUND = ("audio_id", "duration_s", "codec", "sample_rate_hz", "channels")
_COPIED = ("predictions", "genre_scores", "window_answers", "embeddings")


def adopt(
    connection: sqlite3.Connection,
    known: Identified,
    model: str,
    now: str,
    is_gone: Callable[[str, str], bool],
) -> Adoption | None:
    """Gives a file the answers that `model` has for its sound, inside the caller's transaction.

    None if there are none. `unchanged`: the file itself has them, only its tags or date are new.
    `moved`: they were those of a path of which `is_gone(path, new path)` holds; its track goes on
    under the new one.
    `duplicate`: another file has them too, and they are copied.
    """
    file = known.file
    tracks = connection.execute(_ANSWERED, (model, known.recording.audio_id)).fetchall()
    owners = [(track_id, path_from(path)) for track_id, path in tracks]
    if not owners:
        return None
    connection.execute("DELETE FROM failures WHERE path = ?", (stored_path(file.path),))
    own = next((track_id for track_id, path in owners if path == file.path), None)
    if own is not None:
        _refresh(connection, own, known, now)
        return "unchanged"
    left = next((track_id for track_id, path in owners if is_gone(path, file.path)), None)
    if left is not None:
        _displace(connection, file.path)
        _refresh(connection, left, known, now)
        return "moved"
    _copy(connection, owners[0][0], known, now)
    return "duplicate"


def _refresh(connection: sqlite3.Connection, track_id: int, known: Identified, now: str) -> None:
    values = _new_values(known, now)
    settings = ", ".join(f"{name} = :{name}" for name in values)
    sql = f"UPDATE tracks SET {settings}, missing_since = NULL WHERE id = :id"
    connection.execute(sql, {**values, "id": track_id})


def _copy(connection: sqlite3.Connection, source: int, known: Identified, now: str) -> None:
    values = _new_values(known, now)
    _displace(connection, known.file.path)
    kept = ", ".join(_OF_THE_SOUND)
    marks = ", ".join(f":{name}" for name in values)
    copy = connection.execute(
        f"INSERT INTO tracks ({', '.join(values)}, {kept}) "
        f"SELECT {marks}, {kept} FROM tracks WHERE id = :source",
        {**values, "source": source},
    ).lastrowid
    for table in _COPIED:
        columns = connection.execute(f"PRAGMA table_info({table})")
        names = ", ".join(name for _, name, *_ in columns if name != "track_id")
        connection.execute(
            f"INSERT INTO {table} (track_id, {names}) SELECT ?, {names} FROM {table} WHERE track_id = ?",
            (copy, source),
        )


def _displace(connection: sqlite3.Connection, path: str) -> None:
    """Frees a path whose track was of another sound, in case that sound turns up elsewhere in this scan.

    Nothing can lie beneath a file, so the new path is gone; missing for ever, it is forgotten first.
    """
    below = stored_path(os.path.join(path, ".displaced"))
    connection.execute("DELETE FROM tracks WHERE path = ?", (below,))
    connection.execute(
        "UPDATE tracks SET path = ?, missing_since = '' WHERE path = ?", (below, stored_path(path))
    )


def _new_values(known: Identified, now: str) -> dict[str, SqlValue]:
    """The columns that belong to the file and its tags. Of the sound, its first hearing knows more."""
    values = track_values(known.file, known.recording, now)
    return {name: value for name, value in values.items() if name not in _OF_THE_SOUND}
