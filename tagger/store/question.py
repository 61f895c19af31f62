"""A question as SQL: the FROM, WHERE and ORDER BY of a `Query`, written so that an index answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tagger.errors import StoreError
from tagger.files import folded
from tagger.musical_key import mixing_with
from tagger.query import Query, TrackOrder
from tagger.store import keys_and_tempos
from tagger.store.keys_and_tempos import of_keys
from tagger.store.no_music import of_sounds
from tagger.store.rows import SqlValue, StoredPath, path_ranges, stored_path
from tagger.store.words import least_byte
from tagger.types import HAS_WORD

Sql = tuple[str, list[SqlValue]]
"""A statement, or a part of one, and the values of its marks."""

_MAX_SQL_VALUES = 32_766  # https://www.sqlite.org/limits.html#max_variable_number
_VALUES_OF_FILTERS = 500  # left for everything but paths

_AS_THEY_ARE: Mapping[str, str] = {}
_OF_AN_ANSWER = {"energy": "p.energy", "bpm": "p.bpm", "confidence": "p.genre_confidence", "genre": "p.genre"}
_AMONG_EQUALS = {"genre": "p.energy", "artist": "tagger_sort_key(t.album)"}
_OF_WORDS = {"valence": "w.valence", "mood": "w.mood"}
_BYTE = """substr(w.words, (
        SELECT k.place FROM word_places k WHERE k.word_list = w.word_list AND k.word = ?), 1)"""
"""Of a word, in a row of `mood_words`; NULL where its list lacks the word."""

_WORDS_OF_PREDICTION = "mood_words w ON w.track_id = p.track_id AND w.model = p.model"
_OF_A_FILE = {
    "artist": "tagger_sort_key(t.artist)",
    "album": "tagger_sort_key(t.album)",
    "title": "tagger_sort_key(t.title)",
    "year": "t.year",
    "length": "nullif(t.duration_s, 0)",
}
_FURTHER = """
    SELECT id FROM tracks WHERE audio_id IN (
        SELECT audio_id FROM corrections c, json_each(CASE
            WHEN typeof(c.value) <> 'text' THEN '[]' WHEN json_valid(c.value) THEN c.value ELSE '[]' END) g
        WHERE c.field = 'genre' AND c.kind <> 'skipped' AND g.key > 0 AND g.value IN ({}))"""
"""Tracks to which the owner gave a genre behind another one: few, which no index holds."""

_CORRECTED = """
    EXISTS (SELECT 1 FROM predictions c
        WHERE c.track_id = p.track_id AND c.model = p.model AND c.corrected > 0)"""
_OWN_GENRES = "t.tag_genres IN (SELECT tag_genres FROM (SELECT DISTINCT tag_genres FROM tracks) WHERE {})"
_SEVERAL_FILES = """
    t.missing_since IS NULL
    AND t.audio_id IN (SELECT audio_id FROM tracks GROUP BY audio_id HAVING count(*) > 1)
    AND EXISTS (SELECT 1 FROM tracks other
        WHERE other.audio_id = t.audio_id AND other.id <> t.id AND other.missing_since IS NULL)"""


def tracks_query(
    query: Query, model: str, columns: str, called: Mapping[str, str] = _AS_THEY_ARE, join: str = ""
) -> Sql:
    """Write the SELECT of `columns` that answers `query`, in its order, and the values of its marks.

    The tables are tracks `t` and predictions `p`, and those of a further `join`. Genres are sorted by the
    name by which each is `called`.
    """
    join += keys_and_tempos.JOIN * uses_keys(query)
    from_where, values = asked_for(query, model, join)
    order, names = _order_of_names(query.order, called) if called else _order_of_words(query)
    sql, values = f"SELECT {columns} {from_where} ORDER BY {order}", values + names
    return (
        (sql, values) if query.limit is None else (f"{sql} LIMIT ?", [*values, min(query.limit, 2**63 - 1)])
    )


def _order_of_names(order: TrackOrder, called: Mapping[str, str]) -> Sql:
    """The terms of an order by genre, for which no index stands, and their values."""
    renamed = "CASE WHEN p.corrected & 1 THEN NULL ELSE p.genre END"  # the owner's word is called as it is
    name = f"CASE {renamed}{' WHEN ? THEN ?' * len(called)} ELSE p.genre END"
    return _order(order).replace("p.genre", name, 1), [text for pair in called.items() for text in pair]


def _order_of_words(query: Query) -> Sql:
    """The terms of an order, and the words that it is by."""
    order = _order(query.order)
    if query.order.removeprefix("-") != "word":
        return order, []
    each = ", ".join([_BYTE] * len(query.words))
    least = each if len(query.words) == 1 else f"min({each})"
    return order.replace("w.words", least, 1), [*query.words]


def uses_words(query: Query) -> bool:
    """Tell whether a question is about words or moods, so that `mood_words w` is among its tables."""
    return _needs_words(query) or query.order.removeprefix("-") in _OF_WORDS


def _needs_words(query: Query) -> bool:
    """Whether only tracks with words or a mood are asked for; in an order the others come last."""
    asked = query.words or query.not_words or query.moods or query.valence is not None
    return bool(asked) or query.order.removeprefix("-") == "word"


def uses_keys(query: Query) -> bool:
    """Tell whether tracks are in the order of keys, so that `keys_and_tempos k` is among the tables."""
    return query.order.removeprefix("-") == "key"


def _order(order: TrackOrder) -> str:
    """The terms of ORDER BY, written as an index has them where one holds the answers in this order."""
    name = order.removeprefix("-")
    down = " DESC" if order != name else ""
    if name == "path":
        return f"t.path{down}"
    last = "" if down else " NULLS LAST"  # they are the last ones of a falling order anyway
    next_by = f"{_AMONG_EQUALS[name]}{down}, " if name in _AMONG_EQUALS else ""
    if name == "word":
        return f"w.words{down}, p.track_id{down}"
    if name == "key":
        return f"{keys_and_tempos.WHEEL_PLACE}{down}{last}, p.bpm{down}{last}, p.track_id{down}"
    if column := _OF_WORDS.get(name):
        return f"{column}{down}{last}, {'w.mood_confidence DESC, ' * (name == 'mood')}p.track_id{down}"
    if column := _OF_AN_ANSWER.get(name):
        return f"{column}{down}{last}, {next_by}p.track_id{down}"
    return f"{_OF_A_FILE[name]}{down}{last}, {next_by}t.path"


def asked_for(
    query: Query, model: str, more: str = "", with_tracks: bool = True, with_words: bool = False
) -> Sql:
    """Write the FROM and WHERE of `query`, without its order and limit; `more` is a further join.

    Without `with_tracks`, the table of tracks is left out if nothing is asked of it. `with_words` asks only
    for tracks that have words or a mood, in `mood_words w`.
    """
    of_tracks, needs_words = _of_track(query), with_words or _needs_words(query)
    source, bounds = _source(query, with_tracks or bool(of_tracks), needs_words)
    of_words: list[Sql] = [("w.model = ?", [model]), *_of_words(query)] if needs_words else []
    conditions: list[Sql] = [("p.model = ?", [model]), *of_words, *_of_prediction(query, model), *of_tracks]
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, values in conditions for value in values]
    return f"FROM {source}{more} WHERE {where}", [*bounds, *values]


def _source(query: Query, with_tracks: bool, needs_words: bool) -> Sql:
    """The tables, the one that narrows first."""
    # SQLite keeps the order of a CROSS JOIN (https://www.sqlite.org/optoverview.html#crossjoin):
    # its planner has no statistics here, and the better order is known.
    answers = answers_table(query.no_album, query.as_heard)
    prediction_of_track = f"{answers} p ON p.track_id = t.id"
    with_words = ""
    if needs_words or uses_words(query):  # where only the order is theirs, the other tracks stay
        with_words = f" {'CROSS' if needs_words else 'LEFT'} JOIN {_WORDS_OF_PREDICTION}"
    if query.paths:
        rows, bounds = _ranges(query.paths)
        within = "tracks t ON t.path >= wanted.column1 AND t.path < wanted.column2"
        tables = f"(VALUES {rows}) wanted CROSS JOIN {within} CROSS JOIN {prediction_of_track}{with_words}"
        return tables, bounds
    by_index = _is_by_index(query)
    if needs_words:
        if query.missing or by_index:
            return f"tracks t CROSS JOIN {prediction_of_track}{with_words}", []
        return _source_of_words(answers, with_tracks), []
    if not with_tracks:  # nor in any order
        return f"{answers} p", []
    if query.missing:  # few, whatever their order
        by_missing = f"tracks t INDEXED BY tracks_missing CROSS JOIN {prediction_of_track}"
        return f"{by_missing}{with_words}", []
    of_answers = (query.genres, query.energy, query.bpm, query.keys, query.mixes_with)
    if (any(of_answers) or query.order.removeprefix("-") in _OF_AN_ANSWER) and not by_index:
        return f"{answers} p CROSS JOIN tracks t ON t.id = p.track_id{with_words}", []
    return f"tracks t CROSS JOIN {prediction_of_track}{with_words}", []


def _source_of_words(answers: str, with_tracks: bool) -> str:
    """The tables where words or moods are asked for: a pass through a million rows takes 0.2 s."""
    tracks = " CROSS JOIN tracks t ON t.id = p.track_id" if with_tracks else ""
    return f"mood_words w CROSS JOIN {answers} p ON p.track_id = w.track_id AND p.model = w.model{tracks}"


def _is_by_index(query: Query) -> bool:
    """Whether an index of tracks finds the few that match."""
    return bool(query.artists or query.albums or query.tag_genres or query.duplicates)


def scores_table(no_album: bool) -> str:
    """Name the table of probabilities: with the part of albums in them, or of the tracks alone."""
    return "genre_scores" if no_album else "genre_answers"


def answers_table(no_album: bool, as_heard: bool = False) -> str:
    """Name the table of answers, likewise; `as_heard`, with the model's genre whatever the owner says."""
    return "heard_predictions" if as_heard else "track_predictions" if no_album else "predictions"


def _ranges(paths: Sequence[str]) -> Sql:
    ranges = path_ranges(paths)
    if 2 * len(ranges) > _MAX_SQL_VALUES - _VALUES_OF_FILTERS:
        raise StoreError(f"{len(paths)} paths are too many for one question; name their folder instead")
    return ", ".join(["(?, ?)"] * len(ranges)), [bound for pair in ranges for bound in pair]


def _of_prediction(query: Query, model: str) -> list[Sql]:
    """Conditions on a prediction; what is NULL, as the genre of silence, meets none."""
    found = [*_of_genre(query)]
    if query.energy is not None:
        found.append(("p.energy >= ? AND p.energy < ?", [*query.energy]))
    if query.bpm is not None:
        found.append(_of_tempo(query.bpm, query.bpm_octaves))
    if query.min_confidence is not None:
        found.append(("p.genre_confidence >= ?", [query.min_confidence]))
    if query.corrected:
        found.append((_CORRECTED if query.as_heard else "p.corrected > 0", []))
    mixing = [key for wanted in query.mixes_with for key in mixing_with(wanted)]
    return [*found, *of_sounds(query.sounds, model), *of_keys(query.keys, model), *of_keys(mixing, model)]


def _of_tempo(limits: tuple[float, float], octaves: bool) -> Sql:
    times = (1.0, 2.0, 0.5) if octaves else (1.0,)
    condition = " OR ".join(["p.bpm >= ? AND p.bpm <= ?"] * len(times))
    return (f"({condition})" if octaves else condition), [limit * by for by in times for limit in limits]


def _of_genre(query: Query) -> Iterator[Sql]:
    wanted, unwanted = [*query.genres], [*query.not_genres]
    further = _FURTHER.format(_marks(wanted)), _FURTHER.format(_marks(unwanted))
    if wanted and query.further_genres:
        yield f"(p.genre IN ({_marks(wanted)}) OR p.track_id IN ({further[0]}))", [*wanted, *wanted]
    elif len(wanted) == 1:
        yield "p.genre = ?", [*wanted]
    elif wanted:  # with the plus, rows still come in the order of energy, and a limit ends them early
        yield f"+p.genre IN ({_marks(wanted)})", [*wanted]
    if unwanted:
        yield f"p.genre NOT IN ({_marks(unwanted)})", [*unwanted]
    if unwanted and query.further_genres:
        yield f"p.track_id NOT IN ({further[1]})", [*unwanted]


def _of_words(query: Query) -> list[Sql]:
    """Conditions on words and mood; what is not known meets none."""
    has = bytes([least_byte(HAS_WORD)])
    found: list[Sql] = [(f"{_BYTE} >= ?", [word, has]) for word in query.words]
    found += [(f"{_BYTE} < ?", [word, has]) for word in query.not_words]
    if query.moods:
        found.append((f"w.mood IN ({_marks(query.moods)})", [*query.moods]))
    if query.valence is not None:
        found.append(("w.valence >= ? AND w.valence <= ?", [*query.valence]))
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
