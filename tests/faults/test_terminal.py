"""A terminal gets no escape code from tags, paths and databases; a pipe gets every byte."""

import json
import os
import sqlite3
import sys
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from tagger.cli import terminal
from tagger.files import AudioFile
from tagger.pipeline import workers
from tagger.tags import Change, apply
from tagger.training.datasets.music_folders import split_of
from tests.cli.conftest import Tagger, on_a_terminal
from tests.own_model import make_own_model
from tests.sounds import make_sound
from tests.tag_runs.library import make_files, store_analyses

HOSTILE = "=A\x1b]0;owned\x07\x1b[2J\x9b2J\x9d0;b\x9c\u202eevil\u2066\x85\x7f"
"""Titles a window, clears the screen in both spellings, rings, turns the line around, breaks it, deletes."""

IN_A_NAME = f"{HOSTILE}\n\udc9b2J"
"""A name holds line ends, too, and bytes that are no UTF-8."""


@pytest.fixture
def music(tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose names, tags, models and stored rows would like to command the terminal."""
    if sys.platform != "linux":
        pytest.skip("there is no pty, or no file may be called so")
    folder = tmp_path / f"m{IN_A_NAME}"
    song, flac, wav = make_files(folder, ["mp3", "flac", "wav"])
    apply(flac, [Change("genre", (), (HOSTILE,))])
    store_analyses(db, [song, flac, wav])
    (folder / f"torn{IN_A_NAME}.mp3").write_bytes(b"no music")
    monkeypatch.setenv("TAGGER_MODELS", str(tmp_path / "models"))
    make_own_model(
        tmp_path / "models" / "mine", HOSTILE, version=HOSTILE, genres=[HOSTILE], figures={HOSTILE: 0.5}
    )
    (tmp_path / "lists.toml").write_text('["\\u001b[2J"]\noutput = "x"\nformat = "\\u001b]owned"\n')
    with closing(sqlite3.connect(db)) as database, database:
        database.execute("UPDATE tracks SET title = ?, artist = ?, damaged = 1", (HOSTILE, "B" * 1_000_000))
        database.execute("UPDATE tracks SET album = ?, codec = ?, audio_id = 'same'", (HOSTILE, HOSTILE))
        database.execute("UPDATE tracks SET tag_genres = ?", (json.dumps([f"Opera {HOSTILE}"]),))
        database.execute("UPDATE genre_scores SET genre = ?", (HOSTILE,))
        database.execute("UPDATE predictions SET genre = ?", (HOSTILE,))
        database.execute("INSERT INTO runs (command, started_at) VALUES (?, ?)", (HOSTILE, HOSTILE))
        database.execute("INSERT INTO failures VALUES (?, 1, 1, ?, ?, '1', '1')", ("/m/x", HOSTILE, HOSTILE))
        database.execute("INSERT INTO ignored VALUES (?, '2026')", (f"/m/{HOSTILE}",))
    return folder


SONG, TORN, MUSIC, MODEL, LISTS = ["SONG", "TORN", "MUSIC", "MODEL", "LISTS"]
"""Stand for paths of the library."""

COMMANDS: dict[tuple[str, ...], int] = {
    ("list",): 0,
    ("list", "--csv"): 0,
    ("list", "--csv-safe"): 0,
    ("list", "--genre", HOSTILE): 2,
    ("list", "--sort", HOSTILE): 2,
    ("list", MUSIC): 0,
    ("list", "--db", HOSTILE): 2,
    ("list", "--model", HOSTILE): 2,
    ("list", f"--no{HOSTILE[1:]}"): 2,
    ("stats",): 0,
    ("runs",): 0,
    ("failures",): 0,
    ("failures", "--damaged"): 0,
    ("audit",): 0,
    ("audit", "--csv"): 0,
    ("audit", "--playlist", f"{HOSTILE}.nsp"): 2,
    ("duplicates",): 0,
    ("playlist", "--format", "m3u8"): 0,
    ("playlist", "--format", "xspf"): 0,
    ("playlist", "--format", "pls"): 0,
    ("playlist", "--format", "paths"): 2,
    ("playlist", "--format", "json"): 0,
    ("playlist", "--format", "csv"): 0,
    ("playlist", "--format", "rekordbox"): 2,
    ("playlist", "--format", "nml"): 2,
    ("playlist", "--format", "serato"): 2,
    ("playlist", "--format", "mpd", "--relative-to", "/"): 2,
    ("playlist", "--title", HOSTILE, "--format", "nsp"): 0,
    ("playlist", "--like", TORN): 2,
    ("playlists", "apply", LISTS): 1,
    ("show", SONG): 0,
    ("show", TORN): 2,
    ("doctor", SONG, HOSTILE): 1,
    ("doctor", SONG, "--for", HOSTILE): 2,
    ("ignore",): 0,
    ("ignore", SONG): 0,
    ("ignore", "--remove", SONG): 2,
    ("write-tags", "--dry-run"): 0,
    ("write-tags", "--plan", TORN, "--dry-run"): 2,
    ("write-tags", "--save-plan", f"{HOSTILE}/x"): 2,
    ("undo", HOSTILE): 2,
    ("models",): 0,
    ("models", "add", MODEL): 2,
    ("models", "remove", HOSTILE): 2,
    ("models", "compare", MODEL, SONG, "--limit", "0"): 0,
    ("help", HOSTILE): 2,
    (HOSTILE,): 2,
    ("scan", HOSTILE): 2,
    ("scan", SONG, "--metrics-file", f"{HOSTILE}/x"): 2,
    ("watch", HOSTILE): 2,
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words).replace(HOSTILE, "HOSTILE"))
def test_no_command_lets_a_control_character_through(music: Path, command: tuple[str, ...]) -> None:
    code, shown = on_a_terminal(*(named(word, music) for word in command))
    assert not commands_in(shown), shown
    assert "owne" in shown, shown  # it has spoken of something hostile
    assert len(shown) < 20_000
    assert code == COMMANDS[command], shown


def test_no_question_and_no_preview_does(music: Path) -> None:
    for typed, *command in (
        ("n\n", "write-tags", "--genre", "replace"),
        ("y\n", "write-tags", "--genre", "replace"),
        ("", "undo", "--dry-run"),
        ("n\n", "undo"),
    ):
        code, shown = on_a_terminal(*command, typed=typed)
        assert (code, commands_in(shown)) == (0, set()), shown
        assert "owned" in shown


@pytest.mark.slow
def test_no_scan_watch_picture_or_figure_does(music: Path, tmp_path: Path) -> None:
    (torn,) = music.glob("torn*")
    clips = tmp_path / "clips" / "Rock"
    clips.mkdir(parents=True)
    torn.rename(clips / torn.name)
    split = split_of(torn.stem)
    for code, *command in (
        (1, "scan", clips),
        (130, "watch", clips, music / "gone"),
        (2, "spectrogram", clips / torn.name),
        (2, "evaluate", "--data", clips.parent, "--layout", "folders", "--split", split),
    ):
        ended, shown = on_a_terminal(*command, typed="\x03", after="waiting until it is")
        assert (ended, commands_in(shown)) == (code, set()), shown
        assert "owned" in shown


def named(word: str, music: Path) -> str:
    (torn,) = music.glob("torn*")
    places = {
        SONG: music / "mp3.mp3",
        TORN: torn,
        MUSIC: music,
        MODEL: music.parent / "models" / "mine",
        LISTS: music.parent / "lists.toml",
    }
    return str(places.get(word, word))


def commands_in(shown: str) -> set[str]:
    """The characters that a terminal would obey, the ends of lines aside."""
    return {one for one in shown if not (one.isprintable() or one in "\r\n" or "\udca0" <= one <= "\udcff")}


def test_a_pipe_gets_the_bytes(tagger: Tagger, music: Path) -> None:
    assert HOSTILE in tagger("list", "--csv").out
    assert HOSTILE in tagger("playlist", "--format", "json").json[0]["path"]


def test_csv_for_spreadsheets_holds_no_formula(tagger: Tagger, music: Path) -> None:
    assert f"'{HOSTILE}" not in tagger("list", "--csv").out
    out = tagger("list", "--csv-safe").out
    assert out.count(f"'{HOSTILE}") == 3 * len(("title", "album", "genre"))
    assert f",{HOSTILE}" not in out


def test_a_long_line_is_shortened_and_says_so() -> None:
    assert terminal.for_terminal("x" * 2_001) == "x" * 2_000 + "… (2,001 characters)"
    assert terminal.lines_for_terminal("a\n\x1b[2J\n") == "a\n\\x1b[2J\n"


def noisy(file: AudioFile, model_folder: str, known_sounds: str | None) -> workers.Outcome:
    """Stands in for a library that prints."""
    warnings.warn("a raw warning", stacklevel=1)
    os.write(1, b"noise on stdout\n")
    os.write(2, b"noise on stderr\n")
    return workers.analyse(file, model_folder, known_sounds)


def test_a_log_holds_nothing_but_json(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sound(tmp_path / "a.flac", seconds=1.0)
    monkeypatch.setattr("tagger.pipeline.scan.analyse", noisy)
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
