"""The commands that read what a scan has stored."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tagger.cli import COMMANDS
from tagger.files import AudioFile
from tagger.model_card import DEFAULT_MODEL, load_card
from tagger.store import Store
from tagger.types import Analysis, Prediction, Recording, WindowAnswer
from tests.cli.conftest import Tagger
from tests.own_model import SMALL_MODEL
from tests.sounds import make_sound

GENRES = load_card(DEFAULT_MODEL).genres
TRACKS = [
    ("/m/a.mp3", "Rock", 0.9, 0.95),
    ("/m/b.mp3", "Rock", 0.6, 0.2),
    ("/m/jazz/c.mp3", "Jazz", 0.8, 0.5),
]


@pytest.fixture
def library(db: Path) -> Path:
    """A database that holds TRACKS."""
    analyses = []
    for path, genre, confidence, energy in TRACKS:
        rest = (1 - confidence) / (len(GENRES) - 1)
        genres = {name: confidence if name == genre else rest for name in GENRES}
        answer = Prediction(
            DEFAULT_MODEL, genres, genre, confidence, energy, (), np.zeros(4, np.float16), False
        )
        recording = Recording("0" * 32, 60.0, "mp3", 44_100, 2)
        analyses.append(Analysis(AudioFile(path, 1, 1), recording, answer))
    with Store.open(str(db), create=True) as store:
        store.record_batch(analyses, [])
    return db


def paths(result: list[dict[str, object]]) -> list[object]:
    return [row["path"] for row in result]


def test_list_json_has_the_promised_keys(tagger: Tagger, library: Path) -> None:
    rows = tagger("list", "--json").json
    assert rows[0] == {
        "path": "/m/a.mp3",
        "title": None,
        "artist": None,
        "album": None,
        "year": None,
        "duration_s": 60.0,
        "genre": "Rock",
        "genre_confidence": 0.9,
        "energy": 0.95,
        "energy_level": 10,
        "bpm": None,
        "bpm_confidence": None,
        "silent": False,
        "missing": False,
        "damaged": False,
        "tag_genres": [],
        "tag_energy_level": None,
        "tag_bpm": None,
        "valence": None,
        "mood": None,
        "mood_confidence": None,
        "words": {},
        "corrected": [],
        "sound": "music",
        "key": None,
        "camelot": None,
        "key_confidence": None,
        "second_bpm": None,
        "second_bpm_confidence": None,
        "tag_key": None,
    }
    assert len(rows) == 3


def test_a_missing_track_is_marked_in_every_form(tagger: Tagger, library: Path) -> None:
    with Store.open(str(library), create=False) as store:
        store.files.mark_missing([track_id for track_id, *_ in store.files.beneath(["/m/b.mp3"])], [])
    assert [row["missing"] for row in tagger("list", "--json").json] == [False, True, False]
    assert [line.endswith("  (missing)") for line in tagger("list").out.splitlines()] == [0, 0, 1, 0]
    header, *lines = tagger("list", "--csv").out.splitlines()
    assert header.startswith("path,genre,genre_confidence,energy,energy_level,bpm,missing,title,")
    assert [line.split(",")[6] for line in lines] == ["false", "true", "false"]
    assert [tagger("show", path, "--json").json["missing"] for path in ("/m/a.mp3", "/m/b.mp3")] == [
        False,
        True,
    ]
    assert tagger("stats").out.splitlines()[1].startswith("1 of them missing")
    assert tagger("stats", "--json").json["missing"] == 1
    assert tagger("stats", "--genre", "jazz", "--json").json["missing"] == 0


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--genre", "rOcK"), ["/m/a.mp3", "/m/b.mp3"]),
        (("--energy", "high"), ["/m/a.mp3"]),
        (("--energy", "MEDIUM"), ["/m/jazz/c.mp3"]),
        (("--energy", "0.2-0.5"), ["/m/b.mp3", "/m/jazz/c.mp3"]),
        (("--genre", "rock", "--energy", "low"), ["/m/b.mp3"]),
        (("--limit", "1"), ["/m/a.mp3"]),
        (("--limit", "0"), []),
        (("/m/jazz",), ["/m/jazz/c.mp3"]),
        (("/m/b.mp3", "/m/jazz"), ["/m/b.mp3", "/m/jazz/c.mp3"]),
        (("/m/ja",), []),
    ],
)
def test_list_filters(tagger: Tagger, library: Path, args: tuple[str, ...], expected: list[str]) -> None:
    assert paths(tagger("list", *args, "--json").json) == expected


def test_list_prints_a_line_a_track(tagger: Tagger, library: Path) -> None:
    lines = tagger("list").out.splitlines()
    assert len(lines) == 4
    assert lines[1].split() == ["Rock", "90%", "–", "0.95", "10", "–", "–", "/m/a.mp3"]


def test_list_csv_can_be_read_back(tagger: Tagger, library: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(tagger("list", "--csv").out)))
    assert [row["path"] for row in rows] == [path for path, *_ in TRACKS]
    assert rows[2]["genre"] == "Jazz"
    assert set(rows[0]) == set(tagger("list", "--json").json[0])
    assert (rows[0]["silent"], rows[0]["duration_s"], rows[0]["artist"]) == ("false", "60.0", "")
    assert float(rows[2]["energy"]) == 0.5


def test_a_name_with_line_ends_is_one_field_of_csv(tagger: Tagger, tmp_path: Path) -> None:
    names = {"a\rb.wav", "c\nd.wav", 'e"f.wav'}
    for name in names:
        make_sound(tmp_path / name, seconds=1.0)
    tagger("scan", tmp_path, "-q")
    rows = csv.DictReader(io.StringIO(tagger("list", "--csv").out, newline=""))
    assert {os.path.basename(row["path"]) for row in rows} == names


def test_a_device_that_there_is_not_is_refused_whether_or_not_the_file_is_known(
    tagger: Tagger, library: Path
) -> None:
    for path in ("/m/a.mp3", "/m/unknown.mp3"):
        result = tagger("show", path, "--device", "tpu")
        assert (result.code, result.err) == (2, "tagger: --device tpu: give auto, cpu, cuda or mps\n")


def test_a_wrong_genre_is_answered_with_the_nearest_and_the_list(tagger: Tagger, library: Path) -> None:
    result = tagger("list", "--genre", "hip")
    assert result.code == 2
    assert "did you mean 'Hip-Hop'?" in result.err
    assert all(genre in result.err for genre in GENRES)


@pytest.mark.parametrize("energy", ["loud", "0.1-1.5", "-0.2-0.4", "nan-0.4", "0.4"])
def test_a_wrong_energy_is_refused(tagger: Tagger, library: Path, energy: str) -> None:
    result = tagger("list", f"--energy={energy}")
    assert result.code == 2
    assert "low, medium, high, a range" in result.err


@pytest.mark.parametrize("command", ["list", "failures"])
def test_without_a_database_the_way_on_is_shown(tagger: Tagger, command: str, db: Path) -> None:
    result = tagger(command)
    assert result.code == 2
    assert f"no database at {db}; run `tagger scan FOLDER` first" in result.err
    assert not db.exists()


def test_control_characters_do_not_reach_the_terminal(tagger: Tagger, library: Path) -> None:
    answer = Prediction(DEFAULT_MODEL, {}, "Rock", 0.5, 0.5, (), np.zeros(4, np.float16), False)
    recording = Recording("1" * 32, 1.0, "mp3", 44_100, 2)
    with Store.open(str(library), create=False) as store:
        store.record_batch([Analysis(AudioFile("/m/\x1b[2J\n.mp3", 1, 1), recording, answer)], [])
    out = tagger("list", "/m/\x1b[2J\n.mp3").out
    assert "\x1b" not in out
    assert r"/m/\x1b[2J\n.mp3" in out


def test_every_command_gives_a_track_the_same_fields(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "a.flac", seconds=3.0)
    tagger("scan", path)
    (listed,) = tagger("list", "--json").json
    shown = tagger("show", path, "--json").json
    assert listed["mood"] is not None
    assert listed["words"] == {word: p for word, p in shown["words"].items() if p >= 0.5}
    assert {key: shown[key] for key in listed} == listed | {"words": shown["words"]}
    assert tagger("playlist", "--format", "json").json == [listed]
    (drawn,) = tagger("spectrogram", path, "-o", tmp_path / "a.png", "--json").json["files"]
    for name in ("tag_genres", "corrected"):
        assert drawn.pop(name) == listed.pop(name) == []
    assert drawn.pop("words") == pytest.approx(listed.pop("words"), abs=0.011)
    assert {key: drawn[key] for key in listed} == pytest.approx(listed, abs=2e-3)


def test_show_analyses_an_unknown_file_and_stores_nothing(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "new.mp3", seconds=31.0)
    result = tagger("show", path, "--json").json
    assert result["stored"] is False
    assert set(result["genres"]) == set(GENRES)
    assert sum(result["genres"].values()) == pytest.approx(1, abs=0.01)
    assert [window["start_s"] for window in result["windows"]] == pytest.approx([1.2, 10.5, 19.8], abs=0.1)
    course = [result[f"energy_{part}"] for part in ("intro", "middle", "outro")]
    assert course == [window["energy"] for window in result["windows"]]
    assert (result["codec"], result["sample_rate_hz"], result["channels"]) == ("mp3", 44_100, 2)
    assert not db.exists()


def test_show_of_a_scanned_file_is_the_stored_answer(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "known.flac", seconds=3.0)
    alone = tagger("show", path, "--json").json
    tagger("scan", path)
    stored = tagger("show", path, "--json").json
    assert stored["stored"] is True
    assert stored["genres"] == pytest.approx(alone["genres"], abs=2e-3)
    assert stored["audio_id"] == alone["audio_id"]


def test_show_says_whether_the_file_has_changed_or_is_gone_since(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "known.flac", seconds=3.0)
    tagger("scan", path)
    assert tagger("show", path).err == ""
    os.utime(path, (1, 1))
    changed = "changed since it was scanned; `tagger scan` analyses it again"
    assert tagger("show", path).err == f"tagger: {path}: {changed}\n"
    os.unlink(path)
    gone = "gone since it was scanned; if it was moved, `tagger scan` finds it"
    assert tagger("show", path).err == f"tagger: {path}: {gone}\n"


def test_show_draws_the_first_five_genres(tagger: Tagger, tmp_path: Path) -> None:
    out = tagger("show", make_sound(tmp_path / "x.wav", seconds=5.0)).out
    first, second = out.split("\n\n")[1:3]
    drawn = [line for line in first.splitlines() if "It is sure from" not in line]
    assert len(drawn) == 5 and all(line[2:18].strip() in GENRES for line in drawn)
    assert not any(genre in second for genre in GENRES)
    assert "level" in out
    assert "just now and not stored" in out


def test_show_draws_energy_over_the_track(tagger: Tagger, db: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "x.mp3")
    windows = (
        WindowAnswer(36.0, "Folk", 0.5, 0.1),
        WindowAnswer(95.0, "Rock", 0.7, 0.525),
        WindowAnswer(1543.2, "Rock", 0.8, 1.0),
    )
    answer = Prediction(
        DEFAULT_MODEL, {"Rock": 0.6, "Folk": 0.4}, "Rock", 0.6, 0.55, windows, np.zeros(4, np.float16), False
    )
    with Store.open(str(db), create=True) as store:
        store.record_batch(
            [Analysis(AudioFile(path, 1, 1), Recording("0" * 32, 1800.0, "mp3", 44_100, 2), answer)], []
        )
    drawn = [line for line in tagger("show", path).out.splitlines() if line.startswith("  at ")]
    assert drawn == [
        "  at 0:36          0.10 ██                   Folk            50%",
        "  at 1:35          0.53 ██████████▌          Rock            70%",
        "  at 25:43         1.00 ████████████████████ Rock            80%",
    ]


@pytest.mark.parametrize("name", ["missing.mp3", "."])
def test_show_of_what_is_no_file_is_refused(tagger: Tagger, tmp_path: Path, name: str) -> None:
    result = tagger("show", tmp_path / name)
    assert result.code == 2
    assert result.err.count("\n") == 1


def test_models_tells_genres_and_figures(tagger: Tagger, library: Path) -> None:
    small, standard, thorough = tagger("models", "--json").json
    assert (small["id"], standard["id"], thorough["id"]) == (SMALL_MODEL, DEFAULT_MODEL, "thorough-3")
    assert standard["genres"] == small["genres"] == thorough["genres"] == list(GENRES)
    assert thorough["figures"]["hit"] > standard["figures"]["hit"]
    assert standard["tempo"]
    assert standard["figures"]["hit"] >= 0.5
    assert standard["tracks"] == 3
    assert small["tracks"] == 0


def test_help_waits_for_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['tagger', '--help']\n"
        "import tagger.cli\n"
        "try: tagger.cli.main()\n"
        "except SystemExit: print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "scan" in out
    assert not {"numpy", "torch", "av", "sqlite_utils", "librosa", "mutagen"} & set(
        out.splitlines()[-1].split()
    )


@pytest.mark.parametrize("command", [*COMMANDS, *(f"models {name}" for name in ("add", "compare", "remove"))])
def test_help_cuts_no_word_in_a_terminal_of_80_columns(
    command: str, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = tagger(*command.split(), "--help")
    assert result.code == 0
    assert f"tagger {command}" in result.out
    assert "…" not in result.out


def test_a_reader_that_stops_early_is_no_fault(library: Path) -> None:
    command = f"{sys.executable} -m tagger list --db {library} | head -n 1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    assert (result.stderr, result.returncode) == ("", 0)


def test_names_survive_any_encoding_of_the_locale(tagger: Tagger, tmp_path: Path) -> None:
    path = make_sound(tmp_path / "söng.wav", seconds=1.0)
    tagger("scan", path)
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    for command in ("list", "stats"):
        asked = [sys.executable, "-m", "tagger", command]
        result = subprocess.run(asked, capture_output=True, env=environment)
        assert (result.returncode, result.stderr) == (0, b"")
        assert command != "list" or os.fsencode(path) in result.stdout


def test_closed_and_full_outputs_are_reported_in_one_line(library: Path) -> None:
    closed = f"{sys.executable} -m tagger list --db {library} 2>&-"
    assert subprocess.run(["bash", "-c", closed], capture_output=True).returncode == 0
    if os.path.exists("/dev/full"):
        full = f"{sys.executable} -m tagger list --db {library} > /dev/full"
        result = subprocess.run(["bash", "-c", full], capture_output=True, text=True)
        assert result.returncode == 2
        assert "No space left" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_doctor_does_not_wait_for_a_fifo(tagger: Tagger, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.mp3")
    result = tagger("doctor", tmp_path / "x.mp3")
    assert result.code != 0
    assert "not a regular file" in result.err


def test_a_limit_beyond_all_bounds_is_no_fault(tagger: Tagger, library: Path) -> None:
    assert len(tagger("list", "--limit", 10**20, "--json").json) == 3


@pytest.mark.parametrize("command", [("list",), ("stats",), ("scan", "."), ("show", "x.mp3"), ("undo",)])
def test_a_folder_as_database_is_reported_with_a_file_to_name(
    tagger: Tagger, tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = tagger(*command, "--db", tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"tagger: {tmp_path}: a folder; name the file in it, such as {tmp_path}/tagger.db\n"
    assert not os.path.exists(f"{tmp_path}.lock")


@pytest.mark.parametrize("command", ["list", "stats"])
def test_a_path_without_tracks_is_reported(
    tagger: Tagger, library: Path, tmp_path: Path, command: str
) -> None:
    result = tagger(command, "/m/jazz", tmp_path, "/m/jaz", "--json")
    assert (result.code, result.err.splitlines()) == (
        0,
        [
            f"tagger: {tmp_path}: no track in the database; `tagger scan` it first",
            "tagger: /m/jaz: no such file or folder, and no track in the database; check the name",
        ],
    )
    assert "Jazz" in result.out
    assert tagger(command, "/m", "--genre", "blues").err == ""


def test_no_failures_are_reported_in_a_friendly_line(tagger: Tagger, library: Path) -> None:
    result = tagger("failures")
    assert (result.code, result.out, result.err) == (0, "", "tagger: no file has failed\n")
    as_json = tagger("failures", "--json")
    assert (as_json.code, as_json.json, as_json.err) == (0, [], "")


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("list", ""), "a PATH is empty"),
        (("write-tags", "", "/m", "--yes"), "a PATH is empty"),
        (("scan", "/", ""), "a PATH is empty"),
        (("list", "--energy", ""), "--energy : give"),
        (("list", "--bpm", ""), "--bpm : give"),
        (("stats", "--year", ""), "--year : give"),
        (("write-tags", "--yes", "--min-confidence", "nan"), "give a number from 0 to 1"),
    ],
)
def test_what_is_empty_or_no_number_is_not_taken_for_everything(
    tagger: Tagger, library: Path, args: tuple[str, ...], text: str
) -> None:
    result = tagger(*args)
    assert text in result.err
    assert result.code == 2


def test_a_limit_of_any_size_is_a_limit(tagger: Tagger, library: Path) -> None:
    assert tagger("runs", "--limit", "9" * 30).code == 0
    assert "no run" in tagger("undo", "9" * 30).err
