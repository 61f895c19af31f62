"""Questions to the library: filters, order, and the indices they must use."""

import math
import os

import pytest

from tagger.errors import StoreError
from tagger.store import Store
from tagger.store.query import tracks_query
from tagger.store.rows import TRACK_COLUMNS
from tagger.types import Query, TrackOrder
from tests.store.store_answers import MODEL, heard

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
    store.record_batch([heard(path) for path in PATHS], [])
    return store


def _asked(library: Store, query: Query) -> list[str]:
    return [row.path for row in library.tracks(query, model=MODEL)]


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
    monkeypatch.setattr(os, "getcwd", lambda: "/music/a")
    assert _paths(library, "b") == ["/music/a/b/1.mp3"]


def test_thousands_of_paths_are_one_question_and_too_many_say_so(library: Store) -> None:
    assert len(_paths(library, *PATHS, *(f"/nowhere/{n}" for n in range(5000)))) == len(PATHS)
    with pytest.raises(StoreError, match="6000 paths are too many for one question; name their folder"):
        _paths(library, *(f"/nowhere/{n}" for n in range(6000)))


@pytest.fixture
def graded(store: Store) -> Store:
    energies = [0.0, 0.25, 0.5, 0.75, 1.0]
    rock = [heard(f"/m/{n}.mp3", "Rock", energy) for n, energy in enumerate(reversed(energies))]
    store.record_batch([*rock, heard("/m/jazz.mp3", "Jazz", 0.6)], [])
    return store


def test_an_energy_range_holds_its_low_end_and_not_its_high_end(graded: Store) -> None:
    def energies(low: float, high: float) -> list[float]:
        rows = graded.tracks(Query(genres=("Rock",), energy=(low, high), order="energy"), model=MODEL)
        return [row.energy for row in rows]

    assert energies(0.25, 0.75) == [0.25, 0.5]
    assert energies(0.75, math.inf) == [0.75, 1.0]


def test_genre_order_and_limit_go_together(graded: Store) -> None:
    rows = graded.tracks(Query(genres=("Rock",), order="-energy", limit=2), model=MODEL)
    assert [row.energy for row in rows] == [1.0, 0.75]
    assert _asked(graded, Query(genres=("Jazz",))) == ["/m/jazz.mp3"]
    assert _asked(graded, Query(energy=(0.5, 0.7))) == ["/m/2.mp3", "/m/jazz.mp3"]
    two_files = Query(paths=("/m/1.mp3", "/m/3.mp3"), order="energy")
    assert _asked(graded, two_files) == ["/m/3.mp3", "/m/1.mp3"]
    assert list(graded.tracks(model="another")) == []


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
    ]


def test_the_listing_of_a_genre_and_energy_looks_up_only_what_it_finds(store: Store) -> None:
    """`tagger list --genre Rock --energy high --limit 50`, in the order of paths, at a million rows."""
    terms = "(model=? AND genre=? AND energy>? AND energy<?)"
    assert _plan(store, Query(genres=("Rock",), energy=(2 / 3, math.inf), limit=50)) == [
        f"SEARCH p USING COVERING INDEX predictions_genre_energy {terms}",
        "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
        "USE TEMP B-TREE FOR ORDER BY",
    ]


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
    return [row[-1] for row in store._connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
