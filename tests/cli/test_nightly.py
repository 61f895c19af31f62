"""What a scan tells cron and monitoring: the log, the figures, the exit codes."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Tagger
from tests.sounds import make_sound, sweep

SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (?P<value>[^ ]+)( -?\d+)?$")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for i in range(3):
        make_sound(folder / f"{i}.flac", samples=sweep(1.0 + i / 10, 22_050, 1))
    (folder / "broken.mp3").write_text("no music")
    return folder


def events(log: str) -> list[dict[str, Any]]:
    """Every line of a JSON log; fails on a line of another kind."""
    return [json.loads(line) for line in log.splitlines()]


def figures(path: Path) -> dict[str, float]:
    """Reads Prometheus' text format strictly: each sample after its HELP and TYPE, a line end at the end."""
    text = path.read_text()
    assert text.endswith("\n")
    described, typed, values = set[str](), dict[str, str](), dict[str, float]()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            described.add(line.split(" ", 3)[2])
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in described and name not in typed
            typed[name] = kind
        else:
            sample = SAMPLE.match(line)
            assert sample and sample["name"] in typed and sample["name"] not in values, line
            values[sample["name"]] = float(sample["value"])
    assert typed.keys() == values.keys()
    assert set(typed.values()) == {"gauge"}
    return values


def test_a_json_log_is_an_object_a_line_and_stdout_is_as_ever(tagger: Tagger, music: Path) -> None:
    result = tagger("scan", music, "--log-format", "json", "--json")
    log = events(result.err)
    assert [event["event"] for event in log] == ["started", "failed", "finished"]
    started, failed, finished = log
    assert started["paths"] == [str(music)]
    assert (failed["path"], failed["stage"]) == (f"{music}/broken.mp3", "decode")
    assert (finished["analysed"], finished["failed"], finished["left"]) == (3, 1, 0)
    assert all(re.match(r"\d{4}-\d\d-\d\dT.*\+00:00$", event["time"]) for event in log)
    assert result.code == 1
    assert result.json == {name: finished[name] for name in result.json}
    table = tagger("scan", music, "--log-format", "json")
    assert "analysed" in table.out
    assert [event["event"] for event in events(table.err)] == ["started", "finished"]


def test_a_json_log_tells_of_a_drive_that_is_not_mounted(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    tagger("scan", music)
    music.rename(tmp_path / "elsewhere")
    music.mkdir()
    metrics = tmp_path / "tagger.prom"
    result = tagger("scan", music, "--log-format", "json", "--metrics-file", metrics)
    log = events(result.err)
    assert [event["event"] for event in log] == ["started", "unmounted", "finished"]
    assert log[1]["path"] == str(music)
    assert (result.code, metrics.exists()) == (1, False)  # no success, which a monitor would believe
    music.rmdir()
    for gone in (music, os.path.relpath(music)):
        result = tagger("scan", tmp_path / "elsewhere", gone, "--metrics-file", metrics)
        assert (result.code, metrics.exists()) == (1, False)


def test_figures_are_not_written_over_music(tagger: Tagger, music: Path) -> None:
    (song, *_) = sorted(path for path in music.iterdir() if path.suffix == ".flac")
    content = song.read_bytes()
    result = tagger("scan", music, "--metrics-file", song)
    assert (result.code, result.err) == (
        2,
        f"tagger: {song}: holds something else than text, and is not written over; give another name\n",
    )
    assert song.read_bytes() == content


def test_what_ends_a_scan_is_a_line_of_a_json_log(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    for wrong in (("/nowhere",), (music, "--budget", "soon"), (music, "--model", "none")):
        result = tagger("scan", *wrong, "--log-format", "json")
        (error,) = events(result.err)
        assert (error["event"], result.code, result.out) == ("error", 2, "")
        assert error["reason"]


@pytest.mark.slow
def test_an_interruption_is_a_line_and_the_last_success_stays(
    tagger: Tagger, music: Path, db: Path, tmp_path: Path
) -> None:
    metrics = tmp_path / "tagger.prom"
    assert tagger("scan", music, "--metrics-file", metrics).code == 1
    before, content = figures(metrics), metrics.read_bytes()
    assert before["tagger_tracks"] == before["tagger_scan_analysed"] == 3
    assert before["tagger_scan_failed"] == 1
    assert abs(before["tagger_last_success_timestamp_seconds"] - time.time()) < 60
    for i in range(40):
        make_sound(music / f"new {i}.flac", seconds=5.0 + i / 20, rate_hz=22_050, channels=1)
    command = [sys.executable, "-m", "tagger", "scan", music, "--log-format", "json"]
    process = subprocess.Popen(
        [*command, "--metrics-file", metrics], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    first = process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    out, rest = process.communicate(timeout=100)
    log = events(first + rest)
    assert [event["event"] for event in log] == ["started", "interrupted"]
    assert (process.returncode, out) == (130, "")
    assert metrics.read_bytes() == content


def test_the_figures_are_replaced_in_one_step(
    tagger: Tagger, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = tmp_path / "figures" / "tagger.prom"
    metrics.parent.mkdir()
    metrics.write_text("old")
    replaced: list[str] = []
    replace = os.replace

    def watched(source: str, target: str, **folders: int) -> None:
        if Path(target).name == metrics.name:  # names in a held folder, or whole paths
            draft = metrics.parent / source
            assert metrics.read_text() == "old"
            assert figures(draft)["tagger_tracks"] == 3  # whole before it takes the place
            replaced.append(source)
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", watched)
    tagger("scan", music, "--metrics-file", metrics)
    assert len(replaced) == 1
    assert os.listdir(metrics.parent) == ["tagger.prom"]


def test_a_metrics_file_that_cannot_be_written_is_refused_before_the_scan(
    tagger: Tagger, music: Path, db: Path
) -> None:
    result = tagger("scan", music, "--metrics-file", "/no/such/folder/x.prom")
    assert result.err == (
        "tagger: --metrics-file /no/such/folder/x.prom: its folder does not exist; make it first\n"
    )
    assert (result.code, db.exists()) == (2, False)
    result = tagger("scan", music, "--metrics-file", music)
    assert result.err == f"tagger: {music}: not a regular file; give another name\n"
    assert (result.code, db.exists()) == (2, False)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities of processes are of POSIX")
def test_nice_lowers_the_priority_of_this_process_and_its_workers(
    tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "nice", asked.append)
    tagger("scan", music)
    assert asked == []
    tagger("scan", music, "--nice")
    assert asked == [10]


@pytest.mark.parametrize("option", ["--budget", "--forget-after"])
@pytest.mark.parametrize("value", ["", "soon", "2", "2w", "-1h", "nan h", "1e99d"])
def test_a_wrong_duration_is_refused_in_one_line(
    tagger: Tagger, music: Path, db: Path, option: str, value: str
) -> None:
    result = tagger("scan", music, f"{option}={value}")
    assert result.err == f"tagger: {option} {value}: give a duration such as 90s, 45m, 2h or 30d\n"
    assert (result.code, result.out, db.exists()) == (2, "", False)


def test_a_track_is_forgotten_when_it_has_been_missing_for_long_enough(
    tagger: Tagger, music: Path, db: Path
) -> None:
    def n_tracks() -> int:
        return len(tagger("list", "--json").json)

    tagger("scan", music)
    (music / "1.flac").unlink()
    tagger("scan", music)
    with sqlite3.connect(db) as database:
        since = "strftime('%Y-%m-%dT%H:%M:%S.000+00:00', 'now', '-40 days')"
        database.execute(f"UPDATE tracks SET missing_since = {since} WHERE missing_since NOTNULL")
    tagger("scan", music, "--forget-after", "50d")
    assert n_tracks() == 3
    tagger("scan", music)  # 30 days, unless told otherwise
    assert n_tracks() == 2
