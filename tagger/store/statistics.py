"""A library at a glance: counts that SQLite makes along its indices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from tagger.genre_names import GenreNames
from tagger.musical_key import KEYS, wheel_place
from tagger.query import Query
from tagger.store import checked, keys_and_tempos
from tagger.store.question import Sql, asked_for
from tagger.store.runs import Run, Runs
from tagger.store.words import Words, least_byte
from tagger.types import HAS_WORD, MIN_CONFIDENCE, MOODS, SOUNDS

if TYPE_CHECKING:
    from tagger.store.database import Database

LEVELS = range(1, 11)
OWN_TAGS = ("agrees", "differs", "unsure", "none")
TEMPO_BIN_BPM = 10
LAST_RUNS = 5

_COUNTED_AT_ONCE = 20_000
_TOO_LITTLE = bytes(range(least_byte(HAS_WORD)))
"""Bytes of words that a track has not: taken away, those that are left are counted at the speed of memory."""

Cells = Counter[tuple[str | None, int | None]]
"""Tracks by genre and energy level, None where it is not known."""

ENERGY_LEVEL = (
    "min(10, max(1, CAST(10 * p.energy AS INTEGER) + (10 * p.energy > CAST(10 * p.energy AS INTEGER))))"
)
"""`energy_level` of tagger.types in SQL: ceil(10·energy) within 1…10; not every SQLite knows ceil."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of tracks.

    `genres` has the number of each genre, most frequent first, and `unsure` how many of them are not sure, so
    that write-tags would not write them. `energy_levels` has the number at each energy level 1–10, and
    `genre_levels` both at once. `tempos` has the number in each bin of 10 BPM that holds any, by its low
    end. `moods`, `words` and `keys` have the number of tracks of each mood, with each word and in each
    key that is sure, the most frequent word and key first. What is not known is not counted: without any,
    levels are 0 and the others empty.
    `own_tags` has the number of tracks whose own genre `agrees` with the answer, `differs` from one that is
    sure, is `unsure` (from one that is not, or nobody knows what it means), or is `none`.
    `no_music` has the number of tracks that are `speech` and `noise`, of which the others say nothing but for
    `tracks`, `duration_s` and `missing`. `missing` are those whose file was gone at the last scan.
    `failures` counts files by stage; `runs` are the last five, newest first.
    """

    tracks: int
    silent: int
    no_music: Mapping[str, int]
    missing: int
    duration_s: float
    genres: Mapping[str, int]
    unsure: Mapping[str, int]
    energy_levels: tuple[int, ...]
    genre_levels: Mapping[str, tuple[int, ...]]
    tempos: Mapping[int, int]
    moods: Mapping[str, int]
    words: Mapping[str, int]
    keys: Mapping[str, int]
    own_tags: Mapping[str, int]
    failures: Mapping[str, int]
    runs: tuple[Run, ...]


def statistics(database: Database, query: Query, model: str, names: GenreNames) -> Statistics:
    """Count what `query` asks for, its order and limit aside; failures and runs are the library's."""
    no_music = _no_music(database, query, model)
    whole = query
    if no_music:  # else they need not be looked for, and an index alone has the counts
        query = replace(query, sounds=query.sounds or ("music",))
    cells, unsure, silent = _cells(database, query, model, names)
    tracks, genres = cells.total() + (0 if whole.sounds else sum(no_music.values())), _genres(cells)
    moods, words = _moods_and_words(database, query, model)
    by_level = {genre: tuple(cells[genre, level] for level in LEVELS) for genre in genres}
    return Statistics(
        tracks=tracks,
        silent=silent,
        no_music=no_music,
        missing=_missing(database, whole, model),
        duration_s=_duration_s(database, whole, model, tracks),
        genres=genres,
        unsure={genre: unsure[genre] for genre in genres if unsure[genre]},
        energy_levels=tuple(sum(n for (_, at), n in cells.items() if at == level) for level in LEVELS),
        genre_levels={genre: levels for genre, levels in by_level.items() if any(levels)},
        tempos=_tempos(database, query, model),
        moods={mood: moods[mood] for mood in MOODS if moods[mood]},
        words=_by_our_names(words, names),
        keys=_keys(database, query, model),
        own_tags=_own_tags(database, query, model, names.sure_from),
        failures=_failures(database),
        runs=tuple(Runs(database).latest(LAST_RUNS)),
    )


def _cells(
    database: Database, query: Query, model: str, names: GenreNames
) -> tuple[Cells, Counter[str | None], int]:
    """Tracks by the owner's name for their genre and by energy level, and how many are silent.

    Between the two, those that are not sure of their genre, by its name alone.
    """
    from_where, values = asked_for(query, model, with_tracks=False)
    n_unsure = "count(CASE WHEN p.genre_confidence < ? THEN 1 END)"
    counts = f"{n_unsure}, count(*), sum(p.silent <> 0)"
    sql = f"SELECT p.genre, p.corrected & 1, {ENERGY_LEVEL}, {counts} {from_where} GROUP BY 1, 2, 3"
    cells, unsure, all_silent = Cells(), Counter[str | None](), 0
    for genre, is_said, level, n_unsure_there, count, silent in database.rows(
        sql, [names.sure_from, *values]
    ):
        name = checked.text(genre)
        called = name if name is None or is_said else names.shown(name)
        cells[called, level] += count
        unsure[called] += n_unsure_there
        all_silent += silent
    return cells, unsure, all_silent


def _no_music(database: Database, query: Query, model: str) -> dict[str, int]:
    """Tracks that are speech or noise, among those that `query` asks for."""
    others = tuple(sound for sound in SOUNDS if sound != "music" and sound in (query.sounds or SOUNDS))
    counts: dict[str, int] = {}
    for sound in others:
        from_where, values = asked_for(replace(query, sounds=(sound,)), model, with_tracks=False)
        if count := int(database.value(f"SELECT count(*) {from_where}", values)):
            counts[sound] = count
    return counts


def _missing(database: Database, query: Query, model: str) -> int:
    from_where, values = asked_for(query, model, with_tracks=False)
    gone = "p.track_id IN (SELECT id FROM tracks WHERE missing_since NOTNULL)"
    return int(database.value(f"SELECT count(*) {from_where} AND {gone}", values))


def _genres(cells: Cells) -> dict[str, int]:
    """Tracks of each genre that is known, most first."""
    counts: Counter[str] = Counter()
    for (genre, _), count in cells.items():
        if genre is not None:
            counts[genre] += count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _duration_s(database: Database, query: Query, model: str, tracks: int) -> float:
    """How long the `tracks` play that the query asks for."""
    # If these are all tracks that there are, an index alone has the sum: a million rows are not looked up.
    ((every, total_s),) = database.all("SELECT count(*), total(duration_s) FROM tracks")
    if every != tracks:
        from_where, values = asked_for(query, model)
        total_s = database.value(f"SELECT total(t.duration_s) {from_where}", values)
    if checked.number(total_s, 0, checked.LONGEST_S) is None:  # a few that cannot be, or very many
        from_where, values = asked_for(query, model)
        sound = f"typeof(t.duration_s) = 'real' AND t.duration_s BETWEEN 0 AND {checked.LONGEST_S}"
        total_s = database.value(f"SELECT total(t.duration_s) {from_where} AND {sound}", values)
    return float(total_s)


def _failures(database: Database) -> dict[str, int]:
    rows = database.all("SELECT stage, count(*) FROM failures GROUP BY 1 ORDER BY 2 DESC, 1")
    return {checked.text(stage) or "": count for stage, count in rows}


def _tempos(database: Database, query: Query, model: str) -> dict[int, int]:
    from_where, values = asked_for(query, model, with_tracks=False)
    low_end = f"CAST(p.bpm / {TEMPO_BIN_BPM} AS INTEGER) * {TEMPO_BIN_BPM}"
    is_tempo = f"p.bpm IS NOT NULL AND p.bpm >= 0 AND p.bpm < {checked.MOST_BPM}"  # no text is below a number
    sql = f"SELECT {low_end}, count(*) {from_where} AND {is_tempo} GROUP BY 1 ORDER BY 1"
    return dict(database.all(sql, values))


def _moods_and_words(
    database: Database, query: Query, model: str
) -> tuple[Counter[str | None], Counter[str]]:
    """Tracks of each mood, and tracks that have each word, in one pass: 0.6 s of a million."""
    columns, lists = "SELECT w.mood, w.word_list, w.words", Words(database)
    if query.is_for_all:
        rows = database.rows(f"{columns} FROM mood_words w WHERE w.model = ?", [model])
    else:
        from_where, values = asked_for(query, model, with_tracks=False, with_words=True)
        rows = database.rows(f"{columns} {from_where}", values)
    moods, counts = Counter[str | None](), Counter[str]()
    while some := [*islice(rows, _COUNTED_AT_ONCE)]:
        moods.update([mood for mood, _, _ in some])
        packed: defaultdict[tuple[int | None, int], list[bytes]] = defaultdict(list)
        for _, word_list, words in some:
            if isinstance(words, bytes):
                packed[word_list, len(words)].append(words)
        for (word_list, n_words), rows_of_bytes in packed.items():
            together = b"".join(rows_of_bytes)
            for place, word in enumerate(lists.names(word_list)[:n_words]):
                counts[word] += len(together[place::n_words].translate(None, _TOO_LITTLE))
    return moods, +counts


def _keys(database: Database, query: Query, model: str) -> dict[str, int]:
    """Tracks in each key, of those whose key is sure, most first, those of one number along the wheel."""
    if query.is_for_all:  # an index alone has the counts: 0.1 s of a million
        asked: Sql = ("FROM keys_and_tempos k WHERE k.model = ?", [model])
    else:
        asked = asked_for(query, model, keys_and_tempos.JOIN, with_tracks=False)
    from_where, values = asked
    is_sure = "k.key NOTNULL AND k.key_confidence >= ?"
    rows = database.rows(
        f"SELECT k.key, count(*) {from_where} AND {is_sure} GROUP BY 1", [*values, MIN_CONFIDENCE]
    )
    counts = {key: count for key, count in rows if key in KEYS}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], wheel_place(item[0]))))


def _by_our_names(words: Counter[str], names: GenreNames) -> dict[str, int]:
    """Tracks of each word by the owner's names, most first; of two with one name those of the larger."""
    counts: dict[str, int] = {}
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        counts.setdefault(names.shown(word), count)
    return counts


def _own_tags(database: Database, query: Query, model: str, sure_from: float) -> dict[str, int]:
    """Tracks by how the owner's genre and the answer stand to each other."""
    from_where, values = asked_for(query, model)
    # Grouped by what is there, so that our functions are called for each different pair alone.
    n_sure = "count(CASE WHEN p.genre_confidence >= ? THEN 1 END)"
    columns = f"t.tag_genres AS own, p.genre AS genre, {n_sure} AS n_sure, count(*) AS n"
    pairs = f"SELECT {columns} {from_where} GROUP BY 1, 2"
    sql = f"SELECT tagger_is_tagged(own), tagger_agrees(own, genre), n_sure, n FROM ({pairs})"
    counts = dict.fromkeys(OWN_TAGS, 0)
    for is_tagged, agrees, n_sure, n in database.all(sql, [sure_from, *values]):
        n_differ = n_sure if agrees == 0 else 0
        counts["none" if not is_tagged else "agrees" if agrees else "unsure"] += n - n_differ
        counts["differs"] += n_differ
    return counts
