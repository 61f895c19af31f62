"""`tagger report`: a page over real answers, written whole or not at all, and shown."""

import json
import os
from pathlib import Path

import pytest

from tagger import Library
from tagger.errors import TaggerError
from tests.cli.conftest import Tagger, on_a_terminal
from tests.report.made_up import Read, columns_in
from tests.sounds import make_sound, sweep


@pytest.fixture
def music(tmp_path: Path, tagger: Tagger) -> Path:
    """Three songs, one of them twice, and a file that is none, all scanned."""
    folder = tmp_path / "Music"
    for n, name in enumerate(["one.flac", "two.mp3", "three.ogg"]):
        tags = {"artist": "Ada <b>", "title": name.partition(".")[0], "genre": "Baroque"}
        (folder / "Ada").mkdir(parents=True, exist_ok=True)
        make_sound(folder / "Ada" / name, samples=sweep(5.0 + n / 10, 44_100, 2), metadata=tags)
    (folder / "copy.flac").write_bytes((folder / "Ada" / "one.flac").read_bytes())
    (folder / "none.mp3").write_bytes(b"no music" * 400)
    assert tagger("scan", folder).code == 1
    return folder


def test_the_page_tells_what_other_commands_tell(music: Path, tagger: Tagger) -> None:
    done = tagger("report", "-o", music / "library.html")
    assert (done.code, done.out, done.err) == (0, "", "")
    text = (music / "library.html").read_text(encoding="utf-8")
    found, said = columns_in(text), Read(text).sections
    listed = tagger("list", "--json").json
    assert [
        os.path.join(found["folders"][at][0], name)
        for at, name in zip(found["folder"], found["name"], strict=True)
    ] == [track["path"] for track in listed]
    assert [found["genres"][at] for at in found["genre"]] == [track["genre"] for track in listed]
    assert found["level"] == [track["energy_level"] for track in listed]
    # JSON is rounded before: 0.50503 is 51 %, and 0.505 there, of which Python makes 50.
    told = [100 * track["genre_confidence"] for track in listed]
    assert found["confidence"] == pytest.approx(told, abs=0.51)
    stats = tagger("stats", "--json").json
    bars = " ".join(f"{genre} {count}" for genre, count in stats["genres"].items())
    assert said["genres-chart"].startswith(f"Genres {bars}")
    assert "Ada <b> – one Ada/one.flac" in said["duplicates"] and "copy.flac" in said["duplicates"]
    assert "none.mp3" in said["failures"]
    assert "5 found, 3 analysed, 1 duplicate, 1 failed" in said["last-night"]
    assert "Ada/one.flac" in Read(text).links
    assert "Baroque" in said["own-tags"]


def test_the_commands_of_the_page_ask_the_same_database_and_model(
    music: Path, db: Path, tagger: Tagger
) -> None:
    assert tagger("report", "-o", music / "a.html", "--model", "standard").code == 0
    assert columns_in((music / "a.html").read_text(encoding="utf-8"))["options"] == [
        "--model",
        "standard",
        "--db",
        str(db),
    ]


def test_without_a_name_it_is_library_html_here(
    music: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(music)
    assert tagger("report").code == 0
    assert (music / "library.html").read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_report_takes_the_place_of_a_report_and_of_nothing_else(music: Path, tagger: Tagger) -> None:
    page, other = music / "library.html", music / "other.html"
    assert tagger("report", "-o", page).code == 0
    page.write_text(page.read_text(encoding="utf-8").replace("<h1>", "<h1>old "), encoding="utf-8")
    assert tagger("report", "-o", page).code == 0
    assert "<h1>old" not in page.read_text(encoding="utf-8")
    other.write_text("mine", encoding="utf-8")
    done = tagger("report", "-o", other)
    assert (done.code, other.read_text(encoding="utf-8")) == (2, "mine")
    assert done.err == f"tagger: {other}: no report of tagger, and not written over; give another name\n"
    song = music / "Ada" / "two.mp3"
    before = song.read_bytes()
    assert tagger("report", "-o", song).code == 2 and song.read_bytes() == before


def test_a_report_that_cannot_be_written_leaves_the_last_one(
    music: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = music / "library.html"
    assert tagger("report", "-o", page).code == 0
    before = page.read_bytes()

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    done = tagger("report", "-o", page)
    assert (done.code, done.err) == (2, f"tagger: {page}: cannot be written: No space left on device\n")
    assert page.read_bytes() == before
    assert sorted(each.name for each in music.iterdir()) == ["Ada", "copy.flac", "library.html", "none.mp3"]


def test_without_a_scan_it_says_what_to_do(tmp_path: Path, tagger: Tagger) -> None:
    done = tagger("report", "-o", tmp_path / "library.html")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert "run `tagger scan FOLDER` first" in done.err


def test_it_is_opened_in_a_browser_and_says_so_where_there_is_none(
    music: Path, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address) or True))
    done = tagger("report", "--open", "-o", music / "a b.html")
    assert (done.code, done.err, opened) == (0, "", [(music / "a b.html").as_uri()])
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    done = tagger("report", "--open", "-o", music / "a b.html")
    assert done.err == f"tagger: no browser is found here; open {music / 'a b.html'} in one\n"


@pytest.mark.slow
def test_on_a_terminal_it_says_what_it_has_made(music: Path, db: Path) -> None:
    code, shown = on_a_terminal("report", "-o", music / "library.html")
    assert code == 0
    assert f"tagger: {music / 'library.html'}: 4 tracks, 0.1 MB; open it in a browser" in shown


def test_python_has_the_page_too(music: Path, db: Path, tmp_path: Path) -> None:
    with Library(db) as library:
        content = library.report(tmp_path / "library.html")
        assert (tmp_path / "library.html").read_bytes() == content
        assert json.dumps("one") in json.dumps(columns_in(library.report().decode())["title"])
        with pytest.raises(TaggerError, match="a report is a page"):
            library.report("report.pdf")
