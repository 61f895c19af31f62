"""The owner's own tags in the store: kept apart from what we wrote, and compared with the answer."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tagger.errors import TaggerError
from tagger.files import AudioFile
from tagger.genre_names import GenreNames
from tagger.query import Query
from tagger.store import Reuse, Store
from tagger.store.own_tags import without_ours
from tagger.types import Analysis, Identified, OwnTags, Track
from tests.store.store_answers import MODEL, analysed


def tagged(path: str, *genres: str, answer: str = "Rock", **own: Any) -> Analysis:
    """An answer for a file that says these genres itself."""
    one = analysed(path, answer, audio_id=f"{abs(hash(path)):032x}"[:32])
    return replace(one, recording=replace(one.recording, own=OwnTags(genres, **own)))


def paths(store: Store, **filters: object) -> list[str]:
    query = Query(**filters)  # type: ignore[arg-type]
    return [os.path.basename(track.path) for track in store.answers.tracks(query, model=MODEL)]


def one(store: Store) -> Track:
    (track,) = store.answers.tracks(model=MODEL)
    return track


@pytest.fixture
def library(store: Store) -> Store:
    unread = analysed("/m/unread.mp3")
    store.record_batch(
        [
            tagged("/m/same.mp3", "ROCK"),
            tagged("/m/list.mp3", "Live; Rock"),
            tagged("/m/meant.mp3", "Shoegaze"),
            tagged("/m/nobody-knows.mp3", "My Favourites"),
            tagged("/m/other.mp3", "Trip-Hop", "Jazz"),
            tagged("/m/says-nothing.mp3", "Other", "(255)"),
            tagged("/m/without.mp3"),
            unread,
        ],
        [],
    )
    return store


def test_a_track_shows_what_its_file_says(store: Store) -> None:
    numbers = {"energy_level": 7.0, "bpm": 127.5}
    store.record_batch([tagged("/m/a.mp3", "Unknown", "Café Jazz", key="Am", **numbers)], [])
    track = one(store)
    assert (track.tag_genres, track.tag_energy_level, track.tag_bpm) == (("Café Jazz",), 7.0, 127.5)
    assert track.tag_key == "Am"
    analysis = store.answers.analysis("/m/a.mp3", MODEL)
    assert analysis is not None and analysis.track == track
    stored = store.database.value("SELECT tag_genres FROM tracks")
    assert json.loads(stored) == ["Unknown", "Café Jazz"]


def test_words_that_say_nothing_are_the_store_s_to_choose(db_path: str) -> None:
    with Store.open(db_path, create=True, names=GenreNames(nothing=frozenset({"Best Of"}))) as store:
        store.record_batch([tagged("/m/a.mp3", "Best-of", "Other")], [])
        assert one(store).tag_genres == ("Other",)
        assert paths(store, tag_genres=("other",)) == ["a.mp3"] and not paths(store, untagged=True)


def test_tracks_are_found_by_the_owner_s_genre_in_any_spelling(library: Store) -> None:
    assert paths(library, tag_genres=("rock",)) == ["list.mp3", "same.mp3"]
    assert paths(library, tag_genres=("trip hop", "Nothing")) == ["other.mp3"]
    assert paths(library, tag_genres=("other",)) == []


def test_tracks_are_found_by_whether_the_owner_and_the_answer_agree(library: Store) -> None:
    assert paths(library, agrees=True) == ["list.mp3", "meant.mp3", "same.mp3"]
    assert paths(library, differs=True) == ["other.mp3"]
    assert paths(library, untagged=True) == ["says-nothing.mp3", "without.mp3"]


def test_the_different_genres_are_looked_at_once_and_then_along_their_index(store: Store) -> None:
    from tests.store.test_query import _plan

    for query in (Query(tag_genres=("x",)), Query(untagged=True)):
        plan = " | ".join(_plan(store, query))
        assert "SEARCH t USING INDEX tracks_tag_genres (tag_genres=?)" in plan
        assert "SCAN tracks USING COVERING INDEX tracks_tag_genres" in plan


@pytest.mark.parametrize("stored", ["{torn", "7", '{"a": 1}', '[1, "Jazz", null]', b"\xff", 3.5])
def test_what_nobody_can_have_written_counts_as_nothing(store: Store, stored: object) -> None:
    store.record_batch([tagged("/m/a.mp3", "Rock")], [])
    store.database.connection.execute(
        "UPDATE tracks SET tag_genres = ?, tag_bpm = -5, tag_energy_level = 'loud'", (stored,)
    )
    track = one(store)
    assert track.tag_genres == (("Jazz",) if stored == '[1, "Jazz", null]' else ())
    assert (track.tag_bpm, track.tag_energy_level) == (None, None)
    assert paths(store, agrees=True) == []
    assert store.answers.analysis("/m/a.mp3", MODEL).track == track  # type: ignore[union-attr]


def test_the_library_is_counted_by_how_the_two_stand_to_each_other(library: Store) -> None:
    unsure = tagged("/m/unsure.mp3", "Jazz")
    answer = replace(unsure.prediction, genre_confidence=0.59)
    library.record_batch([replace(unsure, prediction=answer)], [])
    counts = {"agrees": 3, "differs": 1, "unsure": 2, "none": 3}
    assert library.statistics(Query(), MODEL).own_tags == counts
    narrowed = library.statistics(Query(differs=True), MODEL)
    assert (narrowed.tracks, narrowed.own_tags) == (2, {"agrees": 0, "differs": 1, "unsure": 1, "none": 0})


# What is ours


def change(field: str, before: list[str], after: list[str]) -> dict[str, object]:
    return {"fields": [{"field": field, "before": before, "after": after, "items": []}]}


@pytest.mark.parametrize(
    ("said", "written", "own"),
    [
        (["Rock"], [([], ["Rock"])], []),
        (["Metal"], [(["Rock"], ["Metal"])], ["Rock"]),
        (["Metal"], [(["Rock"], ["Metal"]), ([], ["Rock"])], []),  # the newest first
        (["Live", "Rock"], [(["Live"], ["Live", "Rock"])], ["Live"]),
        (["Rock", "Hot"], [([], ["Rock"])], ["Hot"]),
        (["Jazz"], [([], ["Rock"])], ["Jazz"]),
        ([], [([], ["Rock"])], []),
    ],
)
def test_a_genre_that_we_wrote_is_not_the_owner_s(
    said: list[str], written: list[tuple[list[str], list[str]]], own: list[str]
) -> None:
    changes = [change("genre", *each) for each in written]
    assert without_ours(OwnTags(tuple(said)), changes).genres == tuple(own)


@pytest.mark.parametrize(
    ("said", "before", "own"), [("Am", [], None), ("Am", ["8B"], "C"), ("Em", [], "Em"), (None, [], None)]
)
def test_a_key_that_we_wrote_is_not_the_owner_s(said: str | None, before: list[str], own: str | None) -> None:
    written = {"fields": [{"field": "key", "before": before, "after": ["Am"]}]}
    assert without_ours(OwnTags(key=said), [written]).key == own


def test_a_tempo_that_we_wrote_is_not_the_owner_s_and_a_finer_one_is() -> None:
    written = [change("bpm", ["127.98"], ["128"])]
    assert without_ours(OwnTags(bpm=128.0), written).bpm == 127.98
    assert without_ours(OwnTags(bpm=128.0), [change("bpm", [], ["128"])]).bpm is None
    assert without_ours(OwnTags(bpm=64.0), written).bpm == 64.0


def write(store: Store, before: list[str], after: list[str], state: str = "written") -> None:
    """Note a write of the genre into the only track."""
    run = store.runs.begin("write-tags")
    previous = json.dumps(change("genre", before, after))
    names = "run_id, track_id, path, audio_id, previous, state, keep_mtime, in_place"
    store.database.connection.execute(
        f"INSERT INTO tag_changes ({names}, before_size, before_mtime_ns, after_size, after_mtime_ns)"
        " VALUES (?, 1, 'x', 'x', ?, ?, 0, 0, 1, 1, 1, 1)",
        (run, previous, state),
    )


@pytest.mark.parametrize(("state", "own"), [("written", ()), ("undone", ("Rock",)), ("left", ("Rock",))])
def test_a_file_that_is_analysed_again_does_not_say_what_we_wrote(
    store: Store, state: str, own: tuple[str, ...]
) -> None:
    store.record_batch([tagged("/m/a.mp3")], [])
    write(store, [], ["Rock"], state)
    store.record_batch([tagged("/m/a.mp3", "Rock")], [])
    assert one(store).tag_genres == own


@pytest.mark.parametrize("kind", ["unchanged", "moved", "duplicate"])
def test_nor_does_one_that_is_only_read_again_or_is_a_copy(store: Store, kind: str) -> None:
    first = tagged("/m/a.mp3", "Jazz")
    store.record_batch([first], [])
    write(store, ["Jazz"], ["Rock"])
    path = "/m/a.mp3" if kind == "unchanged" else "/m/b.mp3"
    again = replace(first.recording, own=OwnTags(("Rock",)))
    store.files.reuse([Reuse(Identified(AudioFile(path, 7, 7), again), kind, 1)])  # type: ignore[arg-type]
    assert {track.tag_genres for track in store.answers.tracks(model=MODEL)} == {("Jazz",)}


def test_files_whose_tags_were_never_read_are_known_and_others_are_not(library: Store) -> None:
    assert len(library.files.without_own_tags()) == 1


def test_an_empty_name_asks_for_nothing_that_is_there(library: Store, tmp_path: Path) -> None:
    assert paths(library, tag_genres=("",)) == []


def test_a_model_without_genres_neither_agrees_nor_differs() -> None:
    from tagger.query import FILTERS

    assert {each.name: each.aspect for each in FILTERS if each.is_flag} == {
        "agrees": "genre",
        "differs": "genre",
        "untagged": None,
        "corrected": None,
        "bpm_octaves": None,
    }
    with pytest.raises(TaggerError, match="no filter 'agree'"):
        from tagger.query import read_query

        read_query({"agree": True})
