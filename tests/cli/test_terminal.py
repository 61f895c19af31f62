"""A terminal gets no escape code from tags, paths and databases; a pipe gets every byte."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from tagger.cli import terminal
from tagger.files import AudioFile
from tagger.pipeline import workers
from tagger.pipeline.extract import extract_features
from tests.cli.conftest import Tagger
from tests.sounds import make_sound
from tests.tag_runs.library import make_files, store_analyses

HOSTILE = "=A\x1b]0;owned\x07\x1b[2J\x9b2J"


@pytest.fixture
def library(tmp_path: Path, db: Path) -> Path:
    music = tmp_path / "m\x1b[31mred"
    store_analyses(db, make_files(music, ["mp3"]))
    with closing(sqlite3.connect(db)) as database, database:
        names = (HOSTILE, "B" * 1_000_000)
        database.execute("UPDATE tracks SET title = ?, artist = ?", names)
        database.execute("UPDATE predictions SET genre = ?", (HOSTILE,))
        database.execute("UPDATE genre_scores SET genre = ?", (HOSTILE,))
        database.execute("INSERT INTO runs (command, started_at) VALUES (?, '\x1b[2J')", (HOSTILE,))
        row = ("/m/x", HOSTILE, HOSTILE)
        database.execute("INSERT INTO failures VALUES (?, 1, 1, ?, ?, '2026', '2026')", row)
    return music


def on_a_terminal(*args: object) -> bytes:
    main, other = pty.openpty()
    command = [sys.executable, "-m", "tagger", *map(str, args)]
    env = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=env)
    os.close(other)
    shown = b""
    try:
        while data := os.read(main, 1 << 16):
            shown += data
    except OSError:  # Linux says so at the end
        pass
    os.close(main)
    assert process.wait() in (0, 1), shown
    return shown


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("list", "--csv"),
        ("stats",),
        ("runs",),
        ("failures",),
        ("playlist", "--format", "m3u8"),
        ("playlist", "--format", "paths"),
        ("show",),
    ],
)
def test_no_command_lets_an_escape_code_through(library: Path, command: tuple[str, ...]) -> None:
    more = [next(library.iterdir())] if command == ("show",) else []
    shown = on_a_terminal(*command, *more)
    assert b"\x1b" not in shown and b"\x9b2J" not in shown and b"\xc2\x9b" not in shown
    assert b"\x07" not in shown
    assert len(shown) < 20_000


def test_a_pipe_gets_the_bytes(tagger: Tagger, library: Path) -> None:
    assert HOSTILE in tagger("list", "--csv").out
    assert str(library) in tagger("playlist", "--format", "paths").out


def test_csv_for_spreadsheets_holds_no_formula(tagger: Tagger, library: Path) -> None:
    assert f"'{HOSTILE}" not in tagger("list", "--csv").out
    out = tagger("list", "--csv-safe").out
    assert out.count(f"'{HOSTILE}") == 2  # title and genre
    assert f",{HOSTILE}" not in out


def test_a_long_line_is_shortened_and_says_so() -> None:
    assert terminal.for_terminal("x" * 2_001) == "x" * 2_000 + "… (2,001 characters)"
    assert terminal.lines_for_terminal("a\n\x1b[2J\n") == "a\n\\x1b[2J\n"


def noisy(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a library that prints."""
    warnings.warn("a raw warning", stacklevel=1)
    os.write(1, b"noise on stdout\n")
    os.write(2, b"noise on stderr\n")
    return extract_features(file, model_folder)


def test_a_log_holds_nothing_but_json(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sound(tmp_path / "a.flac", seconds=1.0)
    monkeypatch.setattr(workers, "extract", noisy)
    scanned = tagger("scan", tmp_path / "a.flac", "--json", "--log-format", "json", "--jobs", "3")
    events = [json.loads(line)["event"] for line in scanned.err.splitlines()]
    assert (scanned.code, events) == (0, ["started", "finished"])
    assert scanned.json["analysed"] == 1


def test_an_internal_error_is_a_line_of_the_log_too(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sound(tmp_path / "a.flac", seconds=1.0)
    monkeypatch.setattr("tagger.cli.scan._settings", lambda *settings: 1 / 0)
    ended = tagger("scan", tmp_path / "a.flac", "--log-format", "json")
    assert (ended.code, json.loads(ended.err)["event"]) == (2, "error")
