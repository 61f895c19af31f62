"""`tagger undo` and `tagger runs`."""

import os
import sqlite3
from pathlib import Path

import pytest

from tagger.store import Store
from tagger.tags import Change, Wanted, apply, plan, read
from tests.cli.conftest import Tagger, answered
from tests.sounds import make_sound
from tests.tag_runs.library import MODEL, analysed_as, contents, make_files, store_analyses
from tests.tags import samples
from tests.tags.foreign import add_foreign


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    store_analyses(db, make_files(tmp_path / "music"))
    return tmp_path / "music"


def retag(path: Path, genre: str) -> None:
    """What another program does meanwhile."""
    apply(str(path), [Change("genre", read(str(path)).genre_texts, (genre,))])


@pytest.mark.parametrize("keep", [(), ("--keep-mtime",)])
def test_every_byte_of_every_format_is_what_it_was(
    tagger: Tagger, tmp_path: Path, db: Path, keep: tuple[str, ...]
) -> None:
    music = tmp_path / "music"
    store_analyses(db, make_files(music, samples.NAMES))
    before, dates = contents(music), {path: path.stat().st_mtime_ns for path in music.iterdir()}
    written = tagger("write-tags", "--yes", "--json", *keep).json
    assert written["files_written"] == len(before)
    assert all(data != before[path] for path, data in contents(music).items())
    result = tagger("undo", "--yes", "--json")
    counts = [("run", 1), ("files_restored", len(before)), ("inexact", 0), ("skipped", 0)]
    assert list(result.json.items()) == counts
    assert contents(music) == before
    assert not keep or all(path.stat().st_mtime_ns == date for path, date in dates.items())


def test_a_genre_that_was_there_comes_back(tagger: Tagger, music: Path, db: Path) -> None:
    paths = [str(path) for path in music.iterdir()]
    for path in paths:
        apply(path, plan(read(path), Wanted(("Vaporwave",), 0.1)))
    store_analyses(db, paths)
    before = contents(music)
    tagger("write-tags", "--yes", "--genre", "replace")
    assert {read(path).genres for path in paths} == {("Rock",)}
    tagger("undo", "--yes")
    assert contents(music) == before


def test_a_field_that_somebody_changed_is_left_and_reported(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    retag(music / "mp3.mp3", "Polka")
    result = tagger("undo", "--yes", "--json")
    assert (result.json["files_restored"], result.json["skipped"], result.code) == (5, 0, 0)
    assert f"{music}/mp3.mp3: genre changed since it was written; left as it is" in result.err
    tags = read(str(music / "mp3.mp3"))
    assert (tags.genres, tags.energy, tags.energy_level) == (("Polka",), None, None)
    assert tagger("undo", "--yes").code == 2  # by itself it does not come back to what was left
    retag(music / "mp3.mp3", "Rock")
    assert tagger("undo", "--yes", "1", "--json").json == {
        "run": 1,
        "files_restored": 1,
        "inexact": 0,
        "skipped": 0,
    }
    assert read(str(music / "mp3.mp3")).genres == ()


def test_what_is_not_byte_for_byte_as_it_was_is_said_and_counted(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    add_foreign(str(music / "flac.flac"), [("TITLE", "a new title")])
    retag(music / "mp3.mp3", "Polka")
    planned = tagger("undo", "--dry-run", "--json")
    result = tagger("undo", "--yes")
    assert result.code == 0
    assert result.out == "run 1: 5 files restored (2 but for what is said above), 0 skipped\n"
    assert f"{music}/flac.flac: restored, but for what has been changed in it since\n" in result.err
    assert "genre changed since it was written; left as it is (the rest is restored)\n" in result.err
    assert result.err.count("\n") == 2
    assert (planned.json["files_restored"], planned.json["inexact"], planned.err) == (5, 2, result.err)
    assert tagger("runs", "--limit", "1", "--json").json[0]["counts"]["inexact"] == 2


def test_a_dry_run_lists_what_would_come_back_and_writes_nothing(tagger: Tagger, music: Path) -> None:
    retag(music / "mp3.mp3", "Polka")
    store_analyses(music.parent / "db" / "tagger.db", [str(music / "mp3.mp3")])
    tagger("write-tags", "--yes", "--genre", "replace")
    before = contents(music)
    result = tagger("undo", "--dry-run")
    assert (
        f"{music}/mp3.mp3\n    genre Polka ← Rock, energy level none ← 8, energy none ← 0.734" in result.out
    )
    assert result.out.endswith("run 1: 5 files to restore, 0 skipped\n")
    assert (result.out.count("←"), result.err, result.code) == (15, "", 0)
    found = tagger("undo", "1", "--dry-run", "--json").json
    assert {key: found[key] for key in ("run", "files_restored", "inexact", "skipped")} == {
        "run": 1,
        "files_restored": 5,
        "inexact": 0,
        "skipped": 0,
    }
    change = next(one for one in found["changes"] if one["path"].endswith(".mp3"))
    assert change["genre"] == {"before": ["Polka"], "after": ["Rock"]}
    assert contents(music) == before
    assert tagger("undo", "--yes", "--json").json["files_restored"] == 5


def test_a_dry_run_names_what_cannot_be_restored(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    os.chmod(music / "ogg.ogg", 0o444)
    (music / "aac.m4a").unlink()
    planned = tagger("undo", "--dry-run", "--json")
    result = tagger("undo", "--yes", "--json")
    assert [planned.json[key] for key in result.json] == list(result.json.values())
    assert planned.err.splitlines()[:2] == result.err.splitlines()[:2]
    assert (planned.code, result.code, planned.json["skipped"]) == (1, 1, 2)


def test_without_a_terminal_it_restores_only_when_asked_to(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    before = contents(music)
    result = tagger("undo")
    assert result.code == 2
    assert result.err == (
        "tagger: nobody to ask without a terminal; give --yes to restore, or --dry-run to look first\n"
    )
    assert contents(music) == before


@pytest.mark.parametrize(("answer", "is_restored"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_it_shows_and_asks(
    tagger: Tagger, music: Path, db: Path, answer: str, is_restored: bool
) -> None:
    tagger("write-tags", "--yes")
    code, _, told = answered(answer, "undo", "--db", db)
    assert "genre none ← Rock" in told
    assert "Take back what run 1 wrote into 5 of 5 files? [y/N]" in told
    assert ("nothing was restored" in told) == (not is_restored)
    assert code == 0
    assert all((read(path).genres == ()) == is_restored for path in contents(music))


def test_a_run_that_was_cut_off_is_recovered_before_it_asks(tagger: Tagger, music: Path, db: Path) -> None:
    """Otherwise there would be nothing to undo yet."""
    tagger("write-tags", "--yes")
    with sqlite3.connect(db) as database:
        database.execute("UPDATE runs SET finished_at = NULL, counts = NULL WHERE command = 'write-tags'")
        database.execute("UPDATE tag_changes SET state = 'prepared'")
    database.close()
    code, out, _ = answered("y", "undo", "--db", db)
    assert (code, out) == (0, "run 1: 5 files restored, 0 skipped\n")


def test_a_file_of_which_all_was_changed_is_skipped(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes", "--no-energy")
    retag(music / "mp3.mp3", "Polka")
    result = tagger("undo", "--yes", "--json")
    assert (result.json["files_restored"], result.json["skipped"], result.code) == (4, 1, 0)


def test_another_recording_under_the_name_is_left_and_a_scan_finds_the_right_one(
    tagger: Tagger, tmp_path: Path, db: Path
) -> None:
    loud, calm, other = (tmp_path / name for name in ("loud.flac", "calm.flac", "other.flac"))
    for seed, path in enumerate((loud, calm, other)):
        make_sound(path, seconds=2.0 + seed)
    retag(other, "Rock")
    store_analyses(db, [str(loud), str(calm)])
    before = loud.read_bytes(), calm.read_bytes(), other.read_bytes()
    tagger("write-tags", "--yes")
    loud.rename(tmp_path / "x.flac")
    calm.rename(loud)
    (tmp_path / "x.flac").rename(calm)  # swapped, and no scan has met them
    result = tagger("undo", "--yes", "--json")
    assert (result.json["files_restored"], result.json["skipped"], result.code) == (0, 2, 1)
    assert (
        f"{loud}: another recording is there now; left as it is; if it was moved, `tagger scan`" in result.err
    )
    store_analyses(db, [str(loud), str(calm)])
    assert tagger("undo", "--yes", "--json").json["files_restored"] == 2
    assert (calm.read_bytes(), loud.read_bytes()) == before[:2]

    tagger("write-tags", "--yes")
    loud.unlink()
    other.rename(loud)  # its own genre is what we wrote into the one before it
    assert tagger("undo", "--yes", "--json").json["files_restored"] == 1
    assert loud.read_bytes() == before[2]


def test_runs_are_undone_from_the_last_to_the_first(tagger: Tagger, music: Path, db: Path) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    store_analyses(db, before, {"Jazz": 0.9})
    tagger("write-tags", "--yes", "--genre", "replace")
    assert read(str(music / "mp3.mp3")).genres == ("Jazz",)
    assert tagger("undo", "--yes", "--json").json["run"] == 2
    assert read(str(music / "mp3.mp3")).genres == ("Rock",)
    assert tagger("undo", "--yes", "--json").json["run"] == 1
    assert contents(music) == before


def test_a_run_before_the_last_leaves_what_the_last_one_wrote(tagger: Tagger, music: Path, db: Path) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    store_analyses(db, before, {"Jazz": 0.9})
    tagger("write-tags", "--yes", "--genre", "replace")
    result = tagger("undo", "--yes", "1")
    assert result.err.count("genre changed since it was written") == 5
    assert read(str(music / "mp3.mp3")).genres == ("Jazz",)
    tagger("undo", "--yes", "2")
    tagger("undo", "--yes", "1")
    assert contents(music) == before


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("1", "run 1 has nothing to undo"),
        ("2", "run 2 was `undo`, which cannot be undone"),
        ("9", "no run 9"),
        (None, "no run of write-tags to undo"),
    ],
)
def test_what_cannot_be_undone_is_said(tagger: Tagger, music: Path, run: str | None, words: str) -> None:
    tagger("write-tags", "--yes")
    tagger("undo", "--yes")
    before = contents(music)
    result = tagger("undo", "--yes", *([run] if run else []))
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert words in result.err
    assert contents(music) == before


def test_a_file_that_was_moved_and_scanned_is_found(tagger: Tagger, music: Path, db: Path) -> None:
    path = music / "flac.flac"
    before = path.read_bytes()
    tagger("write-tags", path, "--yes")
    moved = music / "moved" / "away.flac"
    moved.parent.mkdir()
    path.rename(moved)
    result = tagger("undo", "--yes")
    assert "flac.flac: not there any more; if it was moved, `tagger scan` its folder" in result.err
    assert result.code == 1
    with Store.open(str(db), create=False) as store:  # a scan finds the same sound in another place
        known = store.answers.analysis(str(path), MODEL)
    assert known
    _store_same_sound(db, str(moved), known.recording.audio_id)
    assert tagger("undo", "--yes", "--json").json == {
        "run": 1,
        "files_restored": 1,
        "inexact": 0,
        "skipped": 0,
    }
    assert moved.read_bytes() == before


def test_a_file_is_followed_by_its_sound(tagger: Tagger, tmp_path: Path, db: Path) -> None:
    """Scanned, written, moved, scanned again; another sound has taken its old name meanwhile."""
    music, moved = tmp_path / "music", tmp_path / "music" / "album" / "one.flac"
    moved.parent.mkdir(parents=True)
    path = Path(make_sound(music / "one.flac", seconds=1.0))
    before = path.read_bytes()
    tagger("scan", music)
    tagger("write-tags", "--yes")
    path.rename(moved)
    other = Path(make_sound(path, seconds=2.0)).read_bytes()
    tagger("scan", music)
    assert tagger("undo", "--yes", "--json").json == {
        "run": 1 + 1,
        "files_restored": 1,
        "inexact": 0,
        "skipped": 0,
    }
    assert moved.read_bytes() == before
    assert path.read_bytes() == other


def test_another_sound_that_replaced_the_file_is_left(tagger: Tagger, tmp_path: Path, db: Path) -> None:
    path = Path(make_sound(tmp_path / "one.flac", seconds=1.0))
    tagger("scan", path)
    tagger("write-tags", "--yes")
    make_sound(path, seconds=2.0)
    apply(str(path), plan(read(str(path)), Wanted(("Rock",), 0.5)))
    before = path.read_bytes()
    tagger("scan", path)
    result = tagger("undo", "--yes", "--json")
    assert (result.json["files_restored"], result.code) == (0, 1)
    assert f"tagger: {path}: another recording is there now; left as it is" in result.err
    assert path.read_bytes() == before


def test_a_scan_by_a_model_that_tells_sounds_apart_otherwise_stops_nothing(
    tagger: Tagger, music: Path, db: Path
) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    for path in before:
        _store_same_sound(db, path, "f" * 32)
    assert tagger("undo", "--yes", "--json").json["files_restored"] == 5
    assert contents(music) == before


def test_a_file_that_is_no_music_any_more_is_reported_with_its_reason(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    (music / "mp3.mp3").write_text("notes")
    (music / "ogg.ogg").unlink()
    (music / "ogg.ogg").symlink_to("nowhere")
    result = tagger("undo", "--yes", "--json")
    assert (result.json["files_restored"], result.json["skipped"], result.code) == (3, 2, 1)
    assert f"{music}/mp3.mp3: not an audio file, or damaged beyond reading" in result.err
    assert f"{music}/ogg.ogg: not there any more" in result.err


def test_what_could_not_be_restored_can_be_tried_again(tagger: Tagger, music: Path) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    os.chmod(music / "ogg.ogg", 0o444)
    first = tagger("undo", "--yes", "--json")
    assert (first.json["files_restored"], first.json["skipped"], first.code) == (4, 1, 1)
    assert "mend that, then `tagger undo 1` again" in first.err
    os.chmod(music / "ogg.ogg", 0o644)
    assert tagger("undo", "--yes", "--json").json["files_restored"] == 1
    assert contents(music) == before


def test_runs_tells_commands_and_counts(tagger: Tagger, music: Path) -> None:
    tagger("scan", music)
    tagger("write-tags", "--yes")
    tagger("undo", "--yes")
    undone, written, scanned = tagger("runs", "--json").json
    assert (scanned["command"], scanned["counts"]["unchanged"]) == ("scan", 5)
    assert (written["run"], written["command"], written["undoable"]) == (2, "write-tags", 0)
    assert (written["counts"]["files_written"], written["counts"]["skipped"]) == (5, 0)
    assert (undone["command"], undone["counts"]) == (
        "undo",
        {"run": 2, "files_restored": 5, "inexact": 0, "skipped": 0},
    )
    assert all(run["finished_at"] >= run["started_at"] for run in (undone, written, scanned))


def test_runs_tells_what_can_be_undone(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    lines = tagger("runs").out.splitlines()
    assert lines[1].split()[0] == "1"
    assert lines[1].endswith("5 can be undone")
    assert tagger("runs", "--limit", "0", "--json").json == []


def _store_same_sound(db: Path, path: str, audio_id: str) -> None:
    with Store.open(str(db), create=False) as store:
        store.record_batch([analysed_as(path, audio_id)], [])
