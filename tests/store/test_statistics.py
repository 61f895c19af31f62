"""A library counted."""

from dataclasses import replace

import pytest

from tagger.query import Query
from tagger.store import Store
from tagger.store.question import asked_for
from tagger.store.statistics import ENERGY_LEVEL
from tagger.types import Analysis, Failure, energy_level
from tests.store.store_answers import MODEL, analysed, parts


def test_an_empty_library_is_all_zeros(store: Store) -> None:
    found = store.statistics(Query(), MODEL)
    assert (found.tracks, found.silent, found.duration_s) == (0, 0, 0.0)
    assert (found.genres, found.tempos, found.failures, found.runs) == ({}, {}, {}, ())


@pytest.fixture
def library(store: Store) -> Store:
    rock = [analysed(f"/m/{n}.mp3", "Rock", energy) for n, energy in enumerate([0.0, 0.1, 0.11, 1.0])]
    file, recording, prediction = parts(analysed("/m/jazz.mp3", "Jazz", 0.5))
    silent = Analysis(file, replace(recording, duration_s=98.5), replace(prediction, silent=True))
    store.record_batch([*rock, silent], [Failure("/m/x", "decode", "bad"), Failure("/m/y", "scan", "gone")])
    return store


def test_genres_come_most_frequent_first_by_energy_level(library: Store) -> None:
    found = library.statistics(Query(), MODEL)
    assert list(found.genres.items()) == [("Rock", 4)]  # silence has no genre
    assert found.genre_levels == {"Rock": (2, 1, 0, 0, 0, 0, 0, 0, 0, 1)}
    assert found.energy_levels == (2, 1, 0, 0, 1, 0, 0, 0, 0, 1)
    assert (found.tracks, found.silent, found.duration_s) == (5, 1, 4 * 201.5 + 98.5)
    assert found.failures == {"decode": 1, "scan": 1}


def test_silence_is_found_by_no_genre(library: Store) -> None:
    assert library.statistics(Query(genres=("Jazz",)), MODEL).tracks == 0
    assert library.statistics(Query(not_genres=("Rock",)), MODEL).tracks == 0
    assert list(library.answers.tracks(Query(genres=("Jazz", "Folk")), model=MODEL)) == []
    assert library.answers.genre_counts(MODEL) == [("Rock", 4)]
    assert library.statistics(Query(paths=("/m/jazz.mp3",)), MODEL).silent == 1


def test_a_query_counts_its_tracks_and_their_length_alone(library: Store) -> None:
    found = library.statistics(Query(genres=("Rock",), energy=(0.1, 1.0)), MODEL)
    assert (found.tracks, found.silent, found.duration_s) == (2, 0, 2 * 201.5)
    assert library.statistics(Query(paths=("/m/jazz.mp3",)), MODEL).duration_s == 98.5


def test_what_a_model_does_not_hear_is_not_counted(store: Store) -> None:
    def genre_or_energy(path: str, model: str, genre: str | None, energy: float | None) -> Analysis:
        file, recording, prediction = parts(analysed(path, model=model))
        return Analysis(file, recording, replace(prediction, genre=genre, energy=energy))

    store.record_batch([genre_or_energy("/m/1.mp3", "genre-1", "Rock", None)], [])
    store.record_batch([genre_or_energy("/m/1.mp3", "energy-1", None, 0.95)], [])
    store.record_batch([genre_or_energy("/m/1.mp3", "tempo-1", None, None)], [])
    genre, energy, tempo = (store.statistics(Query(), f"{name}-1") for name in ("genre", "energy", "tempo"))
    assert genre.tracks == energy.tracks == tempo.tracks == 1
    assert (genre.genres, energy.genres, tempo.genres) == ({"Rock": 1}, {}, {})
    assert (genre.energy_levels, tempo.energy_levels) == ((0,) * 10, (0,) * 10)
    assert energy.energy_levels == (0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert genre.genre_levels == energy.genre_levels == tempo.genre_levels == {}


def test_another_models_answers_are_not_counted(library: Store) -> None:
    library.record_batch([analysed("/m/0.mp3", "Folk", model="old")], [])
    found = library.statistics(Query(), "old")
    assert (found.tracks, found.duration_s, list(found.genres)) == (1, 201.5, ["Folk"])


def test_levels_in_sql_are_those_of_the_program(library: Store) -> None:
    energies = [n / 1000 for n in range(1001)] + [0.1 + 0.2, 0.7 - 0.1, 1e-300]
    for energy in energies:
        (level,) = library.database.connection.execute(
            f"SELECT {ENERGY_LEVEL} FROM (SELECT ? AS energy) p", (energy,)
        ).fetchone()
        assert level == energy_level(energy), energy


def test_tempos_are_counted_in_steps_of_ten(library: Store) -> None:
    library.database.connection.execute(
        "UPDATE predictions SET bpm = 99.9 + 10 * track_id WHERE track_id < 4"
    )
    library.database.connection.execute("UPDATE predictions SET bpm = 110 WHERE track_id = 4")
    assert library.statistics(Query(), MODEL).tempos == {100: 1, 110: 2, 120: 1}


def test_the_last_five_runs_come_newest_first(store: Store) -> None:
    for number in range(7):
        run = store.runs.begin(f"scan {number}")
        if number != 6:
            store.runs.end(run, {"found": number})
    runs = store.statistics(Query(), MODEL).runs
    assert [run.command for run in runs] == [f"scan {number}" for number in (6, 5, 4, 3, 2)]
    assert (runs[0].finished_at, runs[0].counts) == (None, None)
    assert runs[1].counts == {"found": 5}


def test_a_whole_library_is_counted_along_indices_alone(store: Store) -> None:
    from_where, values = asked_for(Query(), MODEL, with_tracks=False)
    counted = f"SELECT p.genre, {ENERGY_LEVEL}, count(*), sum(p.silent) {from_where} GROUP BY 1, 2"
    sql = f"EXPLAIN QUERY PLAN {counted}"
    (first, *_) = [row[-1] for row in store.database.connection.execute(sql, values)]
    assert first == "SEARCH p USING COVERING INDEX predictions_genre_energy (model=?)"
    sql = "EXPLAIN QUERY PLAN SELECT count(*), total(duration_s) FROM tracks"
    assert [row[-1] for row in store.database.connection.execute(sql)] == [
        "SCAN tracks USING COVERING INDEX tracks_duration"
    ]
