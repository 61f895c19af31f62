"""The tracks whose answers go into the files' tags, a page at a time so that memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tagger.store.paths import PathRange, StoredPath, path_from, stored_path
from tagger.store.query import SqlValue
from tagger.store.stamp import Stamp

# No path is empty, and in SQLite every BLOB is greater than every TEXT.
_EVERYTHING: tuple[PathRange, ...] = (("", b""), (b"", b"\xff\xff"))

_PAGE = """
    SELECT id, path, size, mtime_ns, audio_id, energy, silent
    FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?
    WHERE path >= ? AND path < ? ORDER BY path LIMIT ?"""
_GENRES = """
    SELECT genre, probability FROM genre_scores WHERE track_id = ? AND model = ?
    ORDER BY probability DESC, genre"""
_SAME_STATE = """
    SELECT path FROM tracks JOIN predictions ON track_id = id AND model = ?
    WHERE audio_id = ? AND size = ? AND mtime_ns = ? AND path < ? ORDER BY path"""


@dataclass(frozen=True, slots=True)
class TaggableTrack:
    """What was heard in a file of a certain state; `genres` with their probabilities, likeliest first."""

    id: int
    path: str
    stamp: Stamp
    audio_id: str
    genres: tuple[tuple[str, float], ...]
    energy: float
    silent: bool


def taggable_pages(
    connection: sqlite3.Connection, ranges: Sequence[PathRange], model: str, size: int
) -> Iterator[list[TaggableTrack]]:
    """Yield the tracks that `model` has heard within `ranges` (empty: all), in the order of SQLite's paths.

    Nothing stays open between two pages, so the caller may write meanwhile.
    """
    for low, high in sorted(ranges or _EVERYTHING, key=lambda pair: (isinstance(pair[0], bytes), pair[0])):
        while page := connection.execute(_PAGE, (model, low, high, size)).fetchall():
            yield [_track(connection, row, model) for row in page]
            low = _next_after(page[-1][1])


def earlier_names(
    connection: sqlite3.Connection, track: TaggableTrack, ranges: Sequence[PathRange], model: str
) -> list[str]:
    """Paths that come before the track's in `taggable_pages`, of the same sound, size and mtime_ns.

    Among them is every other name of the same file (by a link), if it has any.
    """
    key = (model, track.audio_id, track.stamp.size, track.stamp.mtime_ns, stored_path(track.path))
    return [path_from(path) for (path,) in connection.execute(_SAME_STATE, key) if _within(path, ranges)]


def _track(connection: sqlite3.Connection, row: tuple[SqlValue, ...], model: str) -> TaggableTrack:
    track_id, path, size, mtime_ns, audio_id, energy, silent = row
    genres = tuple(connection.execute(_GENRES, (track_id, model)))
    stamp = Stamp(size, mtime_ns)  # type: ignore[arg-type]
    return TaggableTrack(track_id, path_from(path), stamp, audio_id, genres, energy, bool(silent))  # type: ignore[arg-type]


def _next_after(path: StoredPath) -> StoredPath:
    # No name holds NUL, so nothing lies between.
    return path + "\x01" if isinstance(path, str) else path + b"\x01"


def _within(path: StoredPath, ranges: Sequence[PathRange]) -> bool:
    same_kind = (pair for pair in ranges if type(pair[0]) is type(path))
    return not ranges or any(low <= path < high for low, high in same_kind)  # type: ignore[operator]
