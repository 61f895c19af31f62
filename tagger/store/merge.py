"""One database of several: the tracks, answers, corrections and records of change of each.

For parts of a library that were scanned by several computers. Where two know a file, the one that scanned it
last is believed; of two corrections of a sound the newer holds, of two failures likewise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from tagger.errors import StoreError
from tagger.store.database import connected, plain_errors
from tagger.store.schema import ANSWER_TABLES, APPLICATION_ID, VERSION
from tagger.store.words import word_list

_AS_HEARD: Mapping[str, str] = {
    "genre": "track_genre",
    "genre_confidence": "track_genre_confidence",
    "energy": "track_energy",
    "bpm": "track_bpm",
    "bpm_confidence": "track_bpm_confidence",
    "album_weight": "NULL",
    "corrected": "0",
}
"""Of a prediction: what the track's own sound says. Corrections are put in by triggers, albums by a scan."""

_OLDER = """
    DELETE FROM main.tracks WHERE path IN (
        SELECT s.path FROM source.tracks s JOIN main.tracks t USING (path)
        WHERE s.scanned_at > t.scanned_at)"""
_SAME = """
    INSERT INTO same_track SELECT s.id, t.id FROM source.tracks s JOIN main.tracks t USING (path)
    WHERE s.audio_id = t.audio_id"""
_FRESH = """
    INSERT INTO fresh SELECT same_track.old, same_track.new, model FROM source.predictions
    JOIN same_track ON same_track.old = track_id
    WHERE NOT EXISTS (SELECT 1 FROM main.predictions p
        WHERE p.track_id = same_track.new AND p.model = source.predictions.model)"""
_FAILURES = """
    INSERT INTO main.failures ({names}) SELECT {names} FROM source.failures WHERE true
    ON CONFLICT (path) DO UPDATE SET {settings} WHERE excluded.failed_at > failures.failed_at"""
_ENDED_WELL = """
    DELETE FROM main.failures WHERE EXISTS (
        SELECT 1 FROM main.tracks t WHERE t.path = failures.path AND t.scanned_at >= failures.failed_at)"""
_CORRECTIONS = """
    INSERT INTO main.corrections (audio_id, field, kind, value, made_at, run_id)
    SELECT audio_id, field, kind, value, made_at, same_run.new
    FROM source.corrections LEFT JOIN same_run ON same_run.old = run_id WHERE true
    ON CONFLICT (audio_id, field) DO UPDATE SET
        kind = excluded.kind, value = excluded.value, made_at = excluded.made_at, run_id = excluded.run_id
    WHERE excluded.made_at > corrections.made_at"""
_MODELS = """
    INSERT INTO main.models (model, last_used_at, trunk, heads)
    SELECT model, last_used_at, same_trunk.new, heads
    FROM source.models LEFT JOIN same_trunk ON same_trunk.old = trunk WHERE true
    ON CONFLICT (model) DO UPDATE SET last_used_at = max(models.last_used_at, excluded.last_used_at)"""
_STALE = """
    INSERT OR IGNORE INTO main.stale_albums
    SELECT DISTINCT t.album_id FROM same_track JOIN main.tracks t ON t.id = new WHERE t.album_id NOT NULL"""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has made: tracks in the result, and those that more than one database knew."""

    tracks: int
    shared: int
    corrections: int


def merge(sources: Sequence[str], target: str) -> Merged:
    """Make the database `target`, which is not there yet, of the databases `sources`; these stay as they are.

    Raises StoreError where a source is no database of this version, or has a write-tags or undo under way.
    """
    for source in sources:
        _check(source)
    n_shared = 0
    with plain_errors(target), closing(connected(target, "rwc")) as connection:
        with closing(connected(sources[0], "ro")) as first:
            first.backup(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        for source in sources[1:]:
            with plain_errors(source):
                n_shared += _take_in(connection, source)
        connection.execute("PRAGMA journal_mode = wal")
        (tracks,) = connection.execute("SELECT count(*) FROM tracks").fetchone()
        (corrections,) = connection.execute("SELECT count(*) FROM corrections").fetchone()
    return Merged(tracks, n_shared, corrections)


def _check(path: str) -> None:
    with plain_errors(path), closing(connected(path, "ro")) as connection:
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application_id != APPLICATION_ID:
            raise StoreError(f"{path}: it is not a database of tagger; name another file")
        if version != VERSION:
            raise StoreError(
                f"{path}: another version of tagger wrote it; run `tagger runs --db {path}` once with this"
            )
        sql = "SELECT 1 FROM tag_changes WHERE state IN ('prepared', 'undoing') LIMIT 1"
        if connection.execute(sql).fetchone():
            raise StoreError(
                f"{path}: a write-tags or undo was cut off; run `tagger undo --dry-run --db {path}` first"
            )


def _take_in(connection: sqlite3.Connection, source: str) -> int:
    """Take a further database into the one that is open; give how many files both knew."""
    connection.execute("ATTACH ? AS source", (source,))
    try:
        connection.execute("BEGIN IMMEDIATE")
        (n_shared,) = connection.execute(
            "SELECT count(*) FROM source.tracks JOIN main.tracks USING (path)"
        ).fetchone()
        for table in ("same_track", "same_run", "same_trunk", "same_list"):
            connection.execute(f"CREATE TEMP TABLE {table} (old INTEGER PRIMARY KEY, new INTEGER)")
        connection.execute("CREATE TEMP TABLE fresh (old INTEGER, new INTEGER, model TEXT)")
        _take_runs(connection)
        _take_trunks_and_words(connection)
        connection.execute(_CORRECTIONS)  # first, so that they hold for the answers that come
        _take_tracks(connection)
        _take_failures(connection)
        _take_changes(connection)
        connection.execute("INSERT OR IGNORE INTO main.ignored SELECT * FROM source.ignored")
        connection.execute(_STALE)
        for table in ("same_track", "same_run", "same_trunk", "same_list", "fresh"):
            connection.execute(f"DROP TABLE temp.{table}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("DETACH source")
    return int(n_shared)


def _take_runs(connection: sqlite3.Connection) -> None:
    columns = "id, command, started_at, finished_at, counts"
    for old, *row in connection.execute(f"SELECT {columns} FROM source.runs ORDER BY id").fetchall():
        sql = "INSERT INTO main.runs (command, started_at, finished_at, counts) VALUES (?, ?, ?, ?)"
        connection.execute(
            "INSERT INTO same_run VALUES (?, ?)", (old, connection.execute(sql, row).lastrowid)
        )


def _take_trunks_and_words(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR IGNORE INTO main.trunks (name) SELECT name FROM source.trunks")
    connection.execute(
        "INSERT INTO same_trunk SELECT s.id, t.id FROM source.trunks s JOIN main.trunks t USING (name)"
    )
    connection.execute(_MODELS)
    lists: dict[int, list[str]] = {}
    for number, word in connection.execute(
        "SELECT word_list, word FROM source.word_places ORDER BY word_list, place"
    ).fetchall():
        lists.setdefault(number, []).append(word)
    for number, words in lists.items():
        connection.execute("INSERT INTO same_list VALUES (?, ?)", (number, word_list(connection, words)))


def _take_tracks(connection: sqlite3.Connection) -> None:
    connection.execute(_OLDER)
    names = ", ".join(_columns(connection, "tracks", but=("id",)))
    connection.execute(
        f"INSERT INTO main.tracks ({names}) SELECT {names} FROM source.tracks WHERE path NOT IN "
        "(SELECT path FROM main.tracks)"
    )
    connection.execute(_SAME)
    connection.execute(_FRESH)
    for table in ANSWER_TABLES:
        _take_answers(connection, table)
    connection.execute(
        """INSERT OR IGNORE INTO main.embeddings (track_id, trunk, vector)
            SELECT same_track.new, same_trunk.new, vector FROM source.embeddings
            JOIN same_track ON same_track.old = track_id JOIN same_trunk ON same_trunk.old = trunk"""
    )


def _take_answers(connection: sqlite3.Connection, table: str) -> None:
    columns = _columns(connection, table, but=("track_id",))
    replaced: Mapping[str, Mapping[str, str]] = {
        "mood_words": {"word_list": "same_list.new"},
        "predictions": _AS_HEARD,
    }
    said = replaced.get(table, {})
    taken = ", ".join(said.get(name, f"s.{name}") for name in columns)
    lists = "LEFT JOIN same_list ON same_list.old = s.word_list" if table == "mood_words" else ""
    connection.execute(
        f"INSERT INTO main.{table} (track_id, {', '.join(columns)}) SELECT fresh.new, {taken} "
        f"FROM fresh JOIN source.{table} s ON s.track_id = fresh.old AND s.model = fresh.model {lists}"
    )


def _take_failures(connection: sqlite3.Connection) -> None:
    columns = _columns(connection, "failures")
    settings = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "path")
    connection.execute(_FAILURES.format(names=", ".join(columns), settings=settings))
    connection.execute(_ENDED_WELL)


def _take_changes(connection: sqlite3.Connection) -> None:
    """The records of what was written, so that `undo` takes it back from here, too."""
    columns = _columns(connection, "tag_changes", but=("id", "run_id", "undo_run_id", "track_id"))
    names = ", ".join(columns)
    connection.execute(
        f"""INSERT INTO main.tag_changes (run_id, undo_run_id, track_id, {names})
            SELECT r.new, u.new, t.new, {names} FROM source.tag_changes
            JOIN same_run r ON r.old = run_id
            LEFT JOIN same_run u ON u.old = undo_run_id
            LEFT JOIN same_track t ON t.old = track_id ORDER BY source.tag_changes.id"""
    )


def _columns(connection: sqlite3.Connection, table: str, but: Sequence[str] = ()) -> list[str]:
    rows = connection.execute(f"PRAGMA main.table_info({table})")
    return [name for _, name, *_ in rows if name not in but]
