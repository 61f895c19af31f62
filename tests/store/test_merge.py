"""One database of several: whose word holds, and that nothing is lost."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.errors import StoreError
from tagger.query import Query
from tagger.store import Correction, Merged, Store, merge
from tagger.types import Analysis, Failure
from tests.store.store_answers import MODEL, analysed, parts


def said(path: str, genre: str, words: dict[str, float], audio_id: str, model: str = MODEL) -> Analysis:
    file, recording, answer = parts(analysed(path, genre, audio_id=audio_id, model=model))
    return Analysis(
        file, recording, replace(answer, words=words, mood="calm", valence=0.7, mood_confidence=0.6)
    )


@pytest.fixture
def databases(tmp_path: Path) -> list[str]:
    """Two of one library: each knows a file of its own, and one that both know."""
    paths = [str(tmp_path / name) for name in ("a.db", "b.db")]
    with Store.open(paths[0], create=True) as store:
        one = said("/m/1.mp3", "Rock", {"Piano": 0.9, "Vocals": 0.1}, "1" * 32)
        both = said("/m/both.mp3", "Rock", {"Piano": 0.2, "Vocals": 0.1}, "b" * 32)
        store.record_batch(
            [one, both], [Failure("/m/2.mp3", "decode", "torn"), Failure("/m/3.mp3", "decode", "x")]
        )
        store.corrections.put("genre", {"1" * 32: Correction("set", ("Surf",))})
        store.runs.end(store.runs.begin("scan"), {"found": 2})
    with Store.open(paths[1], create=True) as store:
        two = said("/m/2.mp3", "Jazz", {"Vocals": 0.8, "Harp": 0.6}, "2" * 32)
        both = said("/m/both.mp3", "Folk", {"Vocals": 0.8, "Harp": 0.6}, "b" * 32)
        store.record_batch([two, both], [Failure("/m/3.mp3", "decode", "newer")])
        store.corrections.put(
            "genre", {"1" * 32: Correction("set", ("Dub",)), "2" * 32: Correction("skipped")}
        )
        store.runs.end(store.runs.begin("scan"), {"found": 2})
    return paths


def test_every_track_is_there_once_and_the_later_scan_of_a_file_counts(
    databases: list[str], tmp_path: Path
) -> None:
    target = str(tmp_path / "all.db")
    assert merge(databases, target) == Merged(tracks=3, shared=1, corrections=2)
    with Store.open(target, create=False) as store:
        tracks = {track.path: track for track in store.answers.tracks(Query(), model=MODEL, with_words=True)}
        assert {path: track.genre for path, track in tracks.items()} == {
            "/m/1.mp3": "Dub",  # of two corrections the newer
            "/m/2.mp3": "Jazz",
            "/m/both.mp3": "Folk",
        }
        assert list(tracks["/m/1.mp3"].words) == ["Piano"] and list(tracks["/m/2.mp3"].words) == [
            "Vocals",
            "Harp",
        ]
        assert [t.path for t in store.answers.tracks(Query(words=("Harp",)), model=MODEL)] == [
            "/m/2.mp3",
            "/m/both.mp3",
        ]
        assert [(f.path, f.reason) for f in store.files.failures()] == [("/m/3.mp3", "newer")]
        assert [run.command for run in store.runs.latest()] == ["scan", "scan"]
        analysis = store.answers.analysis("/m/2.mp3", MODEL)
        assert analysis is not None and len(analysis.prediction.windows) == 2
        assert analysis.prediction.embedding.size == 8
        assert store.database.value("SELECT count(*) FROM embeddings") == 3


def test_the_order_of_the_databases_does_not_matter(databases: list[str], tmp_path: Path) -> None:
    found = []
    for name, order in (("x.db", databases), ("y.db", databases[::-1])):
        merge(order, str(tmp_path / name))
        with Store.open(str(tmp_path / name), create=False) as store:
            found.append([*store.answers.tracks(Query(), model=MODEL, with_words=True)])
    assert found[0] == found[1]


def test_answers_of_another_model_are_added(databases: list[str], tmp_path: Path) -> None:
    with Store.open(databases[0], create=False) as store:
        store.record_batch([said("/m/both.mp3", "Metal", {}, "b" * 32, model="other-1")], [])
    merge(databases, str(tmp_path / "all.db"))
    with Store.open(str(tmp_path / "all.db"), create=False) as store:
        assert store.answers.counts() == {MODEL: 3, "other-1": 1}


def test_what_is_no_database_of_this_version_is_refused(databases: list[str], tmp_path: Path) -> None:
    with sqlite3.connect(databases[1]) as connection:
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match=r"b\.db: another version of tagger wrote it; run `tagger runs --db"):
        merge(databases, str(tmp_path / "all.db"))
    sqlite3.connect(tmp_path / "foreign.db").execute("CREATE TABLE x (y)")
    with pytest.raises(StoreError, match=r"foreign\.db: it is not a database of tagger"):
        merge([databases[0], str(tmp_path / "foreign.db")], str(tmp_path / "all.db"))
