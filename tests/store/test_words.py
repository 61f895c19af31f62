"""Words and moods: stored, read, asked for."""

from dataclasses import replace
from typing import get_args

import pytest

from tagger.query import Query, TrackOrder
from tagger.store import Store
from tagger.types import Analysis, Mood
from tests.store.store_answers import MODEL, analysed, parts


def said(path: str, mood: Mood, valence: float, words: dict[str, float], model: str = MODEL) -> Analysis:
    file, recording, answer = parts(analysed(path, model=model, audio_id=f"{hash(path) & 0xFFFF:032x}"))
    return Analysis(
        file, recording, replace(answer, mood=mood, valence=valence, mood_confidence=0.6, words=words)
    )


@pytest.fixture
def filled(store: Store) -> Store:
    """Three tracks with words; the list of the third has them in another order; and one without."""
    store.record_batch(
        [
            said("/m/1.mp3", "calm", 0.9, {"Piano": 0.9, "Vocals": 0.2, "Female Voice": 0.1}),
            said("/m/2.mp3", "sad", 0.2, {"Piano": 0.6, "Vocals": 0.7, "Female Voice": 0.8}),
            said("/m/3.mp3", "tense", 0.1, {"Vocals": 0.9, "Piano": 0.4}),
            analysed("/m/4.mp3", audio_id="4" * 32),
        ],
        [],
    )
    return store


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(words=("Piano",)), "12"),
        (Query(words=("Piano", "Vocals")), "2"),
        (Query(not_words=("Vocals",)), "1"),
        (Query(not_words=("Female Voice",)), "1"),
        (Query(moods=("calm", "tense")), "13"),
        (Query(valence=(0.2, 0.9)), "12"),
        (Query(words=("Harp",)), ""),
        (Query(words=("Vocals",), paths=("/m/3.mp3", "/m/1.mp3")), "3"),
        (Query(words=("Vocals",), genres=("Rock",), energy=(0.4, 0.6), path_parts=("2",)), "2"),
        (Query(order="valence"), "3214"),
        (Query(order="-valence"), "1234"),
        (Query(order="-valence", genres=("Rock",), paths=("/m",)), "1234"),
        (Query(order="-valence", genres=("Rock",), limit=4), "1234"),
        (Query(order="-mood"), "3214"),
        (Query(order="mood"), "1234"),
        (Query(words=("Piano",), order="word"), "21"),
        (Query(words=("Piano", "Vocals"), order="-word", limit=5), "2"),
        (Query(order="path"), "1234"),
    ],
)
def test_what_is_asked_for_is_found(filled: Store, query: Query, found: str) -> None:
    """What is not known matches nothing, and every way of asking finds the same."""
    tracks = [*filled.answers.tracks(query, model=MODEL, with_words=True)]
    assert [track.path for track in tracks] == [f"/m/{n}.mp3" for n in found]
    assert filled.answers.count_of(query, MODEL) == len(found) == len(filled.answers.ids(query, MODEL))
    assert filled.statistics(query, MODEL).tracks == len(found)


def test_every_order_is_one_of_sql(filled: Store) -> None:
    for order in get_args(TrackOrder):
        query = Query(order=order, words=("Piano",))
        assert len([*filled.answers.tracks(query, model=MODEL)]) == 2


def test_a_list_tells_the_words_that_a_track_has_and_one_track_all(filled: Store) -> None:
    (track,) = filled.answers.tracks(Query(paths=("/m/2.mp3",)), model=MODEL, with_words=True)
    assert (track.mood, track.valence, track.mood_confidence) == ("sad", 0.2, 0.6)
    assert list(track.words) == ["Female Voice", "Vocals", "Piano"]
    assert track.words["Piano"] == pytest.approx(0.6, abs=0.002)
    analysis = filled.answers.analysis("/m/1.mp3", MODEL)
    assert analysis is not None and analysis.track.mood == "calm"
    assert analysis.prediction.words == pytest.approx(
        {"Piano": 0.9, "Vocals": 0.2, "Female Voice": 0.1}, abs=0.002
    )
    assert list(analysis.track.words) == ["Piano"]
    (silent,) = filled.answers.tracks(Query(paths=("/m/4.mp3",)), model=MODEL, with_words=True)
    assert (silent.mood, silent.valence, dict(silent.words)) == (None, None, {})


def test_lists_of_words_are_kept_once_each(filled: Store) -> None:
    filled.record_batch([said("/m/5.mp3", "calm", 0.5, {"Vocals": 0.9, "Piano": 0.4})], [])
    assert filled.database.value("SELECT count(DISTINCT word_list) FROM word_places") == 2
    assert filled.answers.words(MODEL) == ["Piano", "Vocals", "Female Voice"]


def test_a_new_answer_takes_the_place_of_words_and_mood(filled: Store) -> None:
    filled.record_batch([analysed("/m/1.mp3", audio_id=f"{hash('/m/1.mp3') & 0xFFFF:032x}")], [])
    assert filled.answers.count_of(Query(words=("Piano",)), MODEL) == 1
    assert filled.database.value("SELECT count(*) FROM mood_words") == 2


def test_values_that_cannot_be_are_unknown(filled: Store) -> None:
    with filled.database.transaction() as connection:
        connection.execute(
            "UPDATE mood_words SET mood = 'furious', valence = 7, words = 'text', word_list = 99"
        )
    for track in filled.answers.tracks(Query(), model=MODEL, with_words=True):
        assert (track.mood, track.valence, track.mood_confidence, dict(track.words)) == (None, None, None, {})
    counts = filled.statistics(Query(), MODEL)
    assert (counts.moods, counts.words) == ({}, {})
