"""Which files the store expects to find, and what became of those that are not there any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from tagger.files import Fingerprint, fingerprint
from tagger.store.paths import PathRange, path_from

_STATES = "SELECT path, size, mtime_ns FROM tracks"
_UNANSWERED = f"""
    {_STATES} WHERE NOT EXISTS (SELECT 1 FROM predictions WHERE track_id = id AND model = ?)"""
_FAILED = "SELECT path, size, mtime_ns FROM failures WHERE failed_at > ?"


def tracked(connection: sqlite3.Connection) -> set[Fingerprint]:
    """All files that have been heard."""
    return _fingerprints(connection.execute(_STATES))


def unanswered(connection: sqlite3.Connection, model: str) -> set[Fingerprint]:
    """Those of them that `model` has not heard."""
    (n_tracks,) = connection.execute("SELECT count(*) FROM tracks").fetchone()
    (n_answers,) = connection.execute("SELECT count(*) FROM predictions WHERE model = ?", (model,)).fetchone()
    return set() if n_tracks == n_answers else _fingerprints(connection.execute(_UNANSWERED, (model,)))


def failed(connection: sqlite3.Connection, since: str) -> set[Fingerprint]:
    """Files that could not be heard when it was last tried, after `since` (ISO 8601 in UTC)."""
    return _fingerprints(connection.execute(_FAILED, (since,)))


def whereabouts(
    connection: sqlite3.Connection, ranges: Sequence[PathRange]
) -> Iterator[tuple[int, str, Fingerprint, bool]]:
    """(track id, path, fingerprint, whether it is marked missing) of the tracks in `ranges`."""
    sql = "SELECT id, path, size, mtime_ns, missing_since FROM tracks WHERE path >= ? AND path < ?"
    for bounds in ranges:
        for track_id, stored, size, mtime_ns, missing_since in connection.execute(sql, bounds).fetchall():
            path = path_from(stored)
            yield track_id, path, fingerprint(path, size, mtime_ns), missing_since is not None


def has_tracks(connection: sqlite3.Connection, ranges: Sequence[PathRange]) -> bool:
    """Whether any track lies in `ranges`."""
    sql = "SELECT 1 FROM tracks WHERE path >= ? AND path < ? LIMIT 1"
    return any(connection.execute(sql, bounds).fetchone() for bounds in ranges)


def mark(connection: sqlite3.Connection, missing: Iterable[int], found: Iterable[int], now: str) -> None:
    """Notes since when the tracks `missing` are gone, and that those `found` are back."""
    sql = "UPDATE tracks SET missing_since = ? WHERE id = ?"
    connection.executemany(sql, [(now, track_id) for track_id in missing])
    connection.executemany(sql, [(None, track_id) for track_id in found])


def forget(connection: sqlite3.Connection, before: str) -> int:
    """Deletes the tracks missing since before that time with all that is known of them; their number."""
    return connection.execute("DELETE FROM tracks WHERE missing_since < ?", (before,)).rowcount


def has_missing(connection: sqlite3.Connection) -> bool:
    """Whether any track is marked missing."""
    return (
        connection.execute("SELECT 1 FROM tracks WHERE missing_since NOTNULL LIMIT 1").fetchone() is not None
    )


def _fingerprints(rows: sqlite3.Cursor) -> set[Fingerprint]:
    return {
        hash((path if type(path) is str else path_from(path), size, mtime_ns))
        for path, size, mtime_ns in rows
    }
