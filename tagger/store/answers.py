"""What models say of the tracks: stored, listed, counted, and compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from tagger.errors import StoreError
from tagger.files import AudioFile, absolute, folded
from tagger.genre_names import GenreNames
from tagger.query import EVERYTHING, Query, TrackOrder
from tagger.store import checked
from tagger.store.album_answers import AlbumAnswers
from tagger.store.rows import (
    EVERY_PATH,
    TRACK_COLUMNS,
    SqlValue,
    StoredPath,
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
from tagger.types import Analysis, Aspect, Prediction, Track

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.store.store import Database


Sql = tuple[str, list[SqlValue]]
"""A statement, or a part of one, and the values of its marks."""

_INSERT_PREDICTION = """
    INSERT INTO predictions
        (track_id, model, genre, genre_confidence, energy, silent, created_at, bpm, bpm_confidence,
         track_genre, track_genre_confidence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_GENRE = "INSERT INTO genre_scores (track_id, model, genre, probability) VALUES (?, ?, ?, ?)"
# REPLACE: of a broken file, two windows may begin at one place.
_INSERT_WINDOW = """
    INSERT OR REPLACE INTO window_answers (track_id, model, start_s, genre, genre_confidence, energy)
    VALUES (?, ?, ?, ?, ?, ?)"""
_INSERT_EMBEDDING = "INSERT INTO embeddings (track_id, model, vector) VALUES (?, ?, ?)"
_USE_MODEL = """
    INSERT INTO models (model, last_used_at) VALUES (?, ?)
    ON CONFLICT (model) DO UPDATE SET last_used_at = excluded.last_used_at"""

_ONE_BY_ID = f"""
    SELECT {TRACK_COLUMNS} FROM tracks t JOIN {{answers}} p ON p.track_id = t.id
    WHERE t.id = ? AND p.model = ?"""
_ONE_BY_PATH = """
    SELECT * FROM tracks JOIN predictions ON predictions.track_id = id
    LEFT JOIN embeddings USING (track_id, model) WHERE path = :path AND model = :model"""
_OF_A_PATH = "WHERE track_id = (SELECT id FROM tracks WHERE path = :path) AND model = :model"
_GENRES = f"SELECT genre, probability FROM genre_scores {_OF_A_PATH} ORDER BY probability DESC, genre"
_ALBUM = f"""
    SELECT genre, probability FROM genre_answers {_OF_A_PATH} ORDER BY probability DESC, genre"""
_WINDOWS = f"""
    SELECT start_s, genre, genre_confidence, energy FROM window_answers {_OF_A_PATH} ORDER BY start_s"""
_SCORES = """
    (SELECT json_group_object(s.genre, s.probability) FROM {scores} s
    WHERE s.track_id = p.track_id AND s.model = p.model
    AND typeof(s.genre) = 'text' AND typeof(s.probability) = 'real')"""
_GENRE_COUNTS = """
    SELECT genre, count(*) FROM predictions WHERE model = ? AND genre IS NOT NULL
    GROUP BY genre ORDER BY 2 DESC, 1"""
_COUNTS = """
    SELECT model, count(*) FROM predictions
    WHERE track_id NOT IN (SELECT id FROM tracks WHERE missing_since NOTNULL) GROUP BY model"""
_MODELS = """
    SELECT model FROM models WHERE EXISTS (SELECT 1 FROM predictions p WHERE p.model = models.model)
    ORDER BY last_used_at DESC, model"""
_PAIRS = """
    SELECT t.path, t.size, t.mtime_ns, t.audio_id, t.missing_since IS NOT NULL, e.vector,
        o.track_genre, o.energy, o.silent, n.track_genre, n.energy, n.silent
    FROM tracks t
    CROSS JOIN predictions o ON o.track_id = t.id AND o.model = ?
    LEFT JOIN predictions n ON n.track_id = t.id AND n.model = ?
    LEFT JOIN embeddings e ON ? AND n.model IS NULL AND e.track_id = t.id AND e.model = o.model
    WHERE t.path >= ? AND t.path < ?"""
_EMBEDDING_OF_PREDICTION = "e.track_id = p.track_id AND e.model = p.model"

_MAX_SQL_VALUES = 32_766  # https://www.sqlite.org/limits.html#max_variable_number
_VALUES_OF_FILTERS = 500  # left for everything but paths

_AS_THEY_ARE: Mapping[str, str] = {}
_OF_AN_ANSWER = {"energy": "p.energy", "bpm": "p.bpm", "confidence": "p.genre_confidence", "genre": "p.genre"}
_AMONG_EQUALS = {"genre": "p.energy", "artist": "tagger_sort_key(t.album)"}
_OF_A_FILE = {
    "artist": "tagger_sort_key(t.artist)",
    "album": "tagger_sort_key(t.album)",
    "title": "tagger_sort_key(t.title)",
    "year": "t.year",
    "length": "nullif(t.duration_s, 0)",
}
_OWN_GENRES = "t.tag_genres IN (SELECT tag_genres FROM (SELECT DISTINCT tag_genres FROM tracks) WHERE {})"
_SEVERAL_FILES = """
    t.missing_since IS NULL
    AND t.audio_id IN (SELECT audio_id FROM tracks GROUP BY audio_id HAVING count(*) > 1)
    AND EXISTS (SELECT 1 FROM tracks other
        WHERE other.audio_id = t.audio_id AND other.id <> t.id AND other.missing_since IS NULL)"""


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

    def tracks(self, query: Query = EVERYTHING, *, model: str) -> Iterator[Track]:
        """Yield the tracks that `query` asks for, with the answers of `model`, while SQLite finds them."""
        called = self._called(model) if query.order.endswith("genre") and self._names.rename else {}
        sql, values = tracks_query(query, model, TRACK_COLUMNS, called)
        return self._named(map(self._track, self._database.rows(sql, values)))

    def scored_tracks(self, query: Query, model: str) -> Iterator[tuple[Track, dict[str, float]]]:
        """Yield the tracks that `query` asks for, each with the probability (0–1) of each of its genres."""
        column = _SCORES.format(scores="genre_scores" if query.no_album else "genre_answers")
        sql, values = tracks_query(query, model, f"{TRACK_COLUMNS}, {column}")
        for *row, scores in self._database.rows(sql, values):
            shares = ((genre, checked.share(score)) for genre, score in checked.json_object(scores).items())
            track = self._names.of_track(self._track(tuple(row)))
            yield track, {genre: score for genre, score in shares if score is not None}

    def ids(self, query: Query, model: str) -> set[int]:
        """Give the ids of the tracks that `query` asks for; its order and its limit do not hold."""
        from_where, values = asked_for(query, model)
        return {track_id for (track_id,) in self._database.rows(f"SELECT t.id {from_where}", values)}

    def tracks_by_id(self, ids: Sequence[int], model: str, no_album: bool = False) -> list[Track]:
        """Give the tracks with these ids, in their order, without those that have no answer of `model`."""
        sql = _ONE_BY_ID.format(answers=_answers(no_album))
        rows = (self._database.all(sql, (track_id, model)) for track_id in ids)
        return [*self._named(map(self._track, chain.from_iterable(rows)))]

    def _track(self, row: tuple[Any, ...]) -> Track:
        return track_of(row, self._names.nothing)

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
        analysis = analysis_of(row, genres, windows, self._names.nothing)
        if not no_album and row["album_weight"] is not None:
            count = self._albums.count(checked.whole(row["album_id"]), model)
            said = album_answer_of(self._database.all(_ALBUM, key), count)
            analysis = replace(analysis, album=said)
        return self._names.of_analysis(analysis)

    def predicts(self, aspect: Aspect, model: str) -> bool:
        """Tell whether `model` gives any track a genre, an energy or a tempo."""
        column = "bpm" if aspect == "tempo" else aspect
        sql = f"SELECT EXISTS (SELECT 1 FROM predictions WHERE model = ? AND {column} IS NOT NULL)"
        return bool(self._database.value(sql, (model,)))

    def genre_counts(self, model: str) -> list[tuple[str, int]]:
        """Count the tracks of each genre, by its own name for it, by the answers of `model`, most first."""
        rows = self._database.all(_GENRE_COUNTS, (model,))
        return [(genre, count) for genre, count in rows if isinstance(genre, str)]

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

    def audio_ids(self, model: str) -> Iterator[str]:
        """Yield the `audio_id` of every sound that has an answer of `model`, some of them twice."""
        sql = "SELECT audio_id FROM tracks CROSS JOIN predictions ON track_id = id AND model = ?"
        for (audio_id,) in self._database.rows(sql, (model,)):
            yield checked.text(audio_id) or ""

    def embeddings(
        self, query: Query, model: str, size: int, but: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Give the ids (n,) of the tracks that `query` asks for, unordered, and their embeddings (n, size).

        The query's limit does not hold. Left out are tracks whose embedding has another size, and the
        sound whose `audio_id` is `but`.
        """
        import numpy as np

        from_where, values = _embeddings_of(query, model)
        is_vector = "typeof(e.vector) = 'blob' AND length(e.vector) = ?"
        usable = f"{is_vector} AND p.track_id NOT IN (SELECT id FROM tracks WHERE audio_id = ?)"
        sql = f"SELECT p.track_id, e.vector {from_where} AND {usable}"
        found = self._database.all(sql, [*values, 2 * size, but])
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
        connection.executemany(_INSERT_PREDICTION, [prediction_values(*pair, at) for pair in pairs])
        connection.executemany(_INSERT_GENRE, chain.from_iterable(genre_values(*pair) for pair in pairs))
        connection.executemany(_INSERT_WINDOW, chain.from_iterable(window_values(*pair) for pair in pairs))
        vectors = chain.from_iterable(embedding_values(*pair) for pair in pairs)
        connection.executemany(_INSERT_EMBEDDING, vectors)
        connection.executemany(_USE_MODEL, [(model, at) for model in {model for _, model in old}])


def _embeddings_of(query: Query, model: str) -> Sql:
    if replace(query, order="path", limit=None) == EVERYTHING:  # all of them: as they lie in the file
        joined = f"FROM embeddings e CROSS JOIN predictions p ON {_EMBEDDING_OF_PREDICTION}"
        return f"{joined} WHERE p.model = ?", [model]
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


# A query as SQL


def tracks_query(query: Query, model: str, columns: str, called: Mapping[str, str] = _AS_THEY_ARE) -> Sql:
    """Write the SELECT of `columns` that answers `query`, in its order, and the values of its marks.

    The tables are tracks `t` and predictions `p`. Genres are sorted by the name by which each is `called`.
    """
    from_where, values = asked_for(query, model)
    order, names = _order_of_names(query.order, called) if called else (_order(query.order), [])
    sql, values = f"SELECT {columns} {from_where} ORDER BY {order}", values + names
    return (
        (sql, values) if query.limit is None else (f"{sql} LIMIT ?", [*values, min(query.limit, 2**63 - 1)])
    )


def _order_of_names(order: TrackOrder, called: Mapping[str, str]) -> Sql:
    """The terms of an order by genre, for which no index stands, and their values."""
    name = f"CASE p.genre{' WHEN ? THEN ?' * len(called)} ELSE p.genre END"
    return _order(order).replace("p.genre", name, 1), [text for pair in called.items() for text in pair]


def _order(order: TrackOrder) -> str:
    """The terms of ORDER BY, written as an index has them where one holds the answers in this order."""
    name = order.removeprefix("-")
    down = " DESC" if order != name else ""
    if name == "path":
        return f"t.path{down}"
    last = "" if down else " NULLS LAST"  # they are the last ones of a falling order anyway
    next_by = f"{_AMONG_EQUALS[name]}{down}, " if name in _AMONG_EQUALS else ""
    if column := _OF_AN_ANSWER.get(name):
        return f"{column}{down}{last}, {next_by}p.track_id{down}"
    return f"{_OF_A_FILE[name]}{down}{last}, {next_by}t.path"


def asked_for(query: Query, model: str, more: str = "", with_tracks: bool = True) -> Sql:
    """Write the FROM and WHERE of `query`, without its order and limit; `more` is a further join.

    Without `with_tracks`, the table of tracks is left out if nothing is asked of it.
    """
    of_tracks = _of_track(query)
    source, bounds = _source(query, with_tracks or bool(of_tracks))
    conditions: list[Sql] = [("p.model = ?", [model]), *_of_prediction(query), *of_tracks]
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, values in conditions for value in values]
    return f"FROM {source}{more} WHERE {where}", [*bounds, *values]


def _source(query: Query, with_tracks: bool) -> Sql:
    """The tables, the one that narrows first."""
    # SQLite keeps the order of a CROSS JOIN (https://www.sqlite.org/optoverview.html#crossjoin):
    # its planner has no statistics here, and the better order is known.
    answers = _answers(query.no_album)
    prediction_of_track = f"{answers} p ON p.track_id = t.id"
    if query.paths:
        rows, bounds = _ranges(query.paths)
        within = "tracks t ON t.path >= wanted.column1 AND t.path < wanted.column2"
        return f"(VALUES {rows}) wanted CROSS JOIN {within} CROSS JOIN {prediction_of_track}", bounds
    if not with_tracks:
        return f"{answers} p", []
    if query.missing:  # few, whatever their order
        return f"tracks t INDEXED BY tracks_missing CROSS JOIN {prediction_of_track}", []
    narrow = query.genres or query.energy or query.bpm or query.order.removeprefix("-") in _OF_AN_ANSWER
    by_index = query.artists or query.albums or query.tag_genres or query.duplicates
    if narrow and not by_index:
        return f"{answers} p CROSS JOIN tracks t ON t.id = p.track_id", []
    return f"tracks t CROSS JOIN {prediction_of_track}", []


def _answers(no_album: bool) -> str:
    return "track_predictions" if no_album else "predictions"


def _ranges(paths: Sequence[str]) -> Sql:
    ranges = path_ranges(paths)
    if 2 * len(ranges) > _MAX_SQL_VALUES - _VALUES_OF_FILTERS:
        raise StoreError(f"{len(paths)} paths are too many for one question; name their folder instead")
    return ", ".join(["(?, ?)"] * len(ranges)), [bound for pair in ranges for bound in pair]


def _of_prediction(query: Query) -> list[Sql]:
    """Conditions on a prediction; what is NULL, as the genre of silence, meets none."""
    found: list[Sql] = []
    if len(query.genres) == 1:
        found.append(("p.genre = ?", [*query.genres]))
    elif query.genres:  # with the plus, rows still come in the order of energy, and a limit ends them early
        found.append((f"+p.genre IN ({_marks(query.genres)})", [*query.genres]))
    if query.not_genres:
        found.append((f"p.genre NOT IN ({_marks(query.not_genres)})", [*query.not_genres]))
    if query.energy is not None:
        found.append(("p.energy >= ? AND p.energy < ?", [*query.energy]))
    if query.bpm is not None:
        found.append(("p.bpm >= ? AND p.bpm <= ?", [*query.bpm]))
    if query.min_confidence is not None:
        found.append(("p.genre_confidence >= ?", [query.min_confidence]))
    return found


def _of_track(query: Query) -> list[Sql]:
    """Conditions on a file and its tags."""
    found = [
        _one_of_the_names("artist", query.artists),
        _one_of_the_names("album", query.albums),
        _contains_one_of("t.path", query.path_parts),
    ]
    if query.year is not None:
        found.append(("t.year >= ? AND t.year <= ?", [*query.year]))
    if query.min_length_s is not None:
        found.append(("t.duration_s >= ?", [query.min_length_s]))
    if query.tag_genres:
        says = " OR ".join(["tagger_says(tag_genres, ?)"] * len(query.tag_genres))
        found.append((_OWN_GENRES.format(says), [*query.tag_genres]))
    if query.untagged:
        found.append((_OWN_GENRES.format("NOT tagger_is_tagged(tag_genres)"), []))
    if query.agrees or query.differs:
        found.append((f"tagger_agrees(t.tag_genres, p.genre) = {int(query.agrees)}", []))
    if query.missing:
        found.append(("t.missing_since IS NOT NULL", []))
    if query.duplicates:
        found.append((_SEVERAL_FILES, []))
    return [condition for condition in found if condition[0]]


def _one_of_the_names(column: str, parts: Sequence[str]) -> Sql:
    """Search the different names, of which there are far fewer than tracks, then use the index."""
    condition, values = _contains_one_of(column, parts)
    names = f"SELECT {column} FROM (SELECT DISTINCT {column} FROM tracks) WHERE {condition}"
    return (f"t.{column} IN ({names})", values) if parts else ("", [])


def _contains_one_of(column: str, parts: Sequence[str]) -> Sql:
    needles: list[StoredPath] = [stored_path(folded(part)) for part in parts]
    condition = " OR ".join([f"tagger_contains({column}, ?)"] * len(needles))
    return (f"({condition})", [*needles]) if needles else ("", [])


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
