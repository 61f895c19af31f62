"""A library whose files say something themselves: scanned, retagged, written, and scanned again."""

import json
import sqlite3
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import mutagen
import pytest

from tagger.cli.table import print_table
from tagger.errors import UnreadableFile
from tagger.pipeline import extract
from tagger.types import Track
from tests.cli.conftest import Tagger
from tests.sounds import make_sound

pytestmark = pytest.mark.usefixtures("threads")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process, so that a test can see whether one is decoded."""

    def none(jobs: int) -> None:
        raise OSError("no processes here")

    monkeypatch.setattr("tagger.pipeline.executor.processes", none)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    make_sound(folder / "a.flac", seconds=1.0, metadata={"genre": "Trip Hop", "title": "A"})
    make_sound(folder / "b.mp3", seconds=1.5, metadata={"genre": "Other", "title": "B"})
    return folder


def scan(tagger: Tagger, music: Path) -> dict[str, int]:
    found = tagger("scan", music, "--json").json
    return {name: found[name] for name in ("analysed", "unchanged", "failed") if found[name]}


def own(tagger: Tagger, *args: object) -> dict[str, Any]:
    return {Path(track["path"]).name: track["tag_genres"] for track in tagger("list", "--json", *args).json}


def refuse_to_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str, **more: object) -> None:
        raise AssertionError(f"{path} is decoded")

    monkeypatch.setattr(extract, "read_excerpt", refused)


def retag(path: Path, **tags: str) -> None:
    file = mutagen.File(path)
    for name, value in tags.items():
        file[name] = value
    file.save()


def test_a_file_that_was_only_retagged_is_read_again_and_not_decoded(
    tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scan(tagger, music) == {"analysed": 2}
    assert own(tagger) == {"a.flac": ["Trip Hop"], "b.mp3": []}
    refuse_to_decode(monkeypatch)
    retag(music / "a.flac", genre="Ska")
    assert scan(tagger, music) == {"unchanged": 2}
    assert own(tagger) == {"a.flac": ["Ska"], "b.mp3": []}
    assert own(tagger, "--tag-genre", "ska") == {"a.flac": ["Ska"]}
    assert own(tagger, "--untagged") == {"b.mp3": []}


def test_the_files_of_an_earlier_database_are_read_once_without_decoding(
    tagger: Tagger, music: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(tagger, music)
    forget_own_tags(db)
    refuse_to_decode(monkeypatch)
    monkeypatch.setattr(extract, "identify", lambda path, window_s: 1 / 0)
    assert scan(tagger, music) == {"unchanged": 2}
    assert own(tagger) == {"a.flac": ["Trip Hop"], "b.mp3": []}
    assert [track["title"] for track in tagger("list", "--json").json] == ["A", "B"]
    monkeypatch.setattr("tagger.pipeline.scan.read_tags", lambda *asked: 1 / 0)
    assert scan(tagger, music) == {"unchanged": 2}


def forget_own_tags(db: Path) -> None:
    with closing(sqlite3.connect(db)) as raw:
        raw.execute("UPDATE tracks SET tag_genres = NULL, title = NULL")
        raw.commit()


def test_a_file_whose_tags_cannot_be_read_is_not_tried_at_every_scan(
    tagger: Tagger, music: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(tagger, music)
    forget_own_tags(db)
    monkeypatch.setattr(extract, "names_of", lambda path: 1 / 0)
    assert scan(tagger, music) == {"unchanged": 2}
    assert own(tagger) == {"a.flac": [], "b.mp3": []}
    monkeypatch.setattr("tagger.pipeline.scan.read_tags", lambda *asked: 1 / 0)
    assert scan(tagger, music) == {"unchanged": 2}


def test_one_that_the_drive_keeps_from_being_read_is_tried_at_the_next(
    tagger: Tagger, music: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: str) -> NoReturn:
        raise UnreadableFile("Input/output error")

    scan(tagger, music)
    forget_own_tags(db)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extract, "names_of", refused)
        assert scan(tagger, music) == {"unchanged": 2}
    scan(tagger, music)
    assert own(tagger) == {"a.flac": ["Trip Hop"], "b.mp3": []}


def test_what_a_budget_leaves_of_them_is_unchanged_and_waits(tagger: Tagger, music: Path, db: Path) -> None:
    scan(tagger, music)
    forget_own_tags(db)
    assert tagger("scan", music, "--budget", "0s", "--json").json["unchanged"] == 2
    assert own(tagger) == {"a.flac": [], "b.mp3": []}
    scan(tagger, music)
    assert own(tagger) == {"a.flac": ["Trip Hop"], "b.mp3": []}


def test_what_we_wrote_never_becomes_the_owner_s_word(tagger: Tagger, music: Path) -> None:
    scan(tagger, music)
    written = tagger("write-tags", "--yes", "--genre", "replace", "--min-confidence", 0, "--json").json
    assert written["files_written"] == 2
    expected = {"a.flac": ["Trip Hop"], "b.mp3": []}
    assert scan(tagger, music) == {"unchanged": 2} and own(tagger) == expected
    retag(music / "a.flac", title="Another")
    assert scan(tagger, music) == {"unchanged": 2} and own(tagger) == expected
    tagger("scan", music, "--full")
    assert own(tagger) == expected
    tagger("undo", "--yes")
    tagger("scan", music, "--full")
    assert own(tagger) == expected


def test_csv_joins_genres_and_show_names_them(tagger: Tagger, music: Path) -> None:
    file = mutagen.File(music / "a.flac")
    file["genre"], file["bpm"], file["energylevel"] = ["Trip Hop", "Live"], "90", "7"
    file["initialkey"] = "8A"
    file.save()
    before = tagger("show", music / "a.flac")
    scan(tagger, music)
    lines = tagger("list", "--csv").out.splitlines()
    assert ",damaged,tag_genres,tag_energy_level,tag_bpm," in lines[0]
    assert ",false,Trip Hop; Live,7.0,90.0," in lines[1] and ",false,,,," in lines[2]
    for shown in (before, tagger("show", music / "a.flac")):
        assert "your tag: Trip Hop, Live; energy level 7; 90 BPM; Am 8A" in shown.out.splitlines()
    assert "your tag" not in tagger("show", music / "b.mp3").out
    assert json.loads(tagger("show", music / "a.flac", "--json").out)["tag_bpm"] == 90.0
    assert tagger("list", "--json").json[0]["tag_key"] == "Am"


def test_a_pipe_and_a_wide_terminal_show_the_own_genre_and_a_narrow_one_where_it_is_asked_for(
    tagger: Tagger, music: Path
) -> None:
    scan(tagger, music)
    header, first, second = tagger("list").out.splitlines()
    at = header.index("own tag")
    assert first[at:].startswith("Trip Hop ") and second[at:].startswith("–  ")
    assert "your own genre and the answer" in tagger("stats").out
    track = Track("/m/a.mp3", "0", genre="Rock", title="A title", tag_genres=("Trip Hop", "x" * 20))
    lines = {(width, asked): printed(track, width, asked) for width in (80, 120) for asked in (False, True)}
    assert {case: "own tag" in header for case, (header, _) in lines.items()} == {
        (80, False): False,
        (80, True): True,
        (120, False): True,
        (120, True): True,
    }
    assert "  Trip Hop, xx…  " in lines[80, True][1]
    assert all("  Trip Hop, xxxxx…  " in lines[120, asked][1] for asked in (False, True))
    assert all(len(line) <= width for (width, _), (_, line) in lines.items())


def printed(track: Track, width: int, asks_for_own: bool) -> tuple[str, str]:
    """The header and the line of a track on a terminal of that width."""
    shown = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        patch.setenv("COLUMNS", str(width))
        print_table([track], 0.6, asks_for_own)
    header, line = shown.getvalue().splitlines()
    return header, line
