"""Questions to the library: filters, order, and the indices they must use."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.errors import StoreError
from tagger.query import Query, TrackOrder
from tagger.store import Store
from tagger.store.question import tracks_query
from tagger.store.rows import TRACK_COLUMNS
from tagger.types import Analysis
from tests.store.store_answers import MODEL, analysed, parts

LATIN_1_FOLDER = os.fsdecode(b"/music/Caf\xe9")
PATHS = [
    "/music/1.mp3",
    "/music/100%_live/1.mp3",
    "/music/100x-live/1.mp3",
    "/music/a/b/1.mp3",
    "/music2/1.mp3",
    f"{LATIN_1_FOLDER}/1.mp3",
]


@pytest.fixture
def library(store: Store) -> Store:
    store.record_batch([analysed(path) for path in PATHS], [])
    return store


def _asked(library: Store, query: Query) -> list[str]:
    return [row.path for row in library.answers.tracks(query, model=MODEL)]


def _paths(library: Store, *paths: str) -> list[str]:
    return _asked(library, Query(paths=paths))


def test_a_folder_means_everything_beneath_and_no_neighbour(library: Store) -> None:
    assert _paths(library, "/music") == [path for path in PATHS if path != "/music2/1.mp3"]
    assert _paths(library, "/music2/") == ["/music2/1.mp3"]
    assert _paths(library, "/") == _paths(library) == PATHS


def test_wildcards_of_sql_are_letters_of_a_name(library: Store) -> None:
    assert _paths(library, "/music/100%_live") == ["/music/100%_live/1.mp3"]


def test_a_file_means_itself_alone(library: Store) -> None:
    assert _paths(library, "/music/1.mp3") == ["/music/1.mp3"]
    assert _paths(library, "/music/1.mp") == []
    assert _paths(library, f"{LATIN_1_FOLDER}/1.mp3") == [f"{LATIN_1_FOLDER}/1.mp3"]


def test_a_folder_that_is_not_utf8_is_found(library: Store) -> None:
    assert _paths(library, LATIN_1_FOLDER) == [f"{LATIN_1_FOLDER}/1.mp3"]


def test_overlapping_paths_give_each_track_once(library: Store) -> None:
    overlapping = _paths(library, "/music/a", "/music", "/music/1.mp3", "/music/a/b/1.mp3")
    assert overlapping == _paths(library, "/music")


def test_a_relative_path_is_that_of_the_working_folder(
    library: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PWD", raising=False)
    monkeypatch.setattr(os, "getcwd", lambda: "/music/a")
    assert _paths(library, "b") == ["/music/a/b/1.mp3"]


def test_thousands_of_paths_are_one_question_and_too_many_say_so(library: Store) -> None:
    assert len(_paths(library, *PATHS, *(f"/nowhere/{n}" for n in range(5000)))) == len(PATHS)
    with pytest.raises(StoreError, match="6000 paths are too many for one question; name their folder"):
        _paths(library, *(f"/nowhere/{n}" for n in range(6000)))


@pytest.fixture
def graded(store: Store) -> Store:
    energies = [0.0, 0.25, 0.5, 0.75, 1.0]
    rock = [analysed(f"/m/{n}.mp3", "Rock", energy) for n, energy in enumerate(reversed(energies))]
    store.record_batch([*rock, analysed("/m/jazz.mp3", "Jazz", 0.6)], [])
    return store


def test_an_energy_range_holds_its_low_end_and_not_its_high_end(graded: Store) -> None:
    def energies(low: float, high: float) -> list[float]:
        rows = graded.answers.tracks(Query(genres=("Rock",), energy=(low, high), order="energy"), model=MODEL)
        return [row.energy for row in rows]

    assert energies(0.25, 0.75) == [0.25, 0.5]
    assert energies(0.75, math.inf) == [0.75, 1.0]


def test_genre_order_and_limit_go_together(graded: Store) -> None:
    rows = graded.answers.tracks(Query(genres=("Rock",), order="-energy", limit=2), model=MODEL)
    assert [row.energy for row in rows] == [1.0, 0.75]
    assert _asked(graded, Query(genres=("Jazz",))) == ["/m/jazz.mp3"]
    assert _asked(graded, Query(energy=(0.5, 0.7))) == ["/m/2.mp3", "/m/jazz.mp3"]
    two_files = Query(paths=("/m/1.mp3", "/m/3.mp3"), order="energy")
    assert _asked(graded, two_files) == ["/m/3.mp3", "/m/1.mp3"]
    assert list(graded.answers.tracks(model="another")) == []


NAMES = [None, "Björk", "BJO\u0308RK & Co", "100 % Ärger", "a_b", "AxB", "STRASSE", "Straße"]


@pytest.fixture
def tagged(store: Store) -> Store:
    """A track for each of NAMES as artist and album; the first has no year, the next is of 2001."""
    answers = []
    for number, name in enumerate(NAMES):
        file, recording, prediction = parts(analysed(f"/m/{number}.mp3", energy=number / 10))
        year = 2000 + number if number else None
        answers.append(Analysis(file, replace(recording, artist=name, album=name, year=year), prediction))
    store.record_batch(answers, [])
    return store


@pytest.mark.parametrize(
    ("parts", "numbers"),
    [
        (("bjÖrk",), [1, 2]),
        (("bjo\u0308rk",), [1, 2]),
        (("bjork",), []),
        (("%",), [3]),
        (("A_B",), [4]),
        (("ärger", "axb"), [3, 5]),
        (("strasse",), [6, 7]),
        (("& co",), [2]),
        (("",), [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_part_of_a_name_is_found_whatever_its_case_and_unicode_form(
    tagged: Store, parts: tuple[str, ...], numbers: list[int]
) -> None:
    expected = [f"/m/{number}.mp3" for number in numbers]
    assert _asked(tagged, Query(artists=parts)) == expected
    assert _asked(tagged, Query(albums=parts)) == expected
    assert _asked(tagged, Query(artists=parts, albums=parts, order="energy")) == expected


def test_years_hold_both_their_ends_and_no_track_without_one(tagged: Store) -> None:
    assert _asked(tagged, Query(year=(2003, 2004))) == ["/m/3.mp3", "/m/4.mp3"]
    assert len(_asked(tagged, Query(year=(0, 9999)))) == len(NAMES) - 1


def test_a_part_of_a_path_is_found_in_names_that_are_no_text_too(library: Store) -> None:
    assert _asked(library, Query(path_parts=("100%_",))) == ["/music/100%_live/1.mp3"]
    assert _asked(library, Query(path_parts=("CAF",))) == [f"{LATIN_1_FOLDER}/1.mp3"]
    assert _asked(library, Query(path_parts=(os.fsdecode(b"F\xe9/"),))) == [f"{LATIN_1_FOLDER}/1.mp3"]
    assert _asked(library, Query(path_parts=("/b/", "music2"), paths=("/music",))) == ["/music/a/b/1.mp3"]


def test_tracks_without_an_energy_come_last_and_match_no_filter(graded: Store) -> None:
    everything = [row.path for row in graded.answers.tracks(Query(order="energy"), model=MODEL)]
    graded.database.connection.execute(
        "UPDATE predictions SET genre = NULL, genre_confidence = NULL, energy = NULL WHERE track_id ="
        " (SELECT id FROM tracks WHERE path = ?)",
        (everything[0],),
    )
    for order in ("energy", "-energy"):
        paths = [row.path for row in graded.answers.tracks(Query(order=order), model=MODEL)]
        assert (paths[-1], sorted(paths)) == (everything[0], sorted(everything))
    for query in (Query(energy=(0.0, math.inf)), Query(not_genres=("Polka",)), Query(min_confidence=0.0)):
        assert everything[0] not in [row.path for row in graded.answers.tracks(query, model=MODEL)]


def test_a_tempo_range_holds_both_its_ends_and_no_track_without_one(graded: Store) -> None:
    assert not graded.answers.predicts("tempo", MODEL)
    graded.database.connection.execute("UPDATE predictions SET bpm = 119 + track_id WHERE track_id < 4")
    assert graded.answers.predicts("tempo", MODEL) and not graded.answers.predicts("tempo", "another")
    assert [row.bpm for row in graded.answers.tracks(Query(bpm=(121, 122)), model=MODEL)] == [121, 122]


def test_names_come_with_the_row_and_a_second_analysis_corrects_them(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/1.mp3"))
    named = replace(recording, title="T", artist="A", album="L", year=1999)
    store.record_batch([Analysis(file, named, prediction)], [])
    (row,) = store.answers.tracks(model=MODEL)
    assert (row.title, row.artist, row.album, row.year, row.bpm) == ("T", "A", "L", 1999, None)
    stored = store.answers.analysis("/m/1.mp3", MODEL)
    assert stored is not None and stored.recording == named
    store.record_batch([Analysis(file, replace(named, artist="B\udce9"), prediction)], [])
    assert [row.artist for row in store.answers.tracks(model=MODEL)] == ["B\\udce9"]


genres = st.sampled_from(["Rock", "Jazz", "Folk"])
made_tracks = st.lists(st.tuples(genres, st.floats(0, 1), st.sampled_from([None, "Ann", "Bob"])), max_size=12)
queries = st.builds(
    Query,
    genres=st.lists(genres, max_size=2, unique=True).map(tuple),
    not_genres=st.lists(genres, max_size=1).map(tuple),
    energy=st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
    artists=st.sampled_from([(), ("aN",), ("o", "n")]),
    paths=st.sampled_from([(), ("/m/1.mp3", "/m/2.mp3"), ("/m",), ("/x",)]),
    limit=st.none() | st.integers(0, 5),
    order=st.sampled_from(["path", "energy", "-energy"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made_tracks, queries)
def test_sql_finds_what_plain_python_finds(
    store: Store, made: list[tuple[str, float, str | None]], query: Query
) -> None:
    answers = [analysed(f"/m/{n}.mp3", genre, energy) for n, (genre, energy, _) in enumerate(made)]
    answers = [
        replace(one, recording=replace(one.recording, artist=artist))
        for one, (_, _, artist) in zip(answers, made, strict=True)
    ]
    store.database.connection.execute("DELETE FROM tracks")
    store.record_batch(answers, [])

    def matches(path: str, genre: str, energy: float, artist: str | None) -> bool:
        return (
            (not query.genres or genre in query.genres)
            and genre not in query.not_genres
            and (query.energy is None or query.energy[0] <= energy < query.energy[1])
            and (not query.artists or any(a.lower() in (artist or "").lower() for a in query.artists))
            and (not query.paths or any(path == p or path.startswith(p + "/") for p in query.paths))
        )

    energies = {f"/m/{n}.mp3": energy for n, (_, energy, _) in enumerate(made)}
    expected = [path for (path, each) in zip(energies, made, strict=True) if matches(path, *each)]
    found = _asked(store, query)
    if query.limit is None:
        assert sorted(found) == sorted(expected)
    else:
        assert len(found) == min(query.limit, len(expected)) and set(found) <= set(expected)
    sign = {"path": 0, "energy": 1, "-energy": -1}[query.order]
    key = (lambda path: sign * energies[path]) if sign else (lambda path: path)
    assert [key(path) for path in found] == sorted(key(path) for path in found)
    counted = store.statistics(replace(query, limit=None), MODEL)
    assert counted.tracks == len(expected)
    ids, vectors = store.answers.embeddings(query, MODEL, 8, ["another sound"])
    embedded = [*store.answers.tracks_by_id(ids.tolist(), MODEL).values()]
    assert (sorted(row.path for row in embedded), vectors.shape) == (sorted(expected), (len(expected), 8))


def test_embeddings_come_with_their_tracks_but_not_of_another_size_or_the_sound_itself(store: Store) -> None:
    answers = []
    for number in range(4):
        file, recording, prediction = parts(analysed(f"/m/{number}.mp3", audio_id=f"{number:032}"))
        vector = np.full(9 if number == 3 else 8, number, np.float16)
        answers.append(Analysis(file, recording, replace(prediction, embedding=vector)))
    store.record_batch(answers, [])
    for query in (Query(), Query(genres=("Rock",)), Query(paths=("/m",))):
        ids, vectors = store.answers.embeddings(query, MODEL, 8, [f"{1:032}"])
        paths = [row.path for row in [*store.answers.tracks_by_id(ids.tolist(), MODEL).values()]]
        assert dict(zip(paths, vectors.tolist(), strict=True)) == {
            "/m/0.mp3": [0.0] * 8,
            "/m/2.mp3": [2.0] * 8,
        }
        assert (ids.dtype, vectors.dtype) == (np.int64, np.float16)
    ids, vectors = store.answers.embeddings(Query(), "another", 8)
    assert (ids.shape, vectors.shape) == ((0,), (0, 8))


def test_tracks_come_in_the_order_of_the_ids_asked_for(graded: Store) -> None:
    rows = [*graded.answers.tracks_by_id([3, 99, 1], MODEL).values()]
    assert [row.path for row in rows] == ["/m/2.mp3", "/m/0.mp3"]
    assert graded.answers.tracks_by_id([1], "another") == {}


OF_SOUND = [
    "CORRELATED SCALAR SUBQUERY 1",
    "SEARCH n USING PRIMARY KEY (track_id=? AND model=?)",
]
"""Looks up what is no music, of which there is little."""


@pytest.mark.parametrize("order", ["energy", "-energy"])
@pytest.mark.parametrize("genre", ["Rock", None])
def test_genre_and_energy_are_answered_by_an_index_alone(
    store: Store, order: TrackOrder, genre: str | None
) -> None:
    genres = (genre,) if genre else ()
    plan = _plan(store, Query(genres=genres, energy=(2 / 3, math.inf), limit=50, order=order))
    index = "genre_energy (model=? AND genre=?" if genre else "energy (model=?"
    assert plan == [
        f"SEARCH p USING COVERING INDEX predictions_{index} AND energy>? AND energy<?)",
        "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
        *OF_SOUND,
    ]


def test_the_listing_of_a_genre_and_energy_looks_up_only_what_it_finds(store: Store) -> None:
    """`tagger list --genre Rock --energy high --limit 50`, in the order of paths, at a million rows."""
    terms = "(model=? AND genre=? AND energy>? AND energy<?)"
    assert _plan(store, Query(genres=("Rock",), energy=(2 / 3, math.inf), limit=50)) == [
        f"SEARCH p USING COVERING INDEX predictions_genre_energy {terms}",
        "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
        *OF_SOUND,
        "USE TEMP B-TREE FOR ORDER BY",
    ]


@pytest.mark.parametrize("order", ["energy", "-energy", "genre", "-genre"])
def test_a_list_of_all_comes_sorted_along_an_index(store: Store, order: TrackOrder) -> None:
    plan = _plan(store, Query(order=order, limit=50))
    assert f"USING COVERING INDEX predictions_{'genre_energy' if 'genre' in order else 'energy'}" in plan[0]
    assert "TEMP B-TREE" not in " ".join(plan)


@pytest.mark.parametrize("order", ["bpm", "-bpm"])
def test_tempos_in_a_range_come_sorted_along_their_index(store: Store, order: TrackOrder) -> None:
    plan = _plan(store, Query(bpm=(100, 130), order=order, limit=50))
    assert plan[0].startswith("SEARCH p USING COVERING INDEX predictions_bpm (model=? AND bpm>? AND bpm<?)")


def test_missing_tracks_and_copies_are_looked_up_in_their_indices(store: Store) -> None:
    missing = " | ".join(_plan(store, Query(genres=("Rock",), missing=True)))
    assert "t USING INDEX tracks_missing" in missing
    copies = " | ".join(_plan(store, Query(duplicates=True, order="energy")))
    assert "SCAN tracks USING COVERING INDEX tracks_audio_id" in copies
    assert "SEARCH t USING INDEX tracks_audio_id (audio_id=?)" in copies


def test_several_genres_come_in_the_order_of_energy_without_sorting(store: Store) -> None:
    plan = _plan(store, Query(genres=("Rock", "Jazz"), not_genres=("Folk",), order="-energy", limit=50))
    assert plan[0] == "SEARCH p USING COVERING INDEX predictions_energy (model=?)"
    assert "TEMP B-TREE" not in " ".join(plan)


def test_a_listing_streams_in_the_order_of_paths_without_sorting(store: Store) -> None:
    assert "TEMP B-TREE" not in " ".join(_plan(store, Query()))


def test_a_folder_is_looked_up_in_the_index_of_paths(store: Store) -> None:
    plan = _plan(store, Query(paths=("/music",)))
    assert "SEARCH t USING INDEX sqlite_autoindex_tracks_1 (path>? AND path<?)" in plan


@pytest.mark.parametrize("column", ["artist", "album"])
def test_names_are_looked_for_among_the_different_ones_and_then_along_their_index(
    store: Store, column: str
) -> None:
    plan = " | ".join(_plan(store, Query(artists=("x",)) if column == "artist" else Query(albums=("x",))))
    assert f"SEARCH t USING INDEX tracks_{column} ({column}=?)" in plan
    assert f"SCAN tracks USING COVERING INDEX tracks_{column}" in plan


def test_tempos_are_looked_up_in_an_index_of_their_own(store: Store) -> None:
    plan = _plan(store, Query(bpm=(120, 128)))
    assert plan[0] == "SEARCH p USING COVERING INDEX predictions_bpm (model=? AND bpm>? AND bpm<?)"


def _plan(store: Store, query: Query) -> list[str]:
    sql, values = tracks_query(query, MODEL, TRACK_COLUMNS)
    return [row[-1] for row in store.database.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
