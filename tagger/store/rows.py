"""The rows of the tables as values, there and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from tagger.files import AudioFile
from tagger.store.paths import path_from, stored_path, stored_text
from tagger.store.query import SqlValue
from tagger.types import Failure, Prediction, Recording, WindowAnswer

Heard = tuple[AudioFile, Recording, Prediction]
Row = tuple[SqlValue, ...]


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One line of a listing; `genre_confidence` and `energy` are 0–1, `duration_s` 0.0 if unknown.

    `audio_id` says who the sound is. What follows `duration_s` but `missing` (the file was gone at the
    last scan), and what a model may not hear, is None where nothing tells it.
    """

    path: str
    genre: str | None
    genre_confidence: float | None
    energy: float | None
    silent: bool
    audio_id: str
    duration_s: float
    bpm: float | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    missing: bool = False


TRACK_COLUMNS = (
    "t.path, p.genre, p.genre_confidence, p.energy, p.silent, t.audio_id, t.duration_s, "
    "p.bpm, t.title, t.artist, t.album, t.year, t.missing_since NOTNULL"
)
"""What `track_row` reads, of tracks `t` and predictions `p`."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredTrack:
    """Everything known of one file; `scanned_at` is ISO 8601 in UTC.

    `file` is the file as it was when it was heard. The prediction's `genres` are likeliest first.
    """

    file: AudioFile
    recording: Recording
    prediction: Prediction
    scanned_at: str


def track_values(file: AudioFile, recording: Recording, now: str) -> dict[str, SqlValue]:
    """The columns of `tracks` by name."""
    return {
        "path": stored_path(file.path),
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "audio_id": recording.audio_id,
        "duration_s": float(recording.duration_s),
        "codec": stored_text(recording.codec),
        "sample_rate_hz": int(recording.sample_rate_hz),
        "channels": int(recording.channels),
        "scanned_at": now,
        "title": _text(recording.title),
        "artist": _text(recording.artist),
        "album": _text(recording.album),
        "year": recording.year,
    }


def failure_values(failure: Failure, now: str) -> dict[str, SqlValue]:
    """The columns of `failures` by name."""
    return {
        "path": stored_path(failure.path),
        "size": failure.size,
        "mtime_ns": failure.mtime_ns,
        "stage": failure.stage,
        "reason": stored_text(failure.reason),
        "failed_at": now,
    }


def prediction_values(track_id: int, answer: Prediction, now: str) -> Row:
    """The columns of `predictions` in their order."""
    confidence, energy = _number(answer.genre_confidence), _number(answer.energy)
    tempo = _number(answer.bpm), _number(answer.bpm_confidence)
    return track_id, answer.model, answer.genre, confidence, energy, int(answer.silent), now, *tempo


def genre_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """The columns of `genre_scores` in their order, a row a genre."""
    for genre, probability in answer.genres.items():
        yield track_id, answer.model, genre, float(probability)


def window_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """The columns of `window_answers` in their order, a row a window."""
    for window in answer.windows:
        confidence, energy = _number(window.genre_confidence), _number(window.energy)
        yield track_id, answer.model, float(window.start_s), window.genre, confidence, energy


def embedding_values(track_id: int, answer: Prediction) -> Iterator[Row]:
    """The columns of `embeddings` in their order, a row if there is an embedding."""
    if answer.embedding.size:
        yield track_id, answer.model, answer.embedding.astype("<f2").tobytes()


def track_row(row: tuple[Any, ...]) -> TrackRow:
    """A line of a listing from the columns `TRACK_COLUMNS`."""
    path, genre, confidence, energy, silent, *rest, missing = row
    return TrackRow(path_from(path), genre, confidence, energy, bool(silent), *(*rest, bool(missing)))


def stored_track(
    row: dict[str, Any], genres: Iterable[tuple[str, float]], windows: Iterable[tuple[Any, ...]]
) -> StoredTrack:
    """A track from a joined row of `tracks`, `predictions` and `embeddings`, and its other rows."""
    recording = Recording(**{field.name: row[field.name] for field in fields(Recording)})
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
    file = AudioFile(path_from(row["path"]), row["size"], row["mtime_ns"])
    return StoredTrack(file, recording, prediction, row["scanned_at"])


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _text(name: str | None) -> str | None:
    return None if name is None else stored_text(name)
