"""Keys and second tempos: stored, asked for, copied with the answers, and known to be missing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from tagger.model_choice import warnings
from tagger.query import Query, TrackOrder, read_query
from tagger.store import Correction, HeadAnswers, Reuse, Store, Stored
from tagger.types import Analysis, Identified
from tests.store.store_answers import MODEL, analysed, parts


def heard(path: str, key: str | None, number: int, second_bpm: float | None = None) -> Analysis:
    analysis = analysed(path, audio_id=f"{number:032}", bpm=87.0)
    answer = replace(
        analysis.prediction,
        key=key,
        key_confidence=None if key is None else 0.8,
        second_bpm=second_bpm,
        second_bpm_confidence=None if second_bpm is None else 0.25,
    )
    return replace(analysis, prediction=answer)


@pytest.fixture
def keyed(store: Store) -> Iterator[Store]:
    """Four songs: A minor with two tempos, C, E flat, and drums without a key."""
    keys = {"/m/a": "Am", "/m/c": "C", "/m/e": "Eb", "/m/drums": None}
    answers = [
        heard(path, key, number, 174.0 if path == "/m/a" else None)
        for number, (path, key) in enumerate(keys.items())
    ]
    store.record_batch(answers, [])
    yield store


def found(store: Store, **filters: str | list[str]) -> list[str]:
    return [
        track.path.removeprefix("/m/") for track in store.answers.tracks(read_query(filters), model=MODEL)
    ]


def test_a_track_is_found_by_its_key_in_any_notation(keyed: Store) -> None:
    assert [found(keyed, key=key) for key in ("Am", "8A", "1m", "a minor")] == [["a"]] * 4
    assert found(keyed, key=["8A", "5B"]) == ["a", "e"]
    assert found(keyed, key="9A") == []


def test_keys_that_mix_are_found(keyed: Store) -> None:
    assert found(keyed, mixes_with="Em") == ["a"]
    assert found(keyed, mixes_with="8A") == ["a", "c"]
    assert found(keyed, mixes_with="8A", key="8B") == ["c"]


def test_a_list_has_key_and_second_tempo_where_they_or_all_words_are_asked_for(keyed: Store) -> None:
    one, *_ = keyed.answers.tracks(model=MODEL, with_words=True)
    assert (one.key, one.key_confidence) == ("Am", 0.8)
    assert (one.second_bpm, one.second_bpm_confidence) == (174.0, 0.25)
    alone, *_ = keyed.answers.tracks(model=MODEL, with_keys=True, with_second=True)
    assert (alone.key, alone.second_bpm_confidence, alone.mood, alone.words) == ("Am", 0.25, None, {})
    for asked in ({}, {"with_mood": True}):
        plain, *_ = keyed.answers.tracks(model=MODEL, **asked)
        assert (plain.key, plain.second_bpm) == (None, None)
    for order in ("mood", "key"):
        query = Query(order=order, path_parts=("/m/a",))
        assert [*keyed.answers.tracks(query, model=MODEL, with_words=True)] == [one]
        (both,) = keyed.answers.tracks(query, model=MODEL, with_keys=True, with_mood=True)
        assert (both.key, both.second_bpm) == ("Am", 174.0)


def test_a_list_is_sorted_along_the_wheel_with_unknown_ones_last(keyed: Store) -> None:
    more = [heard("/m/fast", "C", 7), heard("/m/first", "G#m", 8), heard("/m/last", "E", 9)]
    slow = heard("/m/slow", "C", 6)
    slow = replace(slow, prediction=replace(slow.prediction, bpm=70.0))
    keyed.record_batch([*more, slow], [])

    def in_order(order: TrackOrder, **more: bool) -> list[str]:
        tracks = keyed.answers.tracks(Query(order=order, path_parts=("/m/",)), model=MODEL, **more)
        return [track.path.removeprefix("/m/") for track in tracks]

    rising = ["first", "e", "a", "slow", "c", "fast", "last", "drums"]
    assert (
        in_order("key")
        == in_order("key", with_keys=True)
        == in_order("key", with_mood=True)
        == in_order("key", with_words=True)
        == rising
    )
    assert in_order("-key") == ["last", "fast", "c", "slow", "a", "e", "first", "drums"]
    limited = keyed.answers.tracks(Query(order="-key", limit=1, mixes_with=("Am",)), model=MODEL)
    assert [track.path for track in limited] == ["/m/fast"]


def test_an_analysis_comes_back_with_both(keyed: Store) -> None:
    one, drums = (keyed.answers.analysis(path, MODEL) for path in ("/m/a", "/m/drums"))
    assert one and drums
    answer = one.prediction
    assert (answer.key, answer.key_confidence) == ("Am", 0.8)
    assert (answer.second_bpm, answer.second_bpm_confidence) == (174.0, 0.25)
    assert (drums.prediction.key, drums.prediction.second_bpm) == (None, None)


def test_a_corrected_tempo_has_no_second(keyed: Store) -> None:
    keyed.corrections.put("bpm", {"0".zfill(32): Correction("set", ("174",))})
    one, *_ = keyed.answers.tracks(model=MODEL, with_keys=True)
    assert (one.bpm, one.second_bpm, one.key) == (174.0, None, "Am")
    analysis = keyed.answers.analysis("/m/a", MODEL)
    assert analysis and (analysis.track.second_bpm, analysis.prediction.second_bpm) == (None, 174.0)


def test_a_copy_has_the_key_of_its_sound(keyed: Store) -> None:
    file, recording, _ = parts(heard("/m/copy", "Am", 0))
    (track_id,) = keyed.answers.ids(Query(path_parts=("/m/a",)), MODEL)
    keyed.files.reuse([Reuse(Identified(file, recording), "duplicate", track_id)])
    assert found(keyed, key="Am") == ["a", "copy"]


def test_heads_that_read_stored_embeddings_keep_the_key_and_with_it_the_tempos(keyed: Store) -> None:
    ids = np.array(sorted(keyed.answers.ids(Query(), MODEL)))
    n = len(ids)
    stored = Stored(ids, np.full(n, 200.0), np.zeros(n, bool), np.zeros((n, 8), np.float16))
    said = HeadAnswers(
        ["Rock"], np.ones((n, 1)), None, [], np.zeros((n, 0)), [(None, None, None)] * n, [("music", None)] * n
    )
    for model in ("next-1", "next-2"):
        keyed.rereads.introduce(model, "trunk", {})
    keyed.rereads.put(MODEL, "next-1", frozenset({"energy", "tempo"}), stored, said)
    keyed.rereads.put(MODEL, "next-2", frozenset({"energy"}), stored, said)
    tracks = [next(keyed.answers.tracks(model=m, with_keys=True)) for m in ("next-1", "next-2")]
    assert [(track.key, track.second_bpm) for track in tracks] == [("Am", 174.0), ("Am", None)]


def test_answers_of_an_earlier_tagger_are_told_to_have_no_key(keyed: Store) -> None:
    question = read_query({"key": "Am"})
    assert [*warnings(question, keyed, MODEL)] == []  # that drums have none is no news
    with keyed.database.transaction() as connection:
        connection.execute("DELETE FROM keys_and_tempos WHERE key = 'C'")
    (line,) = warnings(question, keyed, MODEL)
    assert (
        line == "without a key, for an earlier tagger heard them: 1 track; `tagger scan --full` hears again"
    )
    assert [*warnings(Query(order="-key"), keyed, MODEL)] == [line]
    assert [*warnings(Query(), keyed, MODEL)] == []
    assert [*warnings(replace(question, paths=("/m/c", "/m/e")), keyed, MODEL)] == [line]
    assert [
        *warnings(replace(question, paths=("/m/a", "/m/e")), keyed, MODEL)
    ] == []  # others are not asked for


def test_what_cannot_be_a_key_or_a_tempo_is_none(keyed: Store, db_path: str) -> None:
    keyed.close()
    with closing(sqlite3.connect(db_path)) as raw:
        raw.execute("UPDATE keys_and_tempos SET key = x'00ff', key_confidence = 'much', second_bpm = -3")
        raw.commit()
    with Store.open(db_path, create=False) as store:
        one, *_ = store.answers.tracks(model=MODEL, with_keys=True)
        assert (one.key, one.key_confidence, one.second_bpm, one.second_bpm_confidence) == (None,) * 4


def test_the_view_for_people_has_key_and_second_tempo(keyed: Store) -> None:
    rows = keyed.database.all("SELECT key, key_confidence, second_bpm FROM library WHERE path = '/m/a'")
    assert rows == [("Am", 0.8, 174.0)]
