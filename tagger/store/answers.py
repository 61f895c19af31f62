"""What models say of the tracks: stored, listed, counted, and compared."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from tagger.files import AudioFile, absolute
from tagger.genre_names import GenreNames
from tagger.query import EVERYTHING, Query
from tagger.store import checked, keys_and_tempos, words
from tagger.store.album_answers import AlbumAnswers
from tagger.store.corrections import Corrections
from tagger.store.keys_and_tempos import put_keys_and_tempos
from tagger.store.no_music import put_sounds
from tagger.store.question import (
    Sql,
    answers_table,
    asked_for,
    scores_table,
    tracks_query,
    uses_keys,
    uses_words,
)
from tagger.store.rows import (
    EVERY_PATH,
    N_COLUMNS,
    TRACK_COLUMNS,
    SqlValue,
    album_answer_of,
    analysis_of,
    embedding_values,
    genre_values,
    now,
    path_from,
    path_ranges,
    prediction_values,
    stored_path,
    track_of,
    window_values,
)
from tagger.store.word_tables import trunk_named
from tagger.store.words import Words, put_words
from tagger.types import HAS_WORD, Analysis, Aspect, Prediction, Track

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.store.database import Database


_INSERT_PREDICTION = """
    INSERT INTO predictions
        (track_id, model, genre, genre_confidence, energy, silent, created_at, bpm, bpm_confidence,
         track_genre, track_genre_confidence, track_energy, track_bpm, track_bpm_confidence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_GENRE = "INSERT INTO genre_scores (track_id, model, genre, probability) VALUES (?, ?, ?, ?)"
# REPLACE: of a broken file, two windows may begin at one place.
_INSERT_WINDOW = """
    INSERT OR REPLACE INTO window_answers
        (track_id, model, start_s, genre, genre_confidence, energy, valence, mood)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_EMBEDDING = """
    INSERT OR REPLACE INTO embeddings (track_id, trunk, vector)
    SELECT ?, trunk, ? FROM models WHERE model = ?"""
_USE_MODEL = """
    INSERT INTO models (model, last_used_at) VALUES (?, ?)
    ON CONFLICT (model) DO UPDATE SET last_used_at = excluded.last_used_at"""

_ONE_BY_ID = """
    SELECT {columns} FROM tracks t JOIN {answers} p ON p.track_id = t.id{join}
    WHERE t.id = ? AND p.model = ?"""
_ONE_BY_PATH = """
    SELECT * FROM tracks JOIN predictions ON predictions.track_id = tracks.id
    LEFT JOIN (SELECT model, trunk FROM models) USING (model)
    LEFT JOIN embeddings USING (track_id, trunk)
    LEFT JOIN mood_words USING (track_id, model)
    LEFT JOIN no_music USING (track_id, model)
    LEFT JOIN keys_and_tempos USING (track_id, model) WHERE path = :path AND model = :model"""
_WORDS_BY_PATH = f"""
    SELECT {words.COLUMNS} FROM tracks t JOIN mood_words w ON w.track_id = t.id
    WHERE t.path = ? AND w.model = ?"""
_MOOD_WORDS = ("valence", "mood", "mood_confidence", "word_list", "words")
_KEY_AND_TEMPO = ("key", "key_confidence", "second_bpm", "second_bpm_confidence")
_OF_A_PATH = "WHERE track_id = (SELECT id FROM tracks WHERE path = :path) AND model = :model"
_GENRES = f"SELECT genre, probability FROM genre_scores {_OF_A_PATH} ORDER BY probability DESC, genre"
_ALBUM = f"""
    SELECT genre, probability FROM genre_answers {_OF_A_PATH} ORDER BY probability DESC, genre"""
_WINDOWS = f"""
    SELECT start_s, genre, genre_confidence, energy, valence, mood FROM window_answers {_OF_A_PATH}
    ORDER BY start_s"""
_ENDS = f"SELECT energy FROM window_answers {_OF_A_PATH} ORDER BY start_s"
_SCORES = """
    (SELECT json_group_object(s.genre, s.probability) FROM {scores} s
    WHERE s.track_id = p.track_id AND s.model = p.model
    AND typeof(s.genre) = 'text' AND typeof(s.probability) = 'real')"""
_GENRE_COUNTS = """
    SELECT genre, corrected & 1, count(*) FROM predictions
    WHERE model = :model AND genre IS NOT NULL AND {among} GROUP BY 1, 2 ORDER BY 3 DESC, 1"""
_IS_MUSIC = "(corrected > 0 OR track_id NOT IN (SELECT track_id FROM no_music WHERE model = :model))"
_COUNTS = """
    SELECT model, count(*) FROM predictions
    WHERE track_id NOT IN (SELECT id FROM tracks WHERE missing_since NOTNULL) GROUP BY model"""
_MODELS = """
    SELECT model FROM models WHERE EXISTS (SELECT 1 FROM predictions p WHERE p.model = models.model)
    ORDER BY last_used_at DESC, model"""
_PAIRS = """
    SELECT t.path, t.size, t.mtime_ns, t.audio_id, t.missing_since IS NOT NULL, e.vector,
        o.track_genre, o.track_energy, o.silent, n.track_genre, n.track_energy, n.silent
    FROM tracks t
    CROSS JOIN predictions o ON o.track_id = t.id AND o.model = ?
    LEFT JOIN predictions n ON n.track_id = t.id AND n.model = ?
    LEFT JOIN models m ON m.model = o.model
    LEFT JOIN embeddings e ON ? AND n.model IS NULL AND e.track_id = t.id AND e.trunk = m.trunk
    WHERE t.path >= ? AND t.path < ?"""
_ASPECTS: Mapping[Aspect, tuple[str, str]] = {
    "genre": ("predictions", "genre"),
    "energy": ("predictions", "energy"),
    "tempo": ("predictions", "bpm"),
    "words": ("mood_words", "word_list"),
    "mood": ("mood_words", "mood"),
}
_WITHOUT_KEYS = """
    SELECT (SELECT count(*) FROM predictions WHERE model = :model)
        - (SELECT count(*) FROM keys_and_tempos WHERE model = :model)"""
_WITHOUT_A_KEY = """NOT EXISTS (
        SELECT 1 FROM keys_and_tempos k WHERE k.track_id = p.track_id AND k.model = p.model)"""
_EMBEDDING_OF_PREDICTION = (
    "e.track_id = p.track_id AND e.trunk = (SELECT trunk FROM models WHERE models.model = p.model)"
)

_SECOND = """
    CASE WHEN p.genre_confidence < ? THEN (
        SELECT genre FROM {scores} s
        WHERE s.track_id = p.track_id AND s.model = p.model AND s.genre <> p.genre
        ORDER BY probability DESC LIMIT 1) END"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The short of a prediction: genre, energy 0–1, and whether there was nothing but silence.

    Genre and energy are None where the model predicts none.
    """

    genre: str | None
    energy: float | None
    silent: bool


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """A track with an answer of an old model; `new` is None where a new one has none.

    `embedding` is the old model's (little-endian float16), None where it was not asked for or `new` is there.
    """

    file: AudioFile
    audio_id: str
    missing: bool
    old: Answer
    new: Answer | None
    embedding: bytes | None


class Answers:
    """The predictions of an open store and their parts, as `Store.answers`; errors as of `Store`."""

    def __init__(self, database: Database, names: GenreNames) -> None:
        """Use `Store.answers`."""
        self._database, self._names = database, names
        self._albums = AlbumAnswers(database)
        self._words = Words(database)
        self._corrections = Corrections(database)

    def tracks(
        self,
        query: Query = EVERYTHING,
        *,
        model: str,
        with_second: bool = False,
        with_keys: bool = False,
        with_mood: bool = False,
        with_words: bool = False,
    ) -> Iterator[Track]:
        """Yield the tracks that `query` asks for, with the answers of `model`, while SQLite finds them.

        Those that are not sure have their second genre if that is asked for, and all their key and second
        tempo, their mood and the words of the query, or all three with all words that they have: each is
        looked up for each track.
        """
        called = self._called(model) if query.order.endswith("genre") and self._names.rename else {}
        columns, marks = [TRACK_COLUMNS], list[SqlValue]()
        if with_second:
            columns.append(_SECOND.format(scores=scores_table(query.no_album)))
            marks.append(self._names.sure_from)
        with_mood, with_keys = with_mood or with_words, with_keys or with_words
        columns += [keys_and_tempos.COLUMNS] * with_keys + [words.COLUMNS] * with_mood
        join = _joined(with_keys and not uses_keys(query), with_mood and not uses_words(query))
        sql, values = tracks_query(query, model, ", ".join(columns), called, join)
        rows = self._database.rows(sql, [*marks, *values])
        only = None if with_words else query.words
        return self._named(self._read(row, with_second, with_keys, with_mood, only) for row in rows)

    def _read(
        self,
        row: tuple[Any, ...],
        with_second: bool,
        with_keys: bool,
        with_mood: bool,
        only: Sequence[str] | None,
    ) -> Track:
        """A track by the columns `TRACK_COLUMNS`, and by those that were asked for beside them."""
        second = checked.text(row[N_COLUMNS]) if with_second else None
        said = self._words.read(row[-words.N_COLUMNS :], HAS_WORD, only) if with_mood else None
        end = len(row) - words.N_COLUMNS * with_mood
        played = keys_and_tempos.read(row[end - keys_and_tempos.N_COLUMNS : end]) if with_keys else None
        return track_of(row[:N_COLUMNS], self._names.nothing, second, said, played)

    def words(self, model: str) -> list[str]:
        """Give the words that the answers of `model` have a probability of, in the model's order."""
        return self._words.known(model)

    def word_shares(self, path: str, asked: Sequence[str], model: str) -> dict[str, float]:
        """Give the probability (0–1) of each word that is `asked` for, by the owner's name, of one file."""
        rows = self._database.all(_WORDS_BY_PATH, (stored_path(path), model))
        found = self._words.read(rows[0], only=asked).words if rows else {}
        return {self._names.shown(word): found[word] for word in asked if word in found}

    def scored_tracks(self, query: Query, model: str) -> Iterator[tuple[Track, dict[str, float]]]:
        """Yield the tracks that `query` asks for, each with the probability (0–1) of each of its genres."""
        column = _SCORES.format(scores=scores_table(query.no_album))
        sql, values = tracks_query(query, model, f"{TRACK_COLUMNS}, {column}")
        for *row, scores in self._database.rows(sql, values):
            shares = ((genre, checked.share(score)) for genre, score in checked.json_object(scores).items())
            track = self._names.of_track(track_of(tuple(row), self._names.nothing))
            yield track, {genre: score for genre, score in shares if score is not None}

    def count_of(self, query: Query, model: str) -> int:
        """Count the tracks that `query` asks for, its limit aside."""
        from_where, values = asked_for(query, model, with_tracks=False)
        return int(self._database.value(f"SELECT count(*) {from_where}", values))

    def energy_ends(self, paths: Iterable[str], model: str) -> list[tuple[float | None, float | None]]:
        """Give the energy (0–1) of the first and of the last window of each file; None of what is unknown."""
        rows = (self._database.all(_ENDS, {"path": stored_path(path), "model": model}) for path in paths)
        return [
            (checked.share(found[0][0]), checked.share(found[-1][0])) if found else (None, None)
            for found in rows
        ]

    def ids(self, query: Query, model: str) -> set[int]:
        """Give the ids of the tracks that `query` asks for; its order and its limit do not hold."""
        from_where, values = asked_for(query, model)
        return {track_id for (track_id,) in self._database.rows(f"SELECT t.id {from_where}", values)}

    def tracks_by_id(
        self, ids: Sequence[int], model: str, no_album: bool = False, with_words: bool = False
    ) -> dict[int, Track]:
        """Give the tracks by these ids, in their order, without those that have no answer of `model`.

        They have their mood and words if these are asked for.
        """
        more = f", {keys_and_tempos.COLUMNS}, {words.COLUMNS}" if with_words else ""
        columns, join = f"{TRACK_COLUMNS}{more}", _joined(with_words, with_words)
        sql = _ONE_BY_ID.format(columns=columns, answers=answers_table(no_album), join=join)
        rows = ((track_id, self._database.all(sql, (track_id, model))) for track_id in ids)
        there = {
            track_id: self._read(found[0], False, with_words, with_words, None)
            for track_id, found in rows
            if found
        }
        return dict(zip(there, self._named(iter(there.values())), strict=True))

    def _called(self, model: str) -> dict[str, str]:
        """The owner's names by those of the model that are others."""
        names = {genre: self._names.shown(genre) for genre, _ in self.genre_counts(model)}
        return {genre: name for genre, name in names.items() if name != genre}

    def _named(self, tracks: Iterator[Track]) -> Iterator[Track]:
        """The tracks with the owner's names for their genres."""
        return map(self._names.of_track, tracks) if self._names.rename else tracks

    def analysis(self, path: str, model: str, no_album: bool = False) -> Analysis | None:
        """Give everything known of one file by `model`, or None; with `no_album`, nothing its album says."""
        key: dict[str, SqlValue] = {"path": stored_path(absolute(path)), "model": model}
        row = next(self._database.named_rows(_ONE_BY_PATH, key), None)
        if row is None:
            return None
        genres, windows = self._database.all(_GENRES, key), self._database.all(_WINDOWS, key)
        said = self._words.read([row[column] for column in _MOOD_WORDS])
        word = self._corrections.word_of(checked.text(row["audio_id"]) or "")
        played = keys_and_tempos.read([row[column] for column in _KEY_AND_TEMPO])
        analysis = analysis_of(row, genres, windows, said, played, word, self._names.nothing)
        if not no_album and row["album_weight"] is not None:
            count = self._albums.count(checked.whole(row["album_id"]), model)
            album = album_answer_of(self._database.all(_ALBUM, key), count)
            analysis = replace(analysis, album=album)
        return self._names.of_analysis(analysis)

    def predicts(self, aspect: Aspect, model: str) -> bool:
        """Tell whether `model` says anything of `aspect` for any track."""
        table, column = _ASPECTS[aspect]
        sql = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE model = ? AND {column} IS NOT NULL)"
        return bool(self._database.value(sql, (model,)))

    def genre_counts(self, model: str) -> list[tuple[str, int]]:
        """Count the tracks of each genre, by its own name for it, by the answers of `model`, most first.

        Those whose genre the owner has corrected are left out.
        """
        rows = self._database.all(_GENRE_COUNTS.format(among="true"), {"model": model})
        return [(genre, count) for genre, is_said, count in rows if isinstance(genre, str) and not is_said]

    def shown_genres(self, model: str) -> Counter[str]:
        """Count the tracks of music of each genre, as the owner calls it, by the answers of `model`."""
        counts: Counter[str] = Counter()
        sql = _GENRE_COUNTS.format(among=_IS_MUSIC)
        for genre, is_said, count in self._database.all(sql, {"model": model}):
            if isinstance(genre, str):
                counts[genre if is_said else self._names.shown(genre)] += count
        return counts

    def count(self, model: str) -> int:
        """Count the tracks with an answer of `model`, missing ones included."""
        return int(self._database.value("SELECT count(*) FROM predictions WHERE model = ?", (model,)))

    def counts(self) -> dict[str, int]:
        """Count the tracks that are not missing by the models that have an answer."""
        return {model: count for model, count in self._database.all(_COUNTS) if isinstance(model, str)}

    def models(self) -> list[str]:
        """Give the ids of the models that have answers, the most recently used first."""
        return [model for (model,) in self._database.all(_MODELS) if isinstance(model, str)]

    def note_use(self, model: str) -> None:
        """Note that a scan has come to its end with `model`, whether or not there was anything to analyse."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE models SET last_used_at = ? WHERE model = ?", (now(), model))

    def count_without_keys(self, model: str, paths: Sequence[str] = ()) -> int:
        """Count the answers of `model` of before keys were heard, of all tracks or those at `paths`."""
        if not paths:
            return int(self._database.value(_WITHOUT_KEYS, {"model": model}))
        from_where, values = asked_for(Query(paths=tuple(paths)), model)
        return int(self._database.value(f"SELECT count(*) {from_where} AND {_WITHOUT_A_KEY}", values))

    def audio_ids(self, model: str) -> Iterator[str]:
        """Yield the `audio_id` of every sound that has an answer of `model`, some of them twice."""
        sql = "SELECT audio_id FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?"
        for (audio_id,) in self._database.rows(sql, (model,)):
            yield checked.text(audio_id) or ""

    def embeddings(
        self, query: Query, model: str, size: int, but: Sequence[str] = ()
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Give the ids (n,) of the tracks that `query` asks for, unordered, and their embeddings (n, size).

        The query's limit does not hold. Left out are tracks whose embedding has another size, and the
        sounds whose `audio_id` is one of `but`.
        """
        import numpy as np

        from_where, values = _embeddings_of(query, model)
        is_vector = "typeof(e.vector) = 'blob' AND length(e.vector) = ?"
        others = f"SELECT id FROM tracks WHERE audio_id IN ({', '.join('?' * len(but))})"
        usable = f"{is_vector} AND p.track_id NOT IN ({others})"
        sql = f"SELECT p.track_id, e.vector {from_where} AND {usable}"
        found = self._database.all(sql, [*values, 2 * size, *but])
        ids = np.array([track_id for track_id, _ in found], dtype=np.int64)
        vectors = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f2")
        return ids, vectors.reshape(len(found), size).astype(np.float16, copy=False)

    def pairs(self, paths: Sequence[str], old: str, new: str, with_embeddings: bool) -> Iterator[AnswerPair]:
        """Yield the tracks at and beneath `paths` (or all) that `old` has answered, with answers of `new`."""
        for bounds in path_ranges(paths) or EVERY_PATH:
            for row in self._database.rows(_PAIRS, (old, new, with_embeddings, *bounds)):
                yield _pair(row)

    def put(
        self, connection: sqlite3.Connection, ids: Sequence[int], answers: Sequence[Prediction], at: str
    ) -> None:
        """Store an answer for each track, in place of the last one, inside the caller's transaction."""
        # Scores, windows and embedding of the old answer go with it, by their foreign keys.
        old = [(track_id, answer.model) for track_id, answer in zip(ids, answers, strict=True)]
        connection.executemany("DELETE FROM predictions WHERE track_id = ? AND model = ?", old)
        pairs = list(zip(ids, answers, strict=True))
        _use_models(connection, {model for _, model in old}, at)
        connection.executemany(_INSERT_PREDICTION, [prediction_values(*pair, at) for pair in pairs])
        connection.executemany(_INSERT_GENRE, chain.from_iterable(genre_values(*pair) for pair in pairs))
        connection.executemany(_INSERT_WINDOW, chain.from_iterable(window_values(*pair) for pair in pairs))
        vectors = chain.from_iterable(embedding_values(*pair) for pair in pairs)
        connection.executemany(_INSERT_EMBEDDING, vectors)
        put_words(connection, ids, answers)
        put_sounds(connection, ids, answers)
        put_keys_and_tempos(connection, ids, answers)


def _joined(with_keys: bool, with_words: bool) -> str:
    """The joins of what is looked up for each track."""
    return keys_and_tempos.JOIN * with_keys + words.JOIN * with_words


def _use_models(connection: sqlite3.Connection, models: Iterable[str], at: str) -> None:
    """Note that these models answer now, before their answers are stored; each has a trunk by then."""
    for model in models:
        connection.execute(_USE_MODEL, (model, at))
        (trunk,) = connection.execute("SELECT trunk FROM models WHERE model = ?", (model,)).fetchone()
        if trunk is None:
            trunk = trunk_named(connection, f"model {model}")
            connection.execute("UPDATE models SET trunk = ? WHERE model = ?", (trunk, model))


def _embeddings_of(query: Query, model: str) -> Sql:
    if query.is_for_all:  # as they lie in the file
        of_trunk = "e.trunk = (SELECT trunk FROM models WHERE model = ?)"
        joined = "FROM embeddings e CROSS JOIN predictions p ON p.track_id = e.track_id AND p.model = ?"
        return f"{joined} WHERE {of_trunk}", [model, model]
    join = f" CROSS JOIN embeddings e ON {_EMBEDDING_OF_PREDICTION}"
    return asked_for(query, model, join, with_tracks=False)


def _pair(row: tuple[Any, ...]) -> AnswerPair:
    path, size, mtime_ns, audio_id, missing, vector, *said = row
    old, new = said[:3], said[3:]
    return AnswerPair(
        AudioFile(path_from(path), checked.whole(size), checked.whole(mtime_ns)),
        checked.text(audio_id) or "",
        bool(missing),
        _answer(*old),
        None if new[2] is None else _answer(*new),
        vector if isinstance(vector, bytes) else None,
    )


def _answer(genre: Any, energy: Any, silent: Any) -> Answer:
    return Answer(checked.text(genre), checked.share(energy), bool(silent))
