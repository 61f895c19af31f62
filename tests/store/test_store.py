"""What is written comes back, and what has changed is analysed again."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tagger.errors import StoreError
from tagger.files import AudioFile, fingerprint
from tagger.query import Query
from tagger.store import Answer, Reuse, Store, fault
from tagger.types import Analysis, Failure, Identified, Track, WindowAnswer
from tests.store.store_answers import MODEL, analysed, parts

LATIN_1 = os.fsdecode(b"/music/caf\xe9.mp3")
STRANGE_PATHS = [
    "/music/one.mp3",
    "/music/line\nbreak.mp3",
    "/music/cafe\u0301.mp3",
    "/music/caf\u00e9.mp3",
    "/music/🎷.mp3",
    LATIN_1,
]


def _failed(path: str, size: int = 1000, mtime_ns: int = 1_700_000_000_123_456_789) -> Failure:
    return Failure(path, "decode", "not an audio stream", size, mtime_ns)


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_an_answer_comes_back_whole(store: Store, path: str) -> None:
    file, recording, prediction = parts(analysed(path, bpm=127.6))
    store.record_batch([Analysis(file, recording, prediction)], [])
    stored = store.answers.analysis(path, MODEL)
    assert stored is not None
    assert (stored.file, stored.recording) == (file, recording)
    assert stored.prediction.embedding.tolist() == prediction.embedding.tolist()
    assert stored.prediction.embedding.dtype == np.float16
    answered = "model genres genre genre_confidence energy windows silent bpm bpm_confidence"
    for name in answered.split():
        assert getattr(stored.prediction, name) == getattr(prediction, name)
    assert stored.scanned_at.endswith("+00:00")


def test_the_tempo_of_a_track_is_that_of_each_model(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/1.mp3", bpm=127.6))
    store.record_batch([Analysis(file, recording, prediction)], [])
    store.record_batch([analysed("/m/1.mp3", model="without-tempo")], [])
    assert [row.bpm for row in store.answers.tracks(model=MODEL)] == [127.6]
    assert [row.bpm for row in store.answers.tracks(model="without-tempo")] == [None]
    stored = store.answers.analysis("/m/1.mp3", "without-tempo")
    assert stored is not None and stored.prediction.bpm_confidence is None


def test_a_copy_of_a_sound_has_its_tempo(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/1.mp3", bpm=127.6))
    store.record_batch([Analysis(file, recording, prediction)], [])
    copy = Identified(replace(file, path="/m/copy.mp3"), recording)
    ((owner, _),) = store.files.owners(recording.audio_id, MODEL)
    store.files.reuse([Reuse(copy, "duplicate", owner)])
    stored = store.answers.analysis("/m/copy.mp3", MODEL)
    assert stored is not None
    assert (stored.prediction.bpm, stored.prediction.bpm_confidence) == (127.6, 0.9)


def test_the_genres_of_a_track_come_likeliest_first(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3", "Techno")], [])
    stored = store.answers.analysis("/m/1.mp3", MODEL)
    assert stored is not None
    assert list(stored.prediction.genres) == ["Techno", "Folk", "Jazz", "Rock"]


def test_numpy_numbers_are_stored_as_numbers(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/1.mp3"))
    numbers = replace(
        prediction,
        energy=np.float32(0.25),
        silent=np.True_,
        genres={"Rock": np.float32(0.5)},
        bpm=np.float32(120.5),
    )
    store.record_batch([Analysis(file, recording, numbers)], [])
    (row,) = store.answers.tracks(model=MODEL)
    assert (row.energy, row.silent, row.bpm) == (0.25, True, 120.5)


def states(store: Store, files: Sequence[AudioFile], model: str) -> dict[str, str]:
    """What a scan takes each of `files` for; it analyses those that are not in the answer."""
    answered = store.files.tracked() - store.files.unanswered(model)
    failed = store.files.failed(datetime.min.replace(tzinfo=UTC))
    known = {}
    for file in files:
        state = fingerprint(file.path, file.size, file.mtime_ns)
        if state in failed or state in answered:
            known[file.path] = "failed" if state in failed else "unchanged"
    return known


def test_paths_that_look_alike_are_tracks_of_their_own(store: Store) -> None:
    store.record_batch([analysed(path) for path in STRANGE_PATHS], [])
    rows = [row.path for row in store.answers.tracks(model=MODEL)]
    assert sorted(rows) == sorted(STRANGE_PATHS)
    assert rows[-1] == LATIN_1
    assert rows[:-1] == sorted(rows[:-1])


def test_an_unknown_file_has_no_track(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3")], [])
    assert store.answers.analysis("/m/2.mp3", MODEL) is None
    assert store.answers.analysis("/m/1.mp3", "another") is None


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_an_unchanged_file_needs_no_hearing(store: Store, path: str) -> None:
    answer = analysed(path)
    store.record_batch([answer], [])
    assert states(store, [answer.file], MODEL) == {path: "unchanged"}


def test_another_size_mtime_or_model_is_to_be_analysed(store: Store) -> None:
    answer = analysed("/m/1.mp3")
    store.record_batch([answer], [])
    assert states(store, [replace(answer.file, size=1001)], MODEL) == {}
    assert states(store, [replace(answer.file, mtime_ns=1_700_000_000_123_456_790)], MODEL) == {}
    assert states(store, [answer.file], "another") == {}


def test_states_hold_for_many_files(store: Store) -> None:
    answers = [analysed(f"/m/{number}.mp3") for number in range(1200)]
    store.record_batch(answers[:1100], [])
    assert states(store, [one.file for one in answers], MODEL) == {
        one.file.path: "unchanged" for one in answers[:1100]
    }


def test_a_failed_file_is_known_until_it_changes(store: Store) -> None:
    store.record_batch([], [_failed(LATIN_1)])
    file = AudioFile(LATIN_1, 1000, 1_700_000_000_123_456_789)
    assert states(store, [file], MODEL) == {LATIN_1: "failed"}
    assert states(store, [replace(file, size=7)], MODEL) == {}


def test_an_answer_ends_a_failure(store: Store) -> None:
    store.record_batch([], [_failed("/m/1.mp3")])
    store.record_batch([analysed("/m/1.mp3")], [])
    assert list(store.files.failures()) == []


def test_a_failure_keeps_the_old_answer_but_the_new_file_is_not_unchanged(store: Store) -> None:
    old = analysed("/m/1.mp3")
    store.record_batch([old], [])
    store.record_batch([], [_failed("/m/1.mp3", size=10)])
    assert [row.genre for row in store.answers.tracks(model=MODEL)] == ["Rock"]
    assert states(store, [replace(old.file, size=10)], MODEL) == {"/m/1.mp3": "failed"}


def test_failures_come_by_path_with_the_latest_reason(store: Store) -> None:
    store.record_batch([], [_failed("/m/2.mp3"), _failed("/m/1.mp3"), _failed(LATIN_1)])
    store.record_batch([], [replace(_failed("/m/1.mp3"), reason=f"cannot read {LATIN_1}")])
    failures = list(store.files.failures())
    assert [failure.path for failure in failures] == ["/m/1.mp3", "/m/2.mp3", LATIN_1]
    assert failures[0].reason == "cannot read /music/caf\\udce9.mp3"
    assert failures[1] == _failed("/m/2.mp3")


def test_failures_beneath_a_path_tell_which_a_walk_had_found_before(store: Store) -> None:
    locked, other = Failure("/m/locked", "scan", "permission denied"), Failure("/m2/x", "scan", "gone")
    store.record_batch([], [locked, other, _failed("/m/1.mp3")])
    later, earlier = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)
    assert [*store.files.failures_beneath(["/m"], later)] == [("/m/1.mp3", False), ("/m/locked", True)]
    assert [*store.files.failures_beneath(["/m"], earlier)] == [("/m/1.mp3", False), ("/m/locked", False)]
    store.files.forget_failures(["/m/locked", "/m2"])
    assert [failure.path for failure in store.files.failures()] == ["/m/1.mp3", "/m2/x"]


def test_a_failure_is_new_when_its_file_or_its_reason_is_another(store: Store) -> None:
    def since() -> str:
        return str(store.database.value("SELECT since FROM failures"))

    first = _failed("/m/1.mp3")
    store.record_batch([], [first])
    with store.database.transaction() as connection:
        connection.execute("UPDATE failures SET since = '2020', failed_at = '2020'")
    store.record_batch([], [first])
    assert (since(), [*store.files.failures("2021")]) == ("2020", [])
    assert str(store.database.value("SELECT failed_at FROM failures")) > "2021"
    assert fault(first) in store.files.faults()
    for other in (replace(first, reason="other"), replace(first, size=7, reason="other")):
        assert fault(other) not in store.files.faults()
        store.record_batch([], [other])
        assert [*store.files.failures("2021")] == [other]
        with store.database.transaction() as connection:
            connection.execute("UPDATE failures SET since = '2020'")


def test_a_new_answer_replaces_the_old_one_and_keeps_the_track(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3", "Rock")], [])
    (before,) = store.database.tables.query("SELECT id FROM tracks")
    file, recording, prediction = parts(analysed("/m/1.mp3", "Jazz", size=7))
    shorter = replace(prediction, windows=prediction.windows[:1], genres={"Jazz": 1.0})
    store.record_batch([Analysis(file, recording, shorter)], [])
    stored = store.answers.analysis("/m/1.mp3", MODEL)
    assert stored is not None and stored.file.size == 7
    assert (stored.prediction.genres, len(stored.prediction.windows)) == ({"Jazz": 1.0}, 1)
    assert list(store.database.tables.query("SELECT id FROM tracks")) == [before]


def test_a_retagged_file_keeps_the_answers_of_other_models(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3", model="old")], [])
    store.record_batch([analysed("/m/1.mp3", size=2000, model="new")], [])
    assert sorted(store.answers.models()) == ["new", "old"]


def test_another_sound_under_the_same_path_voids_the_answers_of_all_models(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3", model="old")], [])
    changed = analysed("/m/1.mp3", size=2000, audio_id="f" * 32, model="new")
    store.record_batch([changed], [])
    assert store.answers.models() == ["new"]
    assert states(store, [changed.file], "old") == {}


def test_two_windows_at_one_place_are_stored_as_one(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/1.mp3"))
    store.record_batch(
        [Analysis(file, recording, replace(prediction, windows=prediction.windows[:1] * 2))], []
    )
    stored = store.answers.analysis("/m/1.mp3", MODEL)
    assert stored is not None and len(stored.prediction.windows) == 1


def test_models_and_genres_are_counted(store: Store) -> None:
    assert (store.answers.models(), store.answers.genre_counts(MODEL)) == ([], [])
    store.record_batch([analysed("/m/1.mp3", model="old")], [])
    genres = ["Rock", "Jazz", "Jazz", "Folk"]
    store.record_batch([analysed(f"/m/{n}.mp3", genre) for n, genre in enumerate(genres)], [])
    store.database.connection.execute("UPDATE models SET last_used_at = '2020-01-01' WHERE model = 'old'")
    assert store.answers.models() == [MODEL, "old"]
    store.answers.note_use("old")
    store.answers.note_use("another, which has no answers")
    assert store.answers.models() == ["old", MODEL]
    assert store.answers.genre_counts(MODEL) == [("Jazz", 2), ("Folk", 1), ("Rock", 1)]


def test_a_run_is_noted_with_its_counts(store: Store) -> None:
    run_id = store.runs.begin(f"scan {LATIN_1}")
    store.runs.end(run_id, {"found": 3, "seconds": 0.5})
    (run,) = store.database.tables.query("SELECT * FROM runs")
    assert (run["command"], run["counts"]) == ("scan /music/caf\\udce9.mp3", '{"found": 3, "seconds": 0.5}')
    assert run["started_at"] <= run["finished_at"]


def test_what_a_model_does_not_hear_comes_back_as_none(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/1.mp3", bpm=120.0))
    windows = (WindowAnswer(31.0, None, None, None),)
    tempo = replace(prediction, genres={}, genre=None, genre_confidence=None, energy=None, windows=windows)
    store.record_batch([Analysis(file, recording, replace(tempo, embedding=np.zeros(0, np.float16)))], [])
    stored = store.answers.analysis("/m/1.mp3", MODEL)
    assert stored is not None
    known = stored.prediction
    assert (known.genres, known.genre, known.genre_confidence, known.energy) == ({}, None, None, None)
    assert (known.windows, known.embedding.shape, known.bpm) == (windows, (0,), 120.0)
    assert store.database.tables["embeddings"].count == 0
    assert (
        store.answers.predicts("genre", MODEL),
        store.answers.predicts("energy", MODEL),
        store.answers.predicts("tempo", MODEL),
    ) == (
        False,
        False,
        True,
    )
    assert (store.answers.genre_counts(MODEL), store.answers.count(MODEL)) == ([], 1)
    (pair,) = store.answers.pairs([], MODEL, MODEL, with_embeddings=True)
    assert (pair.new, pair.embedding) == (Answer(None, None, False), None)
    ids, vectors = store.answers.embeddings(Query(), MODEL, 8)
    assert (len(ids), vectors.shape) == (0, (0, 8))


def test_a_batch_is_stored_whole_or_not_at_all(store: Store) -> None:
    file, recording, prediction = parts(analysed("/m/2.mp3"))
    broken = Analysis(file, recording, replace(prediction, genres={"Rock": math.nan}))
    with pytest.raises(StoreError, match=r"tagger\.db: NOT NULL constraint failed"):
        store.record_batch([analysed("/m/1.mp3"), broken], [])
    assert list(store.answers.tracks(model=MODEL)) == []
    store.record_batch([analysed("/m/1.mp3")], [])
    assert [row.path for row in store.answers.tracks(model=MODEL)] == ["/m/1.mp3"]


def test_a_kill_in_the_middle_of_a_batch_leaves_the_batches_before(db_path: str) -> None:
    script = f"""
import os, signal
from tests.store.store_answers import analysed, parts
from tagger.store import Store
store = Store.open({db_path!r}, create=True)
store.record_batch([analysed("/m/1.mp3")], [])
with store.database.transaction() as connection:
    connection.execute("UPDATE predictions SET genre = 'Jazz'")
    connection.execute("DELETE FROM tracks")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    path = os.pathsep.join([os.path.dirname(__file__), os.getcwd()])
    killed = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path})
    assert killed.returncode == -signal.SIGKILL
    with Store.open(db_path, create=False) as store:
        assert [(row.path, row.genre) for row in store.answers.tracks(model=MODEL)] == [("/m/1.mp3", "Rock")]
        store.record_batch([analysed("/m/2.mp3")], [])


def test_a_closed_store_raises_nothing_of_sqlite(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError):
        store.answers.models()
    with pytest.raises(StoreError):
        list(store.files.failures())


def test_rows_are_read_as_they_are_asked_for(store: Store) -> None:
    store.record_batch([analysed(f"/m/{n}.mp3") for n in range(3)], [])
    rows = store.answers.tracks(model=MODEL)
    assert next(rows) == Track("/m/0.mp3", "0" * 32, 201.5, "Rock", 0.7, 0.5)
    store.record_batch([analysed("/m/0.mp3", "Jazz")], [])
    assert [row.path for row in rows] == ["/m/1.mp3", "/m/2.mp3"]


def test_an_error_of_the_caller_ends_the_transaction(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.database.transaction() as connection:
        connection.execute("INSERT INTO runs (command, started_at) VALUES ('scan', '')")
        raise KeyboardInterrupt
    assert list(store.database.tables.query("SELECT * FROM runs")) == []
    assert (
        isinstance(store.database.connection, sqlite3.Connection)
        and not store.database.connection.in_transaction
    )


def test_a_track_has_the_energy_of_its_beginning_and_of_its_end(store: Store) -> None:
    store.record_batch([analysed("/m/1.mp3", energy=0.7)], [])
    assert store.answers.energy_ends(["/m/1.mp3", "/m/none.mp3"], MODEL) == [(0.7, 0.25), (None, None)]
