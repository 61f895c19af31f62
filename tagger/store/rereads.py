"""Answers by other heads on stored embeddings: which tracks have one, what is copied, what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tagger.store import checked
from tagger.store.keys_and_tempos import copy_keys_and_tempos
from tagger.store.no_music import put_sound_rows
from tagger.store.rows import SqlValue, now
from tagger.store.word_tables import trunk_named
from tagger.store.words import put_rows, word_list

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.store.database import Database
    from tagger.types import FloatArray, Mood, Sound

BATCH = 4096
"""Tracks in one transaction: half a second, in which other programs wait."""

_KNOWN = "SELECT trunks.name, heads FROM models LEFT JOIN trunks ON trunks.id = trunk WHERE model = ?"
_INTRODUCE = """
    INSERT INTO models (model, last_used_at, trunk, heads) VALUES (?, ?, ?, ?)
    ON CONFLICT (model) DO UPDATE SET trunk = excluded.trunk, heads = excluded.heads"""
_SOURCES = """
    SELECT model, heads FROM models JOIN trunks ON trunks.id = trunk
    WHERE trunks.name = ? AND model <> ? AND EXISTS (SELECT 1 FROM predictions p WHERE p.model = models.model)
    ORDER BY last_used_at DESC, model"""
_UNREAD = """
    FROM predictions p
    CROSS JOIN embeddings e ON e.track_id = p.track_id AND e.trunk = (SELECT id FROM trunks WHERE name = ?)
    CROSS JOIN tracks t ON t.id = p.track_id
    WHERE p.model = ? AND typeof(e.vector) = 'blob' AND length(e.vector) = ?
    AND NOT EXISTS (SELECT 1 FROM predictions n WHERE n.track_id = p.track_id AND n.model = ?)"""
_TO_READ = f"""
    SELECT p.track_id, t.duration_s, p.silent, e.vector {_UNREAD} AND p.track_id > ?
    ORDER BY p.track_id LIMIT ?"""

_THESE = "model = :old AND track_id IN (SELECT value FROM json_each(:ids))"
_COPY = (
    """
    INSERT INTO predictions
        (track_id, model, genre, genre_confidence, energy, silent, created_at, bpm, bpm_confidence,
         track_genre, track_genre_confidence, track_energy, track_bpm, track_bpm_confidence)
    SELECT track_id, :new, {genre}, {confidence}, {energy}, silent, :at, {bpm}, {bpm_confidence},
        {genre}, {confidence}, {energy}, {bpm}, {bpm_confidence}
    FROM predictions WHERE """
    + _THESE
)
_COPY_SCORES = f"""
    INSERT INTO genre_scores (track_id, model, genre, probability)
    SELECT track_id, :new, genre, probability FROM genre_scores WHERE {_THESE}"""
_COPY_WINDOWS = (
    """
    INSERT INTO window_answers (track_id, model, start_s, genre, genre_confidence, energy, valence, mood)
    SELECT track_id, :new, start_s, {genre}, {confidence}, {energy}, {valence}, {mood}
    FROM window_answers WHERE """
    + _THESE
)
_SET_GENRE = """
    UPDATE predictions SET
        genre = CASE WHEN corrected & 1 THEN genre ELSE ?1 END,
        genre_confidence = CASE WHEN corrected & 1 THEN genre_confidence ELSE ?2 END,
        track_genre = ?1, track_genre_confidence = ?2
    WHERE track_id = ?3 AND model = ?4"""
_INSERT_SCORE = "INSERT INTO genre_scores (track_id, model, genre, probability) VALUES (?, ?, ?, ?)"
_SET_ENERGY = """
    UPDATE predictions SET energy = CASE WHEN corrected & 2 THEN energy ELSE ?1 END, track_energy = ?1
    WHERE track_id = ?2 AND model = ?3"""


@dataclass(frozen=True, slots=True)
class Source:
    """A model whose answers another one with the same trunk can take up; `heads` are their versions."""

    model: str
    heads: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Tracks with stored embeddings: ids, seconds of sound and silence, each (n,), vectors (n, d) float16."""

    ids: NDArray[np.int64]
    duration_s: FloatArray
    silent: NDArray[np.bool_]
    vectors: NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class HeadAnswers:
    """What heads say of `Stored` tracks; None where the answer of the source holds.

    `genres` is (n, n_genres) and `words` (n, n_words), probabilities by `genre_names` and `word_names`;
    `energy` is (n,). `moods` has valence, mood and its confidence for each track, `sounds` the sound and its.
    """

    genre_names: Sequence[str]
    genres: FloatArray | None
    energy: FloatArray | None
    word_names: Sequence[str]
    words: FloatArray
    moods: Sequence[tuple[float | None, Mood | None, float | None]]
    sounds: Sequence[tuple[Sound, float | None]]


class Rereads:
    """The models with their trunks and heads, and answers by heads alone, as `Store.rereads`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.rereads`."""
        self._database = database

    def introduce(self, model: str, trunk: str, heads: Mapping[str, str]) -> None:
        """Note what a model is made of, if that is not known: its `trunk` and the version of each head."""
        said = json.dumps(dict(sorted(heads.items())))
        if self._database.all(_KNOWN, (model,)) == [(trunk, said)]:
            return
        with self._database.transaction() as connection:
            connection.execute(  # an earlier tagger did not note the hash
                "UPDATE OR IGNORE trunks SET name = ? WHERE name = ?", (trunk, f"model {model}")
            )
            values = (model, now(), trunk_named(connection, trunk), said)
            connection.execute(_INTRODUCE, values)

    def forget(self, model: str) -> None:
        """Delete all answers of a model; embeddings stay, for they are of its trunk."""
        with self._database.transaction() as connection:
            for table in ("predictions", "album_scores", "models"):
                connection.execute(f"DELETE FROM {table} WHERE model = ?", (model,))

    def made_of(self, model: str) -> tuple[str | None, Mapping[str, str]]:
        """Give the trunk of a model and the versions of its heads; None and nothing where it is not known."""
        ((trunk, heads),) = self._database.all(_KNOWN, (model,)) or [(None, None)]
        return checked.text(trunk), _heads_of(heads)

    def sources(self, model: str, trunk: str) -> list[Source]:
        """Give the other models with this trunk that have answers, the last used first."""
        rows = self._database.all(_SOURCES, (trunk, model))
        return [Source(name, _heads_of(heads)) for name, heads in rows if isinstance(name, str)]

    def count(self, source: str, model: str, trunk: str, size: int) -> int:
        """Count the tracks with an answer of `source` and none of `model` whose embedding is stored."""
        sql = f"SELECT count(*) {_UNREAD}"
        return int(self._database.value(sql, (trunk, source, 2 * size, model)))

    def unread(self, source: str, model: str, trunk: str, size: int) -> Iterator[Stored]:
        """Yield those tracks in batches, with their embeddings of `size` numbers."""
        import numpy as np

        last = -1
        while rows := self._database.all(_TO_READ, (trunk, source, 2 * size, model, last, BATCH)):
            ids, durations, silent, vectors = zip(*rows, strict=True)
            last = ids[-1]
            yield Stored(
                np.array(ids, dtype=np.int64),
                np.array([checked.duration_s(d) or np.inf for d in durations]),
                np.array(silent, dtype=bool),
                np.frombuffer(b"".join(vectors), dtype="<f2").reshape(len(ids), size).astype(np.float16),
            )

    def put(self, source: str, model: str, kept: frozenset[str], tracks: Stored, said: HeadAnswers) -> None:
        """Store an answer of `model` for each track in one transaction.

        What is `kept` of `genre`, `energy`, `tempo` and `mood` is copied from the answer of `source`, and so
        is the key, which no head says; the windows' answers are copied or unknown, for their embeddings are
        not stored.
        """
        values: dict[str, SqlValue] = {
            "old": source,
            "new": model,
            "at": now(),
            "ids": json.dumps(tracks.ids.tolist()),
        }
        with self._database.transaction() as connection:
            connection.execute(_COPY.format(**_columns(kept, "track_")), values)
            if {"genre", "energy"} & kept:
                connection.execute(_COPY_WINDOWS.format(**_columns(kept, "")), values)
            if "genre" in kept:
                connection.execute(_COPY_SCORES, values)
            elif said.genres is not None:
                connection.executemany(_SET_GENRE, _genre_rows(tracks, said, model))
                connection.executemany(_INSERT_SCORE, _score_rows(tracks, said, model))
            if said.energy is not None:
                energies = zip(said.energy.tolist(), tracks.ids.tolist(), strict=True)
                connection.executemany(_SET_ENERGY, [(*pair, model) for pair in energies])
            number = word_list(connection, said.word_names) if said.word_names else None
            put_rows(connection, _word_rows(tracks, said, model, number))
            put_sound_rows(connection, _sound_rows(tracks, said, model))
            copy_keys_and_tempos(connection, values, with_tempo="tempo" in kept)


def _columns(kept: frozenset[str], own: str) -> dict[str, str]:
    """What is selected of the old answer for each column; NULL where it does not hold.

    What the model heard by itself lies in the columns that begin with `own`.
    """
    by_head = {
        "genre": {"genre": f"{own}genre", "confidence": f"{own}genre_confidence"},
        "energy": {"energy": f"{own}energy"},
        "tempo": {"bpm": f"{own}bpm", "bpm_confidence": f"{own}bpm_confidence"},
        "mood": {"valence": "valence", "mood": "mood"},
    }
    return {
        column: said if head in kept else "NULL"
        for head, columns in by_head.items()
        for column, said in columns.items()
    }


def _genre_rows(tracks: Stored, said: HeadAnswers, model: str) -> Iterator[tuple[Any, ...]]:
    assert said.genres is not None
    likeliest = said.genres.argmax(axis=1)
    for i, track_id in enumerate(tracks.ids.tolist()):
        if not tracks.silent[i]:
            genre = said.genre_names[likeliest[i]]
            yield genre, float(said.genres[i, likeliest[i]]), track_id, model


def _score_rows(tracks: Stored, said: HeadAnswers, model: str) -> Iterator[tuple[Any, ...]]:
    assert said.genres is not None
    for track_id, silent, row in zip(tracks.ids.tolist(), tracks.silent, said.genres.tolist(), strict=True):
        if not silent:
            for genre, probability in zip(said.genre_names, row, strict=True):
                yield track_id, model, genre, probability


def _word_rows(
    tracks: Stored, said: HeadAnswers, model: str, number: int | None
) -> Iterator[tuple[Any, ...]]:
    packed = (255 * said.words).round().astype("uint8")
    for i, track_id in enumerate(tracks.ids.tolist()):
        is_known = number is not None or said.moods[i][0] is not None
        if is_known and not tracks.silent[i]:
            yield track_id, model, *said.moods[i], number, packed[i].tobytes() if number else None


def _sound_rows(
    tracks: Stored, said: HeadAnswers, model: str
) -> Iterator[tuple[int, str, Sound, float | None]]:
    for track_id, silent, sound in zip(tracks.ids.tolist(), tracks.silent, said.sounds, strict=True):
        if not silent:
            yield track_id, model, *sound


def _heads_of(text: Any) -> Mapping[str, str]:
    heads = checked.json_object(text)
    return {name: version for name, version in heads.items() if isinstance(version, str)}
