"""A correction stands in the place of its sound's answers, whatever comes; taken back, it leaves no trace."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.query import Query
from tagger.store import Correction, HeadAnswers, Reuse, Store, Stored, schema
from tagger.types import Analysis, CorrectedField, Identified
from tests.store.store_answers import MODEL, analysed, parts

SOUNDS = ("aa", "bb", "cc", "dd")
MODELS = (MODEL, "other-1")
GENRES = ("Rock", "Jazz", "Folk")


def track_of(
    number: int, sound: str, scores: tuple[float, ...], energy: float, album: bool, model: str
) -> Analysis:
    """A file with an answer of a model; its album, if it has one, is of all that have one."""
    file, recording, answer = parts(
        analysed(f"/m/{number}.mp3", energy=energy, audio_id=sound, model=model, bpm=120.0)
    )
    genres = dict(zip(GENRES, scores, strict=True))
    likeliest = max(genres, key=genres.__getitem__)
    names = {"album": "Post", "artist": "Björk"} if album else {}
    answer = replace(answer, genres=genres, genre=likeliest, genre_confidence=genres[likeliest])
    return Analysis(file, replace(recording, **names), answer)


# What can happen to a store, each drawn with its values; the corrections happen to one of two stores alone.

Happening = tuple[Any, ...]

scores = st.sampled_from([(0.8, 0.1, 0.1), (0.3, 0.4, 0.3), (0.05, 0.05, 0.9), (0.6, 0.3, 0.1)])
energies = st.sampled_from([0.1, 0.5, 0.9])
sounds, models, numbers = st.sampled_from(SOUNDS), st.sampled_from(MODELS), st.integers(1, 4)
words: dict[CorrectedField, st.SearchStrategy[tuple[str, ...]]] = {
    "genre": st.sampled_from([("Surf",), ("Rock", "Surf"), ("Jazz",)]),
    "energy": st.sampled_from([("0.65",), ("0",), ("1",)]),
    "bpm": st.sampled_from([("87.5",), ("174",)]),
}
said = st.sampled_from([*words]).flatmap(
    lambda field: st.tuples(
        st.just("say"), sounds, st.just(field), st.sampled_from(["set", "accepted", "skipped"]), words[field]
    )
)
happenings = st.one_of(
    said,
    st.tuples(st.just("say"), sounds, st.just("genre"), st.just("set"), words["genre"]),
    st.tuples(st.just("forget"), sounds, st.sampled_from([*words])),
    st.tuples(st.just("hear"), numbers, sounds, scores, energies, st.booleans(), models),
    st.tuples(st.just("reread"), st.booleans(), scores, energies),
    st.tuples(st.just("copy"), numbers, st.sampled_from(["moved", "duplicate", "unchanged"])),
    st.tuples(st.just("lose"), numbers, st.booleans()),
    st.tuples(st.just("drop"), numbers),
)


ALBUM: list[Happening] = [
    *(("hear", n, SOUNDS[n % 3], (0.7, 0.2, 0.1), 0.5, True, MODEL) for n in range(1, 4)),
    ("hear", 4, "dd", (0.35, 0.4, 0.25), 0.5, True, MODEL),
    ("pool",),
]
"""What every library begins with: an album that agrees, and a track of it that is heard otherwise alone."""


def hear(store: Store, *track: Any) -> None:
    store.record_batch([track_of(*track)], [])


def pool(store: Store) -> None:
    store.albums.pool(lambda model: {})


def reread(store: Store, kept: bool, scores: tuple[float, ...], energy: float) -> None:
    """Answers of the second model by heads, or taken over from the first, where it has none."""
    rows = store.database.all(
        """SELECT track_id, silent FROM predictions p WHERE model = ? AND NOT EXISTS
        (SELECT 1 FROM predictions n WHERE n.track_id = p.track_id AND n.model = ?)""",
        MODELS,
    )
    if not rows:
        return
    n = len(rows)
    ids, silent = np.array([one for one, _ in rows]), np.array([bool(one) for _, one in rows])
    stored = Stored(ids, np.full(n, 200.0), silent, np.zeros((n, 8), np.float16))
    genres = None if kept else np.tile(scores, (n, 1))
    answers = HeadAnswers(
        GENRES,
        genres,
        None if kept else np.full(n, energy),
        [],
        np.zeros((n, 0)),
        [(None, None, None)] * n,
        [("music", None)] * n,
    )
    heads = frozenset({"genre", "energy", "tempo"} if kept else {"tempo"})
    store.rereads.introduce(MODELS[1], "trunk", {})
    store.rereads.put(*MODELS, heads, stored, answers)


def copy(store: Store, number: int, kind: Any) -> None:
    found = store.database.all("SELECT id FROM tracks WHERE path = ?", (f"/m/{number}.mp3",))
    for (track,) in found:
        path = f"/m/{number}.mp3" if kind == "unchanged" else f"/m/{number + 4}.mp3"
        file, recording, _ = parts(analysed(path, size=1001))
        names = {"album": "Post", "artist": "Björk"} if number % 2 else {}
        store.files.reuse([Reuse(Identified(file, replace(recording, **names)), kind, track)])


def lose(store: Store, number: int, is_back: bool) -> None:
    ids = [
        one for (one,) in store.database.all("SELECT id FROM tracks WHERE path = ?", (f"/m/{number}.mp3",))
    ]
    store.files.mark_missing([] if is_back else ids, ids if is_back else [])


def drop(store: Store, number: int) -> None:
    lose(store, number, False)
    store.files.forget_missing(datetime.now(UTC) + timedelta(days=1))


OF_BOTH: dict[str, Callable[..., None]] = {
    one.__name__: one for one in (hear, pool, reread, copy, lose, drop)
}


def answers(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row of predictions by path and model."""
    rows = store.database.named_rows(
        """SELECT path, audio_id, p.model, genre, genre_confidence, energy, silent, bpm, bpm_confidence,
        track_genre, track_genre_confidence, track_energy, track_bpm, track_bpm_confidence, album_weight,
        corrected FROM predictions p JOIN tracks t ON t.id = p.track_id""",
        {},
    )
    return {(row["path"], row["model"]): row for row in rows}


def corrected(
    row: dict[str, Any], said: dict[tuple[str, str], tuple[str, tuple[str, ...]]]
) -> dict[str, Any]:
    """What a row must be that would be as it is if nothing was said."""
    row = dict(row)
    for field, bit in (("genre", 1), ("energy", 2), ("bpm", 4)):
        kind, value = said.get((row["audio_id"], field), ("skipped", ()))
        if kind != "skipped":
            row["corrected"] += bit
            row[field] = value[0] if field == "genre" else float(value[0])
            if field != "energy":
                row[f"{field}_confidence"] = 1.0
    return row


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database, for copies: making one takes longer than all that happens to it."""
    path = tmp_path_factory.mktemp("empty") / "new.db"
    Store.open(str(path), create=True).close()
    return path


@settings(max_examples=60, deadline=None)
@given(happened=st.lists(happenings | st.just(("pool",)), min_size=8, max_size=30))
def test_whatever_happens_the_answers_are_the_models_less_what_the_owner_said(
    empty: Path, happened: list[Happening]
) -> None:
    said: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    with (
        TemporaryDirectory() as folder,
        Store.open(shutil.copy(empty, f"{folder}/corrected.db"), create=False) as store,
        Store.open(shutil.copy(empty, f"{folder}/heard.db"), create=False) as heard,
    ):
        for what, *values in [*ALBUM, *happened]:
            if what == "say":
                sound, field, kind, value = values
                said[sound, field] = kind, value
                one = Correction(kind, None if kind == "skipped" else value)
                store.corrections.put(field, {sound: one})
            elif what == "forget":
                said.pop((values[0], values[1]), None)
                store.corrections.remove(values[1], [values[0]])
            else:
                OF_BOTH[what](store, *values)
                OF_BOTH[what](heard, *values)
        expected = {key: corrected(row, said) for key, row in answers(heard).items()}
        assert answers(store) == expected
        for field in words:
            store.corrections.remove(field, SOUNDS)
        assert answers(store) == answers(heard)


def test_a_review_sees_what_was_heard_with_the_word_of_the_album(store: Store) -> None:
    for what, *values in ALBUM:
        OF_BOTH[what](store, *values)
    heard = [*store.answers.tracks(Query(as_heard=True), model=MODEL)]
    assert [*store.answers.tracks(model=MODEL)] == heard
    assert heard[3].genre == "Rock", "its album outvotes it"
    store.corrections.put("genre", {"dd": Correction("set", ("Surf", "Twang"))})
    store.corrections.put("energy", {"aa": Correction("set", ("0.65",))})
    now = [*store.answers.tracks(Query(as_heard=True), model=MODEL)]
    assert [(one.genre, one.genre_confidence) for one in now] == [
        (one.genre, one.genre_confidence) for one in heard
    ]
    for as_heard in (False, True):
        query = Query(as_heard=as_heard, corrected=True)
        assert [one.audio_id for one in store.answers.tracks(query, model=MODEL)] == ["aa", "dd"]
    (alone,) = store.answers.tracks(Query(no_album=True, corrected=True, genres=("Surf",)), model=MODEL)
    assert alone.genre == "Surf"


def test_a_database_of_before_learns_what_its_owner_has_said(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.create_function("tagger_sort_key", 1, str)
        schema.migrate(raw, path, schema.MIGRATIONS[:4])
        raw.execute(
            "INSERT INTO tracks (path, size, mtime_ns, audio_id, codec, sample_rate_hz, channels, scanned_at)"
            " VALUES ('/m/1.mp3', 10, 20, 'aa', 'mp3', 44100, 2, '')"
        )
        raw.execute(
            "INSERT INTO predictions (track_id, model, genre, genre_confidence, energy, silent, created_at,"
            " track_genre, track_genre_confidence) VALUES (1, ?, 'Rock', 0.5, 0.25, 0, '', 'Rock', 0.5)",
            (MODEL,),
        )
        raw.execute("INSERT INTO corrections VALUES ('aa', 'genre', 'accepted', '[\"Jazz\"]', '2026', NULL)")
        raw.execute("INSERT INTO corrections VALUES ('bb', 'genre', 'set', '[', '2026', NULL)")
    with Store.open(path, create=False) as store:
        (track,) = store.answers.tracks(model=MODEL)
        assert (track.genre, track.genre_confidence, track.energy) == ("Jazz", 1.0, 0.25)
        assert track.corrected == ("genre",)
        store.corrections.remove("genre", ["aa"])
        (track,) = store.answers.tracks(model=MODEL)
        assert (track.genre, track.genre_confidence, track.energy) == ("Rock", 0.5, 0.25)


@pytest.mark.parametrize(
    "value", ["nonsense", "{}", "[1]", '["", "Surf"]', '[["Surf"]]', "null", b"\xff", 7, "[" * 100_000]
)
def test_what_a_damaged_database_says_stands_in_no_answer_s_place(store: Store, value: object) -> None:
    hear(store, 1, "aa", (0.7, 0.2, 0.1), 0.5, False, MODEL)
    for field in words:
        store.corrections.put(field, {"aa": Correction("set", ("0.5",))})
    connection = store.database.connection
    connection.execute("UPDATE corrections SET value = ?", (value,))
    (track,) = store.answers.tracks(model=MODEL)
    assert (track.genre, track.energy, track.bpm, track.corrected) == ("Rock", 0.5, 120.0, ())
    hear(store, 2, "aa", (0.7, 0.2, 0.1), 0.5, False, MODEL)
