"""Convert paths, analyses, tracks and failures to the values of the tables, and back.

File names are TEXT where they are UTF-8, else BLOB, never losing a byte: SQLite can hold neither lone
surrogates nor undecodable bytes in TEXT, and a music library that has lived on several systems has both
`café` spellings and names in Latin-1.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from tagger.files import AudioFile, absolute
from tagger.types import Analysis, Failure, Prediction, Recording, Track, WindowAnswer

SqlValue = str | bytes | int | float | None
StoredPath = str | bytes
PathRange = tuple[StoredPath, StoredPath]

# No path is empty, and in SQLite every BLOB is greater than every TEXT.
EVERY_PATH: tuple[PathRange, ...] = (("", b""), (b"", b"\xff\xff"))

Row = tuple[SqlValue, ...]

TRACK_COLUMNS = (
    "t.path, t.audio_id, t.duration_s, p.genre, p.genre_confidence, p.energy, p.bpm, p.bpm_confidence, "
    "p.silent, t.title, t.artist, t.album, t.year, t.missing_since NOTNULL, t.damaged"
)
"""The columns that `track_of` reads, of tracks `t` and predictions `p`."""


def track_of(row: tuple[Any, ...]) -> Track:
    """Read a track from the columns `TRACK_COLUMNS`."""
    path, audio_id, duration_s, genre, confidence, energy, bpm, bpm_confidence, silent, *names = row
    title, artist, album, year, *flags = names
    answer = (genre, confidence, energy, bpm, bpm_confidence, bool(silent))
    of_tags = (title, artist, album, year)
    return Track(path_from(path), audio_id, duration_s, *answer, *of_tags, *map(bool, flags))


def analysis_of(
    row: dict[str, Any], genres: Iterable[tuple[str, float]], windows: Iterable[tuple[Any, ...]]
) -> Analysis:
    """Read an analysis from a joined row of `tracks`, `predictions` and `embeddings`, and its other rows."""
    import numpy as np  # not for those who only look whether a file has changed

    prediction = Prediction(
        model=row["model"],
        genres=dict(genres),
        genre=row["genre"],
        genre_confidence=row["genre_confidence"],
        energy=row["energy"],
        windows=tuple(WindowAnswer(*window) for window in windows),
        embedding=np.frombuffer(row["vector"] or b"", dtype="<f2").astype(np.float16),
        silent=bool(row["silent"]),
        bpm=row["bpm"],
        bpm_confidence=row["bpm_confidence"],
    )
    return Analysis(
        file=AudioFile(path_from(row["path"]), row["size"], row["mtime_ns"]),
        recording=Recording(
            **{f.name: row[f.name] for f in fields(Recording)} | {"damaged": bool(row["damaged"])}
        ),
        prediction=prediction,
        scanned_at=row["scanned_at"],
        missing=row["missing_since"] is not None,
    )


def iso(time: datetime) -> str:
    """Give a time as the database keeps it: ISO 8601 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def now() -> str:
    """Give the present time as the database keeps it."""
    return iso(datetime.now(UTC))


def track_values(file: AudioFile, recording: Recording, now: str) -> dict[str, SqlValue]:
    """Give the columns of `tracks` by name."""
    return {
        "path": stored_path(file.path),
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "audio_id": recording.audio_id,
        "duration_s": _number(recording.duration_s),
        "codec": stored_text(recording.codec),
        "sample_rate_hz": int(recording.sample_rate_hz),
        "channels": int(recording.channels),
        "scanned_at": now,
        "title": _text(recording.title),
        "artist": _text(recording.artist),
        "album": _text(recording.album),
        "year": recording.year,
        "damaged": int(recording.damaged),
    }


def failure_values(failure: Failure, now: str) -> dict[str, SqlValue]:
    """Give the columns of `failures` by name."""
    return {
        "path": stored_path(failure.path),
        "size": failure.size,
        "mtime_ns": failure.mtime_ns,
        "stage": failure.stage,
        "reason": stored_text(failure.reason),
        "failed_at": now,
        "since": now,
    }


def prediction_values(track_id: int, answer: Prediction, now: str) -> Row:
    """Give the columns of `predictions` in their order; silence has no genre."""
    genre, confidence = (None, None) if answer.silent else (answer.genre, _number(answer.genre_confidence))
    tempo = _number(answer.bpm), _number(answer.bpm_confidence)
    energy = _number(answer.energy)
    return track_id, answer.model, genre, confidence, energy, int(answer.silent), now, *tempo


def genre_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """Yield the columns of `genre_scores` in their order, a row a genre; silence has none."""
    for genre, probability in () if answer.silent else answer.genres.items():
        yield track_id, answer.model, genre, float(probability)


def window_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """Yield the columns of `window_answers` in their order, a row a window."""
    for window in answer.windows:
        confidence, energy = _number(window.genre_confidence), _number(window.energy)
        yield track_id, answer.model, float(window.start_s), window.genre, confidence, energy


def embedding_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """Yield the columns of `embeddings` in their order, a row if there is an embedding."""
    if answer.embedding.size:
        yield track_id, answer.model, answer.embedding.astype("<f2").tobytes()


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _text(name: str | None) -> str | None:
    return None if name is None else stored_text(name)


def stored_path(path: str) -> StoredPath:
    """Give the value for the database: text if the name's bytes are UTF-8, the bytes themselves if not."""
    if path.isascii():
        return path
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def path_from(stored: StoredPath) -> str:
    """Give the path as the operating system does; the inverse of `stored_path`."""
    if isinstance(stored, str):
        return stored if stored.isascii() else os.fsdecode(stored.encode("utf-8"))
    return os.fsdecode(stored)


def stored_text(text: str) -> str:
    """Make text for a person fit for SQLite: lone surrogates become `\\udcXX` in plain letters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def path_ranges(paths: Sequence[str]) -> list[PathRange]:
    """Give disjoint half-open ranges [low, high) that hold each path and everything beneath it.

    Ranges, unlike LIKE, use the index and know no wildcards. A path beneath another one of `paths`
    adds none, so that no row is found twice.
    """
    wanted = {absolute(path) for path in paths}
    ranges: list[PathRange] = []
    for path in sorted(wanted):
        if not any(parent in wanted for parent in _parents(path)):
            ranges += _ranges_of(path)
    return ranges


def _parents(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def _ranges_of(path: str) -> list[PathRange]:
    # No name holds NUL, so nothing but `path` lies between it and `path` + "\x01".
    folder = path if path.endswith(os.sep) else path + os.sep
    after_folder = folder[:-1] + chr(ord(os.sep) + 1)
    itself, beneath = (path, path + "\x01"), (folder, after_folder)
    beneath_in_bytes = (os.fsencode(folder), os.fsencode(after_folder))
    if isinstance(stored_path(path), bytes):
        return [(os.fsencode(path), os.fsencode(path) + b"\x01"), beneath_in_bytes]
    return [_as_stored(itself), _as_stored(beneath), beneath_in_bytes]


def _as_stored(pair: tuple[str, str]) -> PathRange:
    return stored_path(pair[0]), stored_path(pair[1])
