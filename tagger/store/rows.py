"""The rows of the tables as values, there and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from tagger.files import AudioFile
from tagger.store.paths import path_from, stored_path, stored_text
from tagger.store.query import SqlValue
from tagger.types import Analysis, Failure, Prediction, Recording, Track, WindowAnswer

Heard = tuple[AudioFile, Recording, Prediction]
Row = tuple[SqlValue, ...]


TRACK_COLUMNS = (
    "t.path, t.audio_id, t.duration_s, p.genre, p.genre_confidence, p.energy, p.bpm, p.bpm_confidence, "
    "p.silent, t.title, t.artist, t.album, t.year, t.missing_since NOTNULL"
)
"""What `track_of` reads, of tracks `t` and predictions `p`."""


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


def track_of(row: tuple[Any, ...]) -> Track:
    """Read a line of a listing from the columns `TRACK_COLUMNS`; silence has no genre."""
    path, audio_id, duration_s, genre, confidence, energy, bpm, bpm_confidence, silent, *names = row
    if silent:
        genre = confidence = None
    title, artist, album, year, missing = names
    answer = (genre, confidence, energy, bpm, bpm_confidence, bool(silent))
    return Track(path_from(path), audio_id, duration_s, *answer, title, artist, album, year, bool(missing))


def analysis_of(
    row: dict[str, Any], genres: Iterable[tuple[str, float]], windows: Iterable[tuple[Any, ...]]
) -> Analysis:
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
    return Analysis(file, recording, prediction, row["scanned_at"])


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _text(name: str | None) -> str | None:
    return None if name is None else stored_text(name)
