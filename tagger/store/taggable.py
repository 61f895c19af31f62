"""The tracks whose answers go into the files' tags, a page at a time so that memory stays flat."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tagger.files import FileState
from tagger.store.paths import EVERYTHING, PathRange, StoredPath, path_from, stored_path

_PAGE = """
    SELECT id, path, size, mtime_ns, audio_id, energy, silent, bpm, bpm_confidence
    FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?
    WHERE path >= ? AND path < ? AND missing_since IS NULL ORDER BY path LIMIT ?"""
_GENRES = """
    SELECT genre, probability FROM genre_scores WHERE track_id = ? AND model = ?
    ORDER BY probability DESC, genre"""
_WRITTEN = "SELECT previous FROM tag_changes WHERE track_id = ? AND state = 'written' ORDER BY id DESC"
_SAME_STATE = """
    SELECT path FROM tracks JOIN predictions ON track_id = id AND model = ?
    WHERE audio_id = ? AND size = ? AND mtime_ns = ? AND path < ? ORDER BY path"""


@dataclass(frozen=True, slots=True)
class TaggableTrack:
    """What was heard in a file of a certain state; `genres` with their probabilities, likeliest first.

    `genres` are empty, `energy` None where the model hears none. `bpm` and `bpm_confidence` are None where
    no tempo was heard; `written_bpm` is the last text that we wrote for one.
    """

    id: int
    path: str
    stamp: FileState
    audio_id: str
    genres: tuple[tuple[str, float], ...]
    energy: float | None
    silent: bool
    bpm: float | None
    bpm_confidence: float | None
    written_bpm: str | None


def taggable_pages(
    connection: sqlite3.Connection, ranges: Sequence[PathRange], model: str, size: int
) -> Iterator[list[TaggableTrack]]:
    """Yield the tracks that `model` has heard within `ranges` (empty: all), in the order of SQLite's paths.

    Nothing stays open between two pages, so the caller may write meanwhile.
    """
    for low, high in sorted(ranges or EVERYTHING, key=lambda pair: (isinstance(pair[0], bytes), pair[0])):
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


def _track(connection: sqlite3.Connection, row: tuple[Any, ...], model: str) -> TaggableTrack:
    track_id, path, size, mtime_ns, audio_id, energy, silent, bpm, bpm_confidence = row
    return TaggableTrack(
        id=track_id,
        path=path_from(path),
        stamp=FileState(size, mtime_ns),
        audio_id=audio_id,
        genres=tuple(connection.execute(_GENRES, (track_id, model))),
        energy=energy,
        silent=bool(silent),
        bpm=bpm,
        bpm_confidence=bpm_confidence,
        written_bpm=None if bpm is None else _written_bpm(connection, track_id),
    )


def _written_bpm(connection: sqlite3.Connection, track_id: int) -> str | None:
    for (previous,) in connection.execute(_WRITTEN, (track_id,)):
        for field in json.loads(previous)["fields"]:
            if field["field"] == "bpm":
                return str(field["after"][0])
    return None


def _next_after(path: StoredPath) -> StoredPath:
    # No name holds NUL, so nothing lies between.
    return path + "\x01" if isinstance(path, str) else path + b"\x01"


def _within(path: StoredPath, ranges: Sequence[PathRange]) -> bool:
    same_kind = (pair for pair in ranges if type(pair[0]) is type(path))
    return not ranges or any(low <= path < high for low, high in same_kind)  # type: ignore[operator]
