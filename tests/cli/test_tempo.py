"""A tempo's way through the program: predicted, stored, listed, played, written and taken back."""

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tagger.tags import read
from tests import tempo_model
from tests.cli.conftest import Tagger
from tests.sounds import make_sound
from tests.tag_runs.library import contents

RATE_HZ = 44_100
PREDICTED = {"high.flac": tempo_model.HIGH_BPM, "low.mp3": tempo_model.LOW_BPM, "silence.wav": None}


def tone(hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(5 * RATE_HZ) / RATE_HZ).astype(np.float32)[None] / 2


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return tempo_model.make_model(tmp_path / "model", monkeypatch)


@pytest.fixture
def music(tagger: Tagger, model: str, tmp_path: Path) -> Path:
    """The files of `PREDICTED`, scanned with a model that predicts tempo."""
    folder = tmp_path / "music"
    folder.mkdir()
    make_sound(folder / "low.mp3", samples=tone(100))
    make_sound(folder / "high.flac", samples=tone(6000))
    make_sound(folder / "silence.wav", samples=np.zeros((1, 5 * RATE_HZ), np.float32))
    assert tagger("scan", folder, "--model", model).code == 0
    return folder


def bpms(rows: list[dict[str, object]]) -> dict[str, object]:
    return {Path(str(row["path"])).name: row["bpm"] for row in rows}


def test_list_tells_each_tempo_and_none_of_silence(tagger: Tagger, music: Path) -> None:
    assert bpms(tagger("list", "--json").json) == PREDICTED
    rows = csv.DictReader(io.StringIO(tagger("list", "--csv").out))
    assert [row["bpm"] for row in rows] == ["127.6", "100.4", ""]
    shown = [line.split()[-3] for line in tagger("list", "--bpm", "1-999").out.splitlines()]
    assert shown == ["bpm", "127.6", "100.4"]


def test_show_tells_a_tempo_and_how_sure_it_is(tagger: Tagger, music: Path, model: str) -> None:
    stored = tagger("show", music / "high.flac", "--json").json
    assert (stored["bpm"], stored["bpm_confidence"]) == (127.6, pytest.approx(0.99, abs=0.01))
    assert "99% " in (shown := tagger("show", music / "high.flac").out) and shown.count(" 127.6 BPM\n") == 1
    silent = tagger("show", music / "silence.wav", "--json").json
    assert (silent["bpm"], silent["bpm_confidence"]) == (None, None)
    assert (silent["silent"], silent["genre"], silent["genre_confidence"], silent["genres"]) == (
        True,
        None,
        None,
        {},
    )
    assert {window["genre"] for window in silent["windows"]} == {None}
    assert "BPM" not in tagger("show", music / "silence.wav").out


def test_show_predicts_a_tempo_on_the_spot(tagger: Tagger, model: str, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "new.wav", samples=tone(100))
    shown = tagger("show", path, "--model", model, "--json").json
    assert (shown["bpm"], shown["stored"]) == (100.4, False)


@pytest.mark.parametrize(
    ("bpm", "expected"),
    [
        ("120-130", ["high.flac"]),
        ("100.4-127.6", ["low.mp3", "high.flac"]),
        ("128", ["high.flac"]),
        ("-99", []),
    ],
)
def test_a_playlist_has_the_tempos_asked_for_in_their_order(
    tagger: Tagger, music: Path, bpm: str, expected: list[str]
) -> None:
    result = tagger("playlist", f"--bpm={bpm}", "--sort", "bpm", "--format", "json")
    assert list(bpms(result.json)) == expected
    assert "tempo" not in result.err
    assert bpms(result.json) == {name: PREDICTED[name] for name in expected}


def test_an_xspf_playlist_carries_the_tempo(tagger: Tagger, music: Path) -> None:
    root = ET.fromstring(tagger("playlist", "--bpm", "120-130", "--format", "xspf").out)
    assert [e.text for e in root.iter("{urn:x-tagger:xspf:1}bpm")] == ["127.60"]


def test_stats_counts_tempos(tagger: Tagger, music: Path) -> None:
    assert tagger("stats", "--json").json["tempos"] == {"100": 1, "120": 1}


def test_tempos_are_written_and_taken_back(tagger: Tagger, music: Path) -> None:
    before = contents(music)
    assert tagger("write-tags", "--yes").code == 0
    assert {path.name: read(str(path)).bpm for path in sorted(music.iterdir())} == {
        "high.flac": "128",
        "low.mp3": "100",
        "silence.wav": None,
    }
    assert tagger("write-tags", "--yes", "--json").json["files_written"] == 0
    tagger("undo", "--yes")
    assert contents(music) == before


def test_a_file_that_was_moved_and_tagged_keeps_its_tempo(tagger: Tagger, music: Path, model: str) -> None:
    tagger("write-tags", "--yes")
    (music / "low.mp3").rename(music / "moved.mp3")
    again = tagger("scan", music, "--model", model, "--json").json
    assert (again["analysed"], again["moved"]) == (0, 1)
    assert bpms(tagger("list", "--json").json)["moved.mp3"] == tempo_model.LOW_BPM


def test_answers_of_a_model_without_tempo_stand_beside_it(
    tagger: Tagger, music: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tempo_model.make_model(tmp_path / "other", monkeypatch, hears_tempo=False)
    tagger("scan", music, "--model", other)
    assert set(bpms(tagger("list", "--json").json).values()) == {None}
    assert f"no track has a tempo from {tempo_model.WITHOUT_TEMPO}, so" in tagger("list", "--bpm", "120").err
    assert bpms(tagger("list", "--model", model, "--json").json) == PREDICTED
