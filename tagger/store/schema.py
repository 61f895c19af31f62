"""The tables, as a list of migrations: a database of any earlier version becomes the current one.

To change the schema, append a migration; those before it never change, for they have run already
in somebody's library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from tagger.errors import StoreError
from tagger.store.backup import back_up
from tagger.store.partial import allow_partial_answers

APPLICATION_ID = 0x54414752  # "TAGR" in the file's header: https://www.sqlite.org/pragma.html

_VERSION_1 = (
    # A path is TEXT where it is UTF-8, otherwise BLOB.
    """CREATE TABLE tracks (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        audio_id TEXT NOT NULL,
        duration_s REAL NOT NULL,
        codec TEXT NOT NULL,
        sample_rate_hz INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        scanned_at TEXT NOT NULL
    )""",
    "CREATE INDEX tracks_audio_id ON tracks (audio_id)",
    """CREATE TABLE predictions (
        track_id INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        genre TEXT NOT NULL,
        genre_confidence REAL NOT NULL,
        energy REAL NOT NULL,
        silent INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (track_id, model)
    ) WITHOUT ROWID""",
    # Both hold all that a listing shows, so that only the tracks shown are looked up.
    """CREATE INDEX predictions_genre_energy
        ON predictions (model, genre, energy, track_id, genre_confidence, silent)""",
    """CREATE INDEX predictions_energy
        ON predictions (model, energy, track_id, genre, genre_confidence, silent)""",
    # What belongs to a prediction goes with it.
    """CREATE TABLE genre_scores (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        genre TEXT NOT NULL,
        probability REAL NOT NULL,
        PRIMARY KEY (track_id, model, genre),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    """CREATE TABLE window_answers (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        start_s REAL NOT NULL,
        genre TEXT NOT NULL,
        genre_confidence REAL NOT NULL,
        energy REAL NOT NULL,
        PRIMARY KEY (track_id, model, start_s),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    # `vector` is little-endian float16.
    """CREATE TABLE embeddings (
        track_id INTEGER NOT NULL,
        model TEXT NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (track_id, model),
        FOREIGN KEY (track_id, model) REFERENCES predictions (track_id, model) ON DELETE CASCADE
    )""",
    # One row a model: asking a million predictions for the latest would read them all.
    "CREATE TABLE models (model TEXT PRIMARY KEY, last_used_at TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE failures (
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        stage TEXT NOT NULL,
        reason TEXT NOT NULL,
        failed_at TEXT NOT NULL
    )""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        command TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        counts TEXT
    )""",
)


_TAG_CHANGES = (
    # What was written into a file and how to take it back. `state`:
    #   prepared  the new copy lies beside the file and is about to take its place
    #   written   the file is the new copy
    #   undoing   a copy with the previous values is about to take its place
    #   undone    it has
    #   left      undone but for the fields in `previous`, which somebody has changed since
    # `previous` is JSON: {"fields": [{"field", "before", "after", "items": raw tags}], ...}.
    # before_ and after_ are of the file around the last exchange, written or undone.
    """CREATE TABLE tag_changes (
        id INTEGER PRIMARY KEY,
        run_id INTEGER NOT NULL REFERENCES runs (id),
        undo_run_id INTEGER REFERENCES runs (id),
        track_id INTEGER REFERENCES tracks (id) ON DELETE SET NULL,
        path TEXT NOT NULL,
        audio_id TEXT NOT NULL,
        state TEXT NOT NULL,
        previous TEXT NOT NULL,
        keep_mtime INTEGER NOT NULL,
        in_place INTEGER NOT NULL,
        before_size INTEGER NOT NULL,
        before_mtime_ns INTEGER NOT NULL,
        after_size INTEGER NOT NULL,
        after_mtime_ns INTEGER NOT NULL
    )""",
    "CREATE INDEX tag_changes_run ON tag_changes (run_id, state)",
    # Asked at the start of every run, and nearly always empty.
    """CREATE INDEX tag_changes_under_way ON tag_changes (state)
        WHERE state IN ('prepared', 'undoing')""",
    "CREATE INDEX tag_changes_track ON tag_changes (track_id)",  # for ON DELETE
    # Folders in which a run that has not ended may have left temporary files.
    """CREATE TABLE tag_folders (
        run_id INTEGER NOT NULL REFERENCES runs (id),
        folder TEXT NOT NULL,
        PRIMARY KEY (run_id, folder)
    ) WITHOUT ROWID""",
)


def _create_tables(connection: sqlite3.Connection) -> None:
    for statement in _VERSION_1:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _add_missing(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE tracks ADD COLUMN missing_since TEXT")
    connection.execute(
        "CREATE INDEX tracks_missing ON tracks (missing_since) WHERE missing_since IS NOT NULL"
    )


_NAMES_AND_TEMPO = (
    "ALTER TABLE tracks ADD COLUMN title TEXT",
    "ALTER TABLE tracks ADD COLUMN artist TEXT",
    "ALTER TABLE tracks ADD COLUMN album TEXT",
    "ALTER TABLE tracks ADD COLUMN year INTEGER",
    "CREATE INDEX tracks_artist ON tracks (artist)",
    "CREATE INDEX tracks_album ON tracks (album)",
    # Counts and hours of a library without a look at its rows.
    "CREATE INDEX tracks_duration ON tracks (duration_s)",
    "ALTER TABLE predictions ADD COLUMN bpm REAL",
    # Again all that a listing shows.
    "DROP INDEX predictions_genre_energy",
    """CREATE INDEX predictions_genre_energy
        ON predictions (model, genre, energy, track_id, genre_confidence, silent, bpm)""",
    "DROP INDEX predictions_energy",
    """CREATE INDEX predictions_energy
        ON predictions (model, energy, track_id, genre, genre_confidence, silent, bpm)""",
    """CREATE INDEX predictions_bpm
        ON predictions (model, bpm, energy, track_id, genre, genre_confidence, silent)
        WHERE bpm IS NOT NULL""",
)


def _add_names_and_tempo(connection: sqlite3.Connection) -> None:
    for statement in _NAMES_AND_TEMPO:
        connection.execute(statement)


def _create_tag_tables(connection: sqlite3.Connection) -> None:
    for statement in _TAG_CHANGES:
        connection.execute(statement)


def _add_tempo_confidence(connection: sqlite3.Connection) -> None:
    # In no index: a listing shows the tempo alone.
    connection.execute("ALTER TABLE predictions ADD COLUMN bpm_confidence REAL")


# MIGRATIONS[n] leads from version n to n + 1. Each runs in a transaction of its own with foreign
# keys off, so that it may rebuild a table; none may begin or commit, nor use executescript.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _create_tables,
    _add_missing,
    _add_names_and_tempo,
    _create_tag_tables,
    _add_tempo_confidence,
    allow_partial_answers,
)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the database at `path` to the current version; takes no write lock where it is there already.

    What is there is first copied to `<path>.bak`, if there is room. `connection` is in autocommit mode.
    Raises StoreError for the database of a newer tagger or of
    another program, sqlite3.Error as SQLite does.
    """
    is_saved = False
    while _version(connection, path) < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _version(connection, path)  # again, now that nobody else can change it
            if version < len(MIGRATIONS):
                if not is_saved and version:  # under the lock, so that only one process copies
                    with suppress(sqlite3.Error, OSError):
                        back_up(path)
                is_saved = True
                MIGRATIONS[version](connection)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def require_current(connection: sqlite3.Connection, path: str) -> None:
    """Raises StoreError where `migrate` would have something to do or to refuse."""
    if _version(connection, path) < len(MIGRATIONS):
        raise StoreError(
            f"{path}: an earlier tagger wrote it, and it is read-only; "
            "run `tagger runs` on it once where it may be written"
        )


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever written: a file of zero bytes is an empty database too."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)


def _version(connection: sqlite3.Connection, path: str) -> int:
    empty = is_empty(connection)  # asked first: another process may be making the tables just now
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID and not empty:
        raise StoreError(f"{path}: it is the database of another program; name another file")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: a newer tagger wrote it (version {version}, this one knows {len(MIGRATIONS)}); "
            "upgrade tagger"
        )
    return int(version)
