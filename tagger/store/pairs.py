"""What two models say of the same tracks, read side by side."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tagger.files import AudioFile
from tagger.store.paths import EVERYTHING, PathRange, path_from

_PAIRS = """
    SELECT t.path, t.size, t.mtime_ns, t.audio_id, t.missing_since IS NOT NULL, e.vector,
        o.genre, o.energy, o.silent, n.genre, n.energy, n.silent
    FROM tracks t
    CROSS JOIN predictions o ON o.track_id = t.id AND o.model = ?
    LEFT JOIN predictions n ON n.track_id = t.id AND n.model = ?
    LEFT JOIN embeddings e ON ? AND n.model IS NULL AND e.track_id = t.id AND e.model = o.model
    WHERE t.path >= ? AND t.path < ?"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The short of a prediction: genre, energy 0–1, and whether there was nothing but silence.

    Genre or energy are None where the model hears none.
    """

    genre: str | None
    energy: float | None
    silent: bool


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """A track that the old model has heard; `new` is None where the new one has not.

    `embedding` is the old model's (little-endian float16), None where it was not asked for or `new` is there.
    """

    file: AudioFile
    audio_id: str
    missing: bool
    old: Answer
    new: Answer | None
    embedding: bytes | None


def answer_pairs(
    connection: sqlite3.Connection, ranges: Sequence[PathRange], old: str, new: str, with_embeddings: bool
) -> Iterator[AnswerPair]:
    """Yield the tracks within `ranges` (empty: all) that the model `old` has heard, as they are read."""
    for bounds in ranges or EVERYTHING:
        for row in connection.execute(_PAIRS, (old, new, with_embeddings, *bounds)):
            yield _pair(row)


def _pair(row: tuple[Any, ...]) -> AnswerPair:
    path, size, mtime_ns, audio_id, missing, vector, *said = row
    old, new = said[:3], said[3:]
    return AnswerPair(
        AudioFile(path_from(path), size, mtime_ns),
        audio_id,
        bool(missing),
        Answer(old[0], old[1], bool(old[2])),
        None if new[2] is None else Answer(new[0], new[1], bool(new[2])),
        vector,
    )
