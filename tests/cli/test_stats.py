"""`tagger stats`: the library at a glance."""

import json
from pathlib import Path

import pytest

from tagger.model_card import DEFAULT_MODEL
from tagger.store import Store
from tagger.types import Failure
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import TRACKS, answer, fill, heard_in


@pytest.fixture
def library(db: Path) -> Path:
    fill(db, TRACKS)
    with Store.open(str(db), create=False) as store:
        store.record_batch([], [Failure("/m/bad.mp3", "decode", "not audio")])
        store.runs.end(store.runs.begin("scan"), {"found": 6, "analysed": 5, "failed": 1, "seconds": 2.4})
        store.runs.begin("scan")
    return db


def test_json_holds_every_count(tagger: Tagger, library: Path) -> None:
    found = tagger("stats", "--json").json
    runs = found.pop("runs")
    assert found == {
        "model": DEFAULT_MODEL,
        "tracks": 5,
        "hours": round((3 * 60 + 300 + 120) / 3600, 2),
        "silent": 0,
        "no_music": {},
        "missing": 0,
        "genres": {"Jazz": 2, "Rock": 2, "Folk": 1},
        "unsure": 0,
        "unsure_genres": {},
        "energy_levels": [1, 0, 1, 0, 1, 0, 1, 0, 1, 0],
        "genre_energy_levels": {
            "Jazz": [1, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            "Rock": [0, 0, 0, 0, 0, 0, 1, 0, 1, 0],
            "Folk": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        },
        "tempos": {},
        "moods": {},
        "words": {},
        "keys": {},
        "own_tags": {"agrees": 0, "differs": 0, "unsure": 0, "none": 5},
        "failures": {"decode": 1},
    }
    assert [(run["command"], run["finished_at"] is None) for run in runs] == [("scan", True), ("scan", False)]
    assert runs[1]["counts"] == {"found": 6, "analysed": 5, "failed": 1, "seconds": 2.4}


def test_a_person_sees_hours_bars_and_the_last_runs(tagger: Tagger, library: Path) -> None:
    out = tagger("stats").out
    assert out.startswith(f"5 tracks, 0.2 hours, analysed by {DEFAULT_MODEL}\n")
    assert f"  Jazz         2 {'█' * 32}\n" in out
    assert f"  Folk         1 {'█' * 16}\n" in out
    assert "  Rock    ·   ·   ·   ·   ·   ·  50   ·  50   ·\n" in out
    assert "1 could not be analysed (1 at decode); `tagger failures` says why" in out
    assert ": 6 found, 5 analysed, 1 failed, 2 s\n" in out
    assert ": under way, or cut off\n" in out
    assert "tempo" not in out


def test_keys_are_counted_the_most_frequent_first(tagger: Tagger, library: Path) -> None:
    keys = {"Am": 2, "C": 1, "G#m": 2, "Eb": 1, "F": 1, "D": 1, "E": 1}
    in_doubt = heard_in("Am", answer("/m/doubt.mp3", 29), confidence=0.59)
    fill(library, [in_doubt])
    all_keys = [key for key, count in keys.items() for _ in range(count)]
    fill(library, [heard_in(key, answer(f"/m/key/{n}.mp3", 30 + n)) for n, key in enumerate(all_keys)])
    assert [*tagger("stats", "--json").json["keys"].items()] == [
        *(("G#m", 2), ("Am", 2), ("Eb", 1), ("F", 1), ("C", 1), ("D", 1), ("E", 1))
    ]
    assert tagger("stats", "--mixes-with", "8A", "--path", "/key/", "--json").json["keys"] == {
        "Am": 2,
        "C": 1,
    }
    line = "  G#m 1A 2, Am 8A 2, Eb 5B 1, F 7B 1, C 8B 1, D 10B 1"
    assert f"\nmost frequent keys\n{line}\n" in tagger("stats").out


def test_unsure_tracks_are_counted_apart(tagger: Tagger, library: Path) -> None:
    fill(library, [answer(f"/m/doubt/{n}.mp3", 20 + n, genre="Folk", confidence=0.3) for n in range(3)])
    found = tagger("stats", "--json").json
    assert (found["genres"]["Folk"], found["unsure"], found["unsure_genres"]) == (4, 3, {"Folk": 3})
    out = tagger("stats").out
    assert "3 of them with a genre that is not sure: perhaps, below\n" in out
    assert f"  Folk         1 {'█' * 8}{'░' * 24} 3 perhaps\n" in out


def test_the_last_runs_tell_what_was_written_and_restored(tagger: Tagger, library: Path) -> None:
    with Store.open(str(library), create=False) as store:
        written = {"files_written": 1200, "bytes_written": 9, "unchanged": 3, "skipped": 2}
        store.runs.end(store.runs.begin("write-tags"), written)
        store.runs.end(store.runs.begin("undo"), {"run": 3, "files_restored": 4, "skipped": 0})
    lines = tagger("stats").out.splitlines()
    assert [line.split("  ")[2] for line in lines[lines.index("last runs") + 1 :][:2]] == [
        "undo: 4 files restored, 0 skipped",
        "write-tags: 1,200 files written, 2 skipped",
    ]


def test_tempos_are_drawn_once_there_are_any(tagger: Tagger, library: Path) -> None:
    with Store.open(str(library), create=False) as store:
        store.database.connection.execute("UPDATE predictions SET bpm = 90 + 20 * (track_id % 2)")
    out = tagger("stats").out
    assert "tempo in BPM\n  90-99           2" in out
    assert "  100-109         0\n  110-119         3" in out


def test_filters_and_folders_narrow_what_is_counted(tagger: Tagger, library: Path) -> None:
    assert tagger("stats", "--genre", "jazz", "--json").json["genres"] == {"Jazz": 2}
    assert tagger("stats", "/m/rock", "--energy", "0.8-1", "--json").json["tracks"] == 1


def test_nothing_to_count_is_said_plainly(tagger: Tagger, library: Path) -> None:
    result = tagger("stats", "/nowhere")
    assert (result.code, result.out.startswith("0 tracks, 0.0 hours")) == (0, True)
    assert json.loads(tagger("stats", "/nowhere", "--json").out)["energy_levels"] == [0] * 10


def test_silence_is_reported(tagger: Tagger, db: Path) -> None:
    fill(db, [answer("/m/1.mp3", 1), answer("/m/2.mp3", 2)])
    with Store.open(str(db), create=False) as store:
        store.database.connection.execute("UPDATE predictions SET silent = 1 WHERE track_id = 1")
    assert "1 of them silent" in tagger("stats").out
