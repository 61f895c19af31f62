"""The tables, and how a database of an earlier version becomes one of the current version.

To change the schema, append a migration; those before it never change, for they have run already
in somebody's library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress

from tagger.errors import StoreError
from tagger.store.album_tables import add_albums
from tagger.store.backup import back_up, damage
from tagger.store.correction_tables import add_correction_answers
from tagger.store.keys_and_tempos import add_keys_and_tempos
from tagger.store.library_view import add_library_view
from tagger.store.no_music import add_no_music
from tagger.store.word_tables import add_words

APPLICATION_ID = 0x54414752  # "TAGR" in the file's header: https://www.sqlite.org/pragma.html

FIRST_VERSION = 7
"""Of the first release; 1 to 6 were trials."""

_TABLES = (
    # A path is TEXT where it is UTF-8, otherwise BLOB; `duration_s` is NULL where nothing tells it. From
    # `title` to `year` is what its tags say; `missing_since` is when a scan first found the file gone.
    """CREATE TABLE tracks (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        audio_id TEXT NOT NULL,
        duration_s REAL,
        codec TEXT NOT NULL,
        sample_rate_hz INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        scanned_at TEXT NOT NULL,
        missing_since TEXT,
        title TEXT,
        artist TEXT,
        album TEXT,
        year INTEGER,
        damaged INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX tracks_damaged ON tracks (path) WHERE damaged",
    "CREATE INDEX tracks_audio_id ON tracks (audio_id)",
    "CREATE INDEX tracks_missing ON tracks (missing_since) WHERE missing_since IS NOT NULL",
    "CREATE INDEX tracks_artist ON tracks (artist)",
    "CREATE INDEX tracks_album ON tracks (album)",
    # Counts and hours of a library without a look at its rows.
    "CREATE INDEX tracks_duration ON tracks (duration_s)",
    # A model that does not predict an aspect, and silence, have NULL.
    """CREATE TABLE predictions (
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
    # Each holds all that a listing shows, so that only the tracks shown are looked up.
    """CREATE INDEX predictions_genre_energy
        ON predictions (model, genre, energy, track_id, genre_confidence, silent, bpm, bpm_confidence)""",
    """CREATE INDEX predictions_energy
        ON predictions (model, energy, track_id, genre, genre_confidence, silent, bpm, bpm_confidence)""",
    """CREATE INDEX predictions_bpm
        ON predictions (model, bpm, energy, track_id, genre, genre_confidence, silent, bpm_confidence)
        WHERE bpm IS NOT NULL""",
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
        genre TEXT,
        genre_confidence REAL,
        energy REAL,
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
    # `failed_at` is when it was last tried, `since` when it first failed so in this state.
    """CREATE TABLE failures (
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        stage TEXT NOT NULL,
        reason TEXT NOT NULL,
        failed_at TEXT NOT NULL,
        since TEXT NOT NULL
    )""",
    """CREATE TABLE ignored (
        path TEXT NOT NULL UNIQUE,
        since TEXT NOT NULL
    )""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        command TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        counts TEXT
    )""",
    # What was written into a file and how to take it back. `state`:
    #   prepared  the new copy lies beside the file and is about to take its place
    #   written   the file is the new copy
    #   undoing   a copy with the previous values is about to take its place
    #   undone    it has
    #   left      undone but for the fields in `previous`, which somebody has changed since
    # `previous` is JSON: {"fields": [{"field", "before", "after", "items": raw tags}],
    # "original": digests of the file before and after, and the bytes that lead back, ...}.
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
    # Folders in which a run that has not ended may have left temporary files, with `token` in their names.
    """CREATE TABLE tag_folders (
        run_id INTEGER NOT NULL REFERENCES runs (id),
        folder TEXT NOT NULL,
        token TEXT NOT NULL,
        PRIMARY KEY (run_id, folder)
    ) WITHOUT ROWID""",
)


def _create_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _add_corrections(connection: sqlite3.Connection) -> None:
    # What the owner said of a sound, whatever file it is in and whatever a model says. `kind`: `accepted`
    # (the answer of then), `set` (words of the owner's own) or `skipped` (leave what the file has). `value`
    # is a JSON array of texts, NULL where it is skipped; `run_id` is the run that wrote it.
    connection.execute(
        """CREATE TABLE corrections (
            audio_id TEXT NOT NULL,
            field TEXT NOT NULL,
            kind TEXT NOT NULL,
            value TEXT,
            made_at TEXT NOT NULL,
            run_id INTEGER REFERENCES runs (id),
            PRIMARY KEY (audio_id, field)
        ) WITHOUT ROWID"""
    )


_OWN_TAGS = (
    # What the file says of its music: genres as a JSON array, word for word; NULL: it was never read.
    "ALTER TABLE tracks ADD COLUMN tag_genres TEXT",
    "ALTER TABLE tracks ADD COLUMN tag_energy_level REAL",
    "ALTER TABLE tracks ADD COLUMN tag_bpm REAL",
    "ALTER TABLE tracks ADD COLUMN album_artist TEXT",
    "ALTER TABLE tracks ADD COLUMN compilation INTEGER",
    # The different ones are few, and a scan asks for those that were never read.
    "CREATE INDEX tracks_tag_genres ON tracks (tag_genres)",
)


def _add_own_tags(connection: sqlite3.Connection) -> None:
    for statement in _OWN_TAGS:
        connection.execute(statement)


ANSWER_TABLES = ("predictions", "genre_scores", "window_answers", "mood_words", "no_music", "keys_and_tempos")
"""What a model says of a track, by `track_id` and `model`: a prediction, and then what belongs to it."""

Migrations = Sequence[Callable[[sqlite3.Connection], None]]

MIGRATIONS: Migrations = (
    _add_corrections,
    _add_own_tags,
    add_albums,
    add_words,
    add_correction_answers,
    add_library_view,
    add_no_music,
    add_keys_and_tempos,
)
"""What leads from version `FIRST_VERSION` + n to the next.

They run in one transaction, for each would wait for the disk four times, with foreign keys off, so that they
may rebuild a table; none may begin or commit, nor use executescript.
"""


MOST_AHEAD = 20
"""Versions by which a newer tagger may be ahead: a number beyond them is that of a damaged header."""

VERSION = FIRST_VERSION + len(MIGRATIONS)
"""The version that this program reads and writes."""


def migrate(connection: sqlite3.Connection, path: str, migrations: Migrations = MIGRATIONS) -> None:
    """Bring the database at `path` to the current version; takes no write lock where it is there already.

    What is there is first copied to `<path>.bak`, if there is room. `connection` is in autocommit mode.
    Raises StoreError for the database of a newer tagger, of a trial version or of another program,
    sqlite3.Error as SQLite does, and for a header that does not fit the tables.
    """
    current = FIRST_VERSION + len(migrations)
    if _version(connection, path, current) == current:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path, current)  # again, now that nobody else can change it
        if 0 < version < current:  # under the lock, so that only one process copies
            with suppress(sqlite3.Error, OSError):
                back_up(path)
        if not version:
            _create_tables(connection)
        for migration in migrations[max(0, version - FIRST_VERSION) :]:
            migration(connection)
        connection.execute(f"PRAGMA user_version = {current}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def require_current(connection: sqlite3.Connection, path: str, migrations: Migrations = MIGRATIONS) -> None:
    """Raise StoreError where `migrate` would have something to do or to refuse."""
    current = FIRST_VERSION + len(migrations)
    if _version(connection, path, current) < current:
        raise StoreError(
            f"{path}: an earlier tagger wrote it, and it is read-only; "
            "run `tagger runs` on it once where it may be written"
        )


def migrate_refusal(connection: sqlite3.Connection, path: str) -> None:
    """Raise StoreError where `migrate` would refuse; nothing is written."""
    _version(connection, path, VERSION)


def _version(connection: sqlite3.Connection, path: str, current: int) -> int:
    # Asked first: another process may be making the tables just now.
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID and n_tables:
        if _has_our_tables(connection):
            raise damage(f"application_id {application_id:#x}")
        raise StoreError(f"{path}: it is the database of another program; name another file")
    if version > current + MOST_AHEAD or (n_tables and version <= 0):
        raise damage(f"user_version {version}")
    if version > current:
        raise StoreError(
            f"{path}: a newer tagger wrote it (version {version}, this one knows {current}); upgrade tagger"
        )
    if 0 < version < FIRST_VERSION:
        raise StoreError(
            f"{path}: a trial version of tagger wrote it; undo its tags with that one if you want to, "
            "then move it away and scan again"
        )
    return int(version)


def _has_our_tables(connection: sqlite3.Connection) -> bool:
    """Whether there are tables of all our names, which no other program has."""
    names = {statement.split()[2] for statement in _TABLES if statement.startswith("CREATE TABLE")}
    return names <= {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
