"""`tagger review` by its keys: what is seen, decided, kept, written and taken back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tagger.cli.review_screen import app as review_app
from tagger.cli.review_screen.background import Background
from tagger.cli.review_screen.dialogs import FileInput, GenreInput, Question, Told
from tagger.cli.review_screen.pane import over_the_track
from tagger.library import Library
from tagger.query import EVERYTHING
from tagger.store import Correction, scan_lock
from tagger.tag_runs import TagSettings
from tagger.tags import read
from tagger.types import WindowAnswer
from tests.cli.conftest import Tagger
from tests.cli.review_screen.driven import Driver, Song, make_library, review, said
from tests.tag_runs.library import contents

SONGS = (
    Song("One", 1, sure=0.9),
    Song("One", 2, sure=0.4),
    Song("Two", 1, sure=0.8, own=("Jazz",)),
    Song("Two", 2, sure=0.8, own=("Rock",)),
    Song("Two", 3, sure=0.7, artist="Bob"),
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path, SONGS)


def genres(folder: Path) -> dict[str, tuple[str, ...]]:
    paths = sorted((folder / "music").rglob("*.mp3"))
    return {f"{path.parent.name} {path.stem}": read(str(path)).genres for path in paths}


def test_the_table_has_own_tag_answer_and_names_and_the_views_their_numbers(library: Path) -> None:
    async def drive(on: Driver) -> None:
        assert on.text("views") == "1 missing 3   2 differs 1   3 unsure 1   4 agrees 1   5 all 5   "
        assert [line.split() for line in on.lines] == [
            ["–", "Rock", "40%", "8", "120", "Ada", "–", "Song", "2"],
            ["–", "Rock", "70%", "8", "120", "Bob", "–", "Song", "3"],
            ["–", "Rock", "90%", "8", "120", "Ada", "–", "Song", "1"],
        ]
        await on.press("2")
        assert [line.split()[:2] for line in on.lines] == [["Jazz", "Rock"]]
        await on.press("tab", "tab")
        assert on.under_cursor == "Two 02"

    review(library, drive)


def test_as_long_as_rows_are_read_nothing_can_be_decided(library: Path) -> None:
    async def drive(on: Driver) -> None:
        on.app.is_whole = False
        await on.press("a", "asterisk", "w", "2", "down")
        assert (on.app.view, on.under_cursor) == ("missing", "Two 03")

    review(library, drive)
    assert said(library) == {}


@pytest.mark.parametrize(("own", "first"), [((), "missing"), (("Jazz",), "differs"), (("Rock",), "")])
def test_the_first_rows_are_those_of_the_first_view(tmp_path: Path, own: tuple[str, ...], first: str) -> None:
    background = Background(
        lambda: Library(make_library(tmp_path, [Song("One", 1, own=own)])), EVERYTHING, TagSettings()
    )
    rows = background.beginning().result().rows
    background.close()
    assert [row.standing for row in rows] == [first] * bool(first)


def test_the_pane_draws_energy_windows_moods_genres_words_and_album(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.pilot.pause(2 * review_app.REST_S)
        await on.rest()
        sound, best, album = map(on.text, ("sound", "genres", "album"))
        assert "energy 0.73  level 8  calm 55%" in sound
        assert "0:20  0.25 Rock" in sound
        assert ["sad" in line for line in sound.splitlines()[-2:]] == [True, False]
        assert best.splitlines()[0].startswith("Rock          40% ")
        played = "120.4 BPM 70%, or 60.2 (25%), F#m 11A 70%"
        assert best.splitlines()[-2:] == [played, "Piano 90%, Guitar 60%"]
        assert "answers: Rock 2" in album
        assert "your tags: none 2" in album

    review(library, drive, size=(120, 40))


def test_in_a_narrow_pane_tempos_and_key_stand_below_each_other(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.pilot.pause(2 * review_app.REST_S)
        await on.rest()
        assert on.text("genres").splitlines()[-4:-1] == ["120.4 BPM 70%", "or 60.2 (25%)", "F#m 11A 70%"]

    review(library, drive, size=(80, 24))


def test_accept_skip_and_edit_are_kept_when_the_review_is_left(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("a", "s", "e")
        assert isinstance(on.app.screen, GenreInput)
        await on.type("Surf; Pop/Rock")
        await on.press("enter")
        assert [line[1] for line in on.lines] == ["✓", "✗", "✎"]
        assert on.status == "✓ 1  ✎ 1  ✗ 1"
        await on.press("q")

    review(library, drive)
    assert said(library) == {
        1: Correction("accepted", ("Rock",)),
        4: Correction("skipped"),
        0: Correction("set", ("Surf", "Pop & Rock")),
    }

    async def again(on: Driver) -> None:
        assert [line[1] for line in on.lines] == ["✓", "✎"], "what was skipped is settled"
        await on.press("5")
        assert on.text("views").startswith("1 missing 2 ")
        assert len(on.lines) == 5

    review(library, again)


def test_a_decision_can_be_taken_back(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("a", "S", "u", "u", "u")
        assert on.status.startswith("nothing was decided")
        assert all(line[1] == " " for line in on.lines)

    review(library, drive)
    assert said(library) == {}


def test_album_artist_and_all_in_view_are_decided_at_once(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("S")  # the album of the first row
        assert on.status == "2 tracks skipped; u takes it back"
        await on.press("2", "r", "a")  # the artist of the only row that differs
        await on.press("1", "asterisk", "a")  # what is left there

    review(library, drive)
    assert {n: word.kind for n, word in said(library).items()} == dict.fromkeys(range(5), "accepted")


def test_all_in_view_leaves_what_is_decided(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("s", "asterisk")
        assert on.status.startswith("2 marked")
        await on.press("a")

    review(library, drive)
    assert {n: word.kind for n, word in said(library).items()} == {1: "skipped", 0: "accepted", 4: "accepted"}


def test_a_genre_is_completed_from_the_owner_s_and_the_model_s(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("e")
        await on.type("ja")
        assert on.text("words").split() == ["Jazz"]
        await on.press("tab", "enter")
        await on.press("e")
        await on.type("clas; bl")
        await on.press("tab", "escape")

    review(library, drive)
    assert said(library) == {1: Correction("set", ("Jazz",))}


def test_what_can_be_no_genre_is_told_and_the_line_stays(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("e", "backspace", "enter")
        assert isinstance(on.app.screen, GenreInput)
        await on.press("escape")

    review(library, drive)
    assert said(library) == {}


def test_rows_are_filtered_while_words_are_typed(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("slash")
        await on.type("bob song")
        assert [line.split()[-4:] for line in on.lines] == [["Bob", "–", "Song", "3"]]
        await on.press("enter", "s", "escape")
        assert len(on.lines) == 3

    review(library, drive)
    assert set(said(library)) == {4}


def test_what_is_accepted_is_written_verified_and_taken_back(library: Path, tmp_path: Path) -> None:
    before = contents(tmp_path / "music")

    async def drive(on: Driver) -> None:
        await on.press("asterisk", "a", "2", "a", "4", "a")
        await on.press("w")
        assert isinstance(on.app.screen, Question)
        asked = on.text("text")
        assert "Write tags into 5 files?" in asked
        assert "genre                  4" in asked
        assert "bpm                    5" in asked
        await on.press("y")
        assert isinstance(on.app.screen, Told)
        assert "5 files written and verified." in on.text("text")
        assert "`tagger undo 1` takes it back" in on.text("text")
        await on.press("enter")
        assert on.text("views").startswith("1 missing 0   2 differs 0 ")
        await on.press("5", "w")
        assert on.status.startswith("nothing to write")

    review(library, drive)
    written = genres(tmp_path)
    assert written.pop("Two 02") == (), "a genre that agrees is kept, and this file has none of its own"
    assert set(written.values()) == {("Rock",)}

    async def undo(on: Driver) -> None:
        await on.press("U")
        assert on.text("text") == "Take back what run 1 wrote into 5 files?"
        await on.press("y")
        assert "Run 1: 5 files restored, 0 skipped." in on.text("text")
        await on.press("enter")
        assert on.text("views").startswith("1 missing 3 "), "it waits to be written again"

    review(library, undo)
    assert contents(tmp_path / "music") == before


def test_a_no_writes_nothing(library: Path, tmp_path: Path) -> None:
    before = contents(tmp_path / "music")

    async def drive(on: Driver) -> None:
        await on.press("a", "w", "n", "U")

    review(library, drive)
    assert contents(tmp_path / "music") == before


def test_a_run_that_holds_the_lock_is_told(library: Path, tmp_path: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("a", "w")
        with scan_lock(str(library)):
            await on.press("y")
        assert "another tagger run is using this database" in on.text("text")
        await on.press("enter")

    review(library, drive)
    assert not any(genres(tmp_path).values())
    assert set(said(library)) == {1}


def test_a_file_that_changed_meanwhile_is_left_and_named(library: Path, tmp_path: Path) -> None:
    os.utime(tmp_path / "music" / "One" / "02.mp3", ns=(1, 1))

    async def drive(on: Driver) -> None:
        await on.press("asterisk", "a", "w")
        assert "1 file must be left" in on.text("text")
        await on.press("y")
        assert "One/02.mp3: it changed since it was scanned" in on.text("text").replace(os.sep, "/")
        await on.press("enter")
        assert [line[1] for line in on.lines] == ["✓"], "it waits"

    review(library, drive)


def test_decisions_are_saved_as_a_plan(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()

    async def drive(on: Driver) -> None:
        await on.press("a", "f")
        assert isinstance(on.app.screen, FileInput)
        await on.type("taken")
        await on.press("enter")
        assert isinstance(on.app.screen, FileInput)
        await on.press(*["backspace"] * 5)
        await on.type("p.jsonl")
        await on.press("enter")
        assert on.status == "4 changes saved; `tagger write-tags --plan p.jsonl` writes them"

    review(library, drive)
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [line["after"] for line in lines] == [["Rock"], ["8"], ["0.7340"], ["120"]]
    assert (tmp_path / "taken").read_bytes() == b""


def test_foreign_text_is_neither_markup_nor_a_command_to_the_terminal(tmp_path: Path) -> None:
    evil = "[red]x[/red] \x1b[2J \u202e \udcff"
    db = make_library(tmp_path, [Song("[@click=quit]A", 1, own=(evil,), title=evil, sure=0.4)])

    async def drive(on: Driver) -> None:
        await on.pilot.pause(2 * review_app.REST_S)
        await on.press("2")
        picture = on.app.export_screenshot()
        assert "\x1b" not in picture
        assert "\u202e" not in picture
        assert r"[red]x[/red]" in on.lines[0]
        assert "[@click=quit]A" in on.text("album")
        await on.press("e")
        assert "[red]x[/red]" in str(on.app.screen.query("Static").first().content)

    review(db, drive, size=(160, 24))


def test_a_file_is_played_and_what_is_wrong_told(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def play(path: str) -> str:
        asked.append(path)
        return "no player here"

    monkeypatch.setattr(review_app, "play", play)

    async def drive(on: Driver) -> None:
        await on.press("p")
        await on.app.workers.wait_for_complete()
        await on.rest()
        assert on.status == "no player here"

    review(library, drive)
    assert [Path(path).name for path in asked] == ["02.mp3"]


def test_every_key_is_in_the_help_and_it_fits_a_small_terminal(library: Path) -> None:
    async def drive(on: Driver) -> None:
        await on.press("question_mark")
        text = on.text("text")
        assert len(text.splitlines()) <= 20
        assert max(map(len, text.splitlines())) <= 72
        await on.press("escape", "d", "t", "d", "t", "pagedown", "home", "end", "up")

    review(library, drive)


def test_an_error_of_ours_ends_in_one_line(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(of: object) -> str:
        raise ZeroDivisionError("boom")

    async def drive(on: Driver) -> None:
        monkeypatch.setattr(review_app, "summary", broken)
        await on.press("a")

    with pytest.raises(ZeroDivisionError):  # as Textual's pilot hands it on
        review(library, drive)


def test_between_two_windows_the_energy_is_drawn_as_a_line() -> None:
    windows = [WindowAnswer(20.0, None, None, 0.0), WindowAnswer(70.0, None, None, 1.0)]
    line, times = over_the_track(windows, 100.0, 10)
    assert line.plain == "▁▁▁▂▃▅▆███"
    assert times.plain == "0:00  1:40"


def test_without_a_terminal_it_says_what_to_do_instead(tagger: Tagger) -> None:
    result = tagger("review")
    assert (result.code, result.out) == (2, "")
    assert "review needs a terminal; `tagger write-tags --dry-run`" in result.err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="file names")
def test_five_hundred_files_from_a_scan_to_written_tags_by_the_keyboard_alone(tmp_path: Path) -> None:
    """Fifty albums of ten: five are rejected, three genres are edited, all else is accepted and written."""
    songs = [
        Song(f"Album-{a:02}", n, genre=("Rock", "Jazz", "Pop")[a % 3], sure=0.62 + a / 200)
        for a in range(50)
        for n in range(10)
    ]
    db = make_library(tmp_path, songs)
    rejected = ("Album-03", "Album-11", "Album-20", "Album-33", "Album-49")
    edited = {"Album-05 04": "Surf", "Album-06 07": "Bebop", "Album-40 00": "Dub"}

    async def drive(on: Driver) -> None:
        for album in rejected:
            await on.press("slash")
            await on.type(album.lower())
            await on.press("enter")
            assert on.under_cursor.startswith(album)
            await on.press("S", "escape")
        for name, genre in edited.items():
            await on.press("slash")
            await on.type(f"{name[:8]} {name[9:]}.mp3".lower())
            await on.press("enter", "e")
            await on.type(genre)
            await on.press("enter", "escape")
        await on.press("asterisk")
        assert on.status.startswith("447 marked")
        await on.press("a", "w")
        assert "Write tags into 450 files?" in on.text("text")
        await on.press("y")
        assert "450 files written and verified." in on.text("text")
        await on.press("enter", "q")

    review(db, drive)
    found = genres(tmp_path)
    for n, song in enumerate(songs):
        name = f"{song.album} {song.number:02}"
        own = (edited[name],) if name in edited else (song.genre,)
        assert found[name] == (() if song.album in rejected else own), n
    kinds = [word.kind for word in said(db).values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"accepted": 447, "set": 3, "skipped": 50}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals here")
def test_a_review_whose_terminal_is_gone_ends(library: Path) -> None:
    """Without the hang-up that a shell's terminal sends, reading from it never ends and never waits."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tagger", "review", "--db", str(library)]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=os.environ
    )
    os.close(theirs)
    drawn = b""
    while b"artist" not in drawn:
        drawn += os.read(ours, 1 << 16)
    os.close(ours)
    try:
        assert process.wait(timeout=60) >= 0  # by itself
    finally:
        process.kill()
