"""The front door, used as a program of somebody else would."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tagger
from tagger.errors import AudioError, BusyError, StoreError, TaggerError
from tagger.model_card import DEFAULT_MODEL
from tagger.playlist import Plan
from tagger.store import scan_lock
from tagger.tag_runs import TagSettings
from tagger.tags import Policy, read
from tagger.types import Failure
from tests.sounds import make_sound


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for n in range(3):
        make_sound(folder / f"{n}.flac", seconds=1.0 + n, metadata={"artist": f"Artist {n}"})
    return folder


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "tagger.db")


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.started_with: tuple[object, ...] = ()
        self.failures: list[str] = []
        self.n_progress = 0
        self.extracted_files: list[str] = []

    def started(self, *args: object) -> None:
        self.started_with = args

    def extracted(self, path: str) -> None:
        self.extracted_files.append(os.path.basename(path))

    def progress(self) -> None:
        self.n_progress += 1

    def failed(self, failure: Failure) -> None:
        self.failures.append(os.path.basename(failure.path))

    def works_on(self, place: object) -> None: ...

    def rereads(self, done: int, total: int) -> None: ...

    def failed_again(self, failure: Failure) -> None: ...

    def unmounted(self, root: str) -> None: ...

    def not_backed_up(self, reason: str) -> None: ...


def test_a_library_is_scanned_asked_written_and_undone(music: Path, db: str, tmp_path: Path) -> None:
    with tagger.Library(db) as library:
        assert library.scan(str(music)).analysed == 3
        assert library.model == DEFAULT_MODEL
        tracks = list(library.tracks(order="-energy"))
        assert {track.artist for track in tracks} == {"Artist 0", "Artist 1", "Artist 2"}
        assert [track.energy for track in tracks] == sorted((track.energy for track in tracks), reverse=True)
        (one,) = library.tracks(artist="artist 1")
        assert [*library.tracks(tagger.Query(artists=("artist 1",)))] == [one]
        analysis = library.analysis(one.path)
        assert analysis is not None and analysis.track == one
        assert library.statistics().tracks == 3 and library.statistics(artist="artist 1").tracks == 1
        counts = library.write_tags(settings=TagSettings(Policy("replace"), min_confidence=0.0))
        assert (counts.files_written, counts.run) == (3, 2)
        assert read(one.path).genres == (one.genre,)
        undone = library.undo()
        assert (undone.run, undone.files_restored, read(one.path).genres) == (2, 3, ())
        made = library.playlist(sort="path", output=str(tmp_path / "all.m3u8"))
        assert made.tracks is not None and len(made.tracks) == 3
        assert (tmp_path / "all.m3u8").read_bytes() == made.content
        assert [run.command for run in library.store.runs.latest()] == ["undo", "write-tags", "scan"]


def test_the_second_scan_finds_nothing_new_and_an_observer_sees_the_first(music: Path, db: str) -> None:
    (music / "text.mp3").write_text("no music")
    with tagger.Library(db) as library:
        seen = Seen()
        counts = library.scan(str(music), observer=seen)
        assert seen.started_with == ((str(music),), DEFAULT_MODEL, counts)
        assert sorted(seen.extracted_files) == ["0.flac", "1.flac", "2.flac", "text.mp3"]
        assert counts.taken == 4
        assert (seen.failures, seen.n_progress, counts.failed) == (["text.mp3"], 1, 1)
        assert library.scan(str(music)).unchanged == 3


def test_one_file_is_analysed_without_a_database(music: Path, tmp_path: Path) -> None:
    analysis = tagger.analyse(str(music / "1.flac"))
    assert analysis.scanned_at is None
    assert analysis.recording.artist == analysis.track.artist == "Artist 1"
    assert sum(analysis.prediction.genres.values()) == pytest.approx(1, abs=1e-5)
    assert not list(tmp_path.glob("*.db"))
    (tmp_path / "text.mp3").write_text("no music")
    with pytest.raises(AudioError):
        tagger.analyse(str(tmp_path / "text.mp3"))
    with pytest.raises(TaggerError, match="no such file"):
        tagger.analyse(str(tmp_path / "none.mp3"))


def test_silence_has_no_genre_in_the_database_too(tmp_path: Path, db: str) -> None:
    make_sound(tmp_path / "silence.wav", samples=np.zeros((1, 44_100), np.float32))
    with tagger.Library(db) as library:
        library.scan(str(tmp_path))
        (row,) = library.store.database.rows("SELECT genre, genre_confidence, bpm, silent FROM predictions")
        assert row == (None, None, None, 1)
        assert library.store.database.value("SELECT count(*) FROM genre_scores") == 0
        assert {*library.store.database.rows("SELECT genre FROM window_answers")} == {(None,)}


def test_a_library_without_a_database_says_to_scan_first(db: str) -> None:
    with tagger.Library(db) as library:
        for ask in (library.tracks, library.statistics, library.write_tags, library.undo):
            with pytest.raises(StoreError, match="run `tagger scan FOLDER` first"):
                ask()
    assert not os.path.exists(db) and not os.path.exists(f"{db}.lock")


def test_the_record_of_a_scan_says_whether_it_was_cut_off(music: Path, db: str) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    seen = Seen()
    seen.progress = interrupted  # type: ignore[method-assign]
    with tagger.Library(db) as library:
        with pytest.raises(KeyboardInterrupt):
            library.scan(music, observer=seen)
        library.scan(music)
        whole, cut_off = (run.counts for run in library.store.runs.latest())
    assert whole is not None and "interrupted" not in whole
    assert cut_off is not None and (cut_off["interrupted"], cut_off["found"]) == (1, 3)


@pytest.mark.parametrize(
    ("command", "ended_as"),
    [
        ("write-tags", {"files_written": 0, "bytes_written": 0, "interrupted": 1}),
        ("undo", {"files_restored": 0, "interrupted": 1}),
    ],
)
def test_a_run_that_was_killed_before_its_first_file_is_ended_by_the_next(
    music: Path, db: str, command: str, ended_as: dict[str, int]
) -> None:
    with tagger.Library(db) as library:
        library.scan(str(music))
        library.store.runs.begin(command)
        library.scan(str(music))
        _, killed, _ = library.store.runs.latest()
        assert (killed.command, killed.counts) == (command, ended_as)
        assert killed.finished_at is not None


def test_a_folder_is_no_database_and_no_lock_is_laid_beside_it(music: Path) -> None:
    with tagger.Library(music) as library:
        for ask in (library.tracks, lambda: library.scan(music)):
            with pytest.raises(StoreError, match="a folder; name the file in it, such as"):
                ask()
    assert [each.name for each in music.parent.iterdir()] == ["music"]


def test_changes_wait_for_nobody_who_holds_the_lock(music: Path, db: str) -> None:
    with tagger.Library(db) as library:
        library.scan(str(music))
        with scan_lock(db):
            for change in (lambda: library.scan(str(music)), library.write_tags, library.undo):
                with pytest.raises(BusyError):
                    change()
            assert len([*library.tracks()]) == 3


def test_a_wrong_filter_is_one_line(music: Path, db: str) -> None:
    with tagger.Library(db) as library:
        library.scan(str(music))
        with pytest.raises(TaggerError, match="--year sixties: give"):
            library.tracks(year="sixties")
        with pytest.raises(TaggerError, match="no genre 'Polka'"):
            library.statistics(genre="Polka")


def test_a_query_and_filters_beside_it_are_a_mistake_and_not_a_wrong_answer(music: Path, db: str) -> None:
    query = tagger.Query(artists=("artist 1",))
    with tagger.Library(db) as library:
        library.scan(str(music))
        mistakes = (
            lambda: library.tracks(query, order="-energy"),
            lambda: library.tracks(query, limit=1),
            lambda: library.tracks(query, genre="Rock"),
            lambda: library.statistics(query, genre="Rock"),
            lambda: library.playlist(Plan(query), limit=1),
        )
        for ask in mistakes:
            with pytest.raises(TypeError, match="not both"):
                ask()
        with pytest.raises(TaggerError, match="no order 'loudness'; there are path"):
            library.tracks(order="loudness")  # type: ignore[arg-type]


def test_names_of_files_may_be_paths_and_begin_at_home(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with tagger.Library(Path("~/my.db")) as library:
        assert library.path == str(tmp_path / "my.db")
        assert library.scan(music, "~/music/0.flac").analysed == 3
        found = library.analysis(music / "1.flac"), library.analysis("~/music/1.flac")
        assert [one and one.track.artist for one in found] == ["Artist 1", "Artist 1"]
        made = library.playlist(like=Path("~/music/0.flac"), output=Path("~/like.m3u8"))
        assert (tmp_path / "like.m3u8").read_bytes() == made.content
        with pytest.raises(TaggerError, match="a path is empty"):
            library.scan("")
    assert tagger.analyse(Path("~/music/0.flac")).track.path == str(music / "0.flac")


def test_the_face_gives_its_names_and_imports_nothing_before() -> None:
    code = (
        "import sys, tagger\n"
        "heavy = {'numpy', 'torch', 'sqlite3', 'rich', 'typer', 'importlib.metadata'}\n"
        "assert not heavy & {*sys.modules}, heavy & {*sys.modules}\n"
        "assert all(getattr(tagger, name) for name in tagger.__all__)\n"
        "assert {*tagger.__all__} <= {*dir(tagger)}\n"
        "assert not {'torch', 'av', 'rich', 'typer'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'tagger' has no attribute 'hear'"):
        _ = tagger.hear
