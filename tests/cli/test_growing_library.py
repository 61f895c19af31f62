"""Scans of a library whose files move, multiply, change their tags and vanish."""

import errno
import os
import random
import shutil
import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

import mutagen
import pytest

from tagger.model_card import DEFAULT_MODEL, load_card
from tests.cli.conftest import Tagger
from tests.sounds import KINDS, make_kind, make_sound, sweep

COUNTS = ("analysed", "unchanged", "moved", "duplicates", "failed", "missing")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Six different tracks."""
    folder = tmp_path / "music"
    folder.mkdir()
    for i in range(6):
        make_sound(folder / f"{i}.flac", samples=sweep(1.0 + i / 10, 44_100, 2))
    return folder


def counts(tagger: Tagger, *args: object) -> dict[str, int]:
    """The counts of a scan that are not 0."""
    result = tagger("scan", *args, "--json").json
    assert result["found"] == sum(result[name] for name in COUNTS if name != "missing")
    return {name: result[name] for name in COUNTS if result[name]}


def listed(tagger: Tagger) -> dict[str, tuple[str, float]]:
    return {row["path"]: (row["genre"], row["energy"]) for row in tagger("list", "--json").json}


def test_renamed_files_keep_their_answers_without_analysis(tagger: Tagger, music: Path) -> None:
    assert counts(tagger, music) == {"analysed": 6}
    before = listed(tagger)
    (music / "new folder").mkdir()
    for i in range(6):
        (music / f"{i}.flac").rename(music / "new folder" / f"renamed {i}.flac")
    assert counts(tagger, music) == {"moved": 6}
    assert {os.path.basename(path)[-6:]: answer for path, answer in listed(tagger).items()} == {
        os.path.basename(path): answer for path, answer in before.items()
    }
    assert counts(tagger, music) == {"unchanged": 6}


def test_a_broken_link_that_differs_in_case_alone_does_not_end_the_scan(tagger: Tagger, music: Path) -> None:
    (music / "0.flac").rename(music / "song.flac")
    counts(tagger, music)
    (music / "song.flac").rename(music / "Song.flac")
    if (music / "song.flac").exists():
        pytest.skip("the file system knows no case")
    (music / "song.flac").symlink_to("nowhere.flac")
    assert counts(tagger, music) == {"unchanged": 5, "duplicates": 1, "failed": 1}


def test_names_that_change_places_are_answered_rightly_without_analysis(tagger: Tagger, music: Path) -> None:
    counts(tagger, music)
    before = listed(tagger)
    (music / "0.flac").rename(music / "x")
    for i in range(3):
        (music / f"{i + 1}.flac").rename(music / f"{i}.flac")
    (music / "x").rename(music / "3.flac")
    result = counts(tagger, music)
    assert "analysed" not in result
    after = listed(tagger)
    assert len(after) == 6
    for i in range(4):
        assert after[f"{music}/{i}.flac"] == before[f"{music}/{(i + 1) % 4}.flac"]


@pytest.mark.slow
def test_a_thousand_random_renames_are_analysed_zero_times(tagger: Tagger, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    make_sound(tmp_path / "sound.wav", seconds=0.1, rate_hz=8_000, channels=1)
    sound = (tmp_path / "sound.wav").read_bytes()
    for i in range(1000):  # each its own sound: the last samples hold its number
        (folder / f"{i}.wav").write_bytes(sound[:-40] + i.to_bytes(4, "little") * 10)
    assert counts(tagger, folder) == {"analysed": 1000}
    names = [f"{random.Random(i).random()}.wav" for i in range(1000)]
    for i, name in enumerate(names):
        (folder / f"{i}.wav").rename(folder / name)
    assert counts(tagger, folder) == {"moved": 1000}


@pytest.mark.parametrize(
    "kind", ["cbr.mp3", "vbr.mp3", "16-bit.flac", "vorbis.ogg", "opus.opus", "aac.m4a", "s16.wav"]
)
def test_a_retagged_file_is_not_analysed_again(tagger: Tagger, tmp_path: Path, kind: str) -> None:
    path = make_kind(tmp_path, kind, seconds=3.0)
    assert counts(tagger, path) == {"analysed": 1}
    tags = mutagen.File(path, easy=not kind.endswith("wav"))
    if tags.tags is None:
        tags.add_tags()
    if kind.endswith("wav"):
        from mutagen.id3 import TIT2

        tags.tags.add(TIT2(3, ["A new title" * 100]))
    else:
        tags["title"] = "A new title" * 100
    tags.save()
    assert counts(tagger, path) == {"unchanged": 1}


def test_a_copy_is_analysed_once(tagger: Tagger, music: Path) -> None:
    shutil.copytree(music, music / "copies")
    assert counts(tagger, music) == {"analysed": 6, "duplicates": 6}
    shutil.copytree(music / "copies", music / "more copies")
    assert counts(tagger, music) == {"unchanged": 12, "duplicates": 6}
    answers = listed(tagger)
    for i in range(6):
        assert answers[f"{music}/{i}.flac"] == answers[f"{music}/more copies/{i}.flac"]


def test_another_sound_under_an_old_name_is_analysed(tagger: Tagger, music: Path) -> None:
    counts(tagger, music)
    make_sound(music / "0.flac", samples=sweep(9.0, 44_100, 1))
    assert counts(tagger, music) == {"analysed": 1, "unchanged": 5}


def test_a_deleted_file_is_missing_and_comes_back(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    counts(tagger, music)
    os.rename(music / "3.flac", tmp_path / "aside.flac")
    assert counts(tagger, music) == {"unchanged": 5, "missing": 1}
    assert counts(tagger, music) == {"unchanged": 5}  # missing already
    os.rename(tmp_path / "aside.flac", music / "3.flac")
    assert counts(tagger, music) == {"unchanged": 6}
    assert missing_since(tagger) == []


def test_missing_tracks_are_forgotten_in_time(tagger: Tagger, music: Path, db: Path) -> None:
    counts(tagger, music)
    (music / "3.flac").unlink()
    counts(tagger, music)
    assert len(listed(tagger)) == 6
    counts(tagger, music, "--forget-after", "1d")
    assert len(listed(tagger)) == 6
    counts(tagger, music, "--forget-after", "0s")
    assert len(listed(tagger)) == 5


def test_a_clock_set_back_forgets_nothing(tagger: Tagger, music: Path, db: Path) -> None:
    counts(tagger, music)
    (music / "3.flac").unlink()
    counts(tagger, music)
    with sqlite3.connect(db) as connection:
        connection.execute(
            "UPDATE tracks SET missing_since = '2199-01-01T00:00:00' WHERE missing_since NOTNULL"
        )
    counts(tagger, music, "--forget-after", "0s")
    assert len(listed(tagger)) == 6


def test_an_unmounted_drive_marks_nothing_missing(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    counts(tagger, music)
    music.rename(tmp_path / "elsewhere")
    music.mkdir()
    result = tagger("scan", music, "--json")
    assert result.json["missing"] == 0
    assert f"{music}: nothing is left of what was there; not marked missing" in result.err
    assert missing_since(tagger) == []


@pytest.fixture
def with_drive(music: Path) -> Path:
    """A drive mounted below the music: two albums in folders of their own, and two tracks beside them."""
    drive = music / "nas"
    for i, name in enumerate(("Ada/x.flac", "Grace/y.flac", "z.flac", "z2.flac")):
        (drive / name).parent.mkdir(parents=True, exist_ok=True)
        make_sound(drive / name, samples=sweep(4.0 + i / 10, 44_100, 1))
    return drive


def test_a_drive_that_vanishes_below_a_root_marks_nothing_missing_there(
    tagger: Tagger, music: Path, with_drive: Path, tmp_path: Path
) -> None:
    assert counts(tagger, music) == {"analysed": 10}
    with_drive.rename(tmp_path / "elsewhere")
    with_drive.mkdir()
    (music / "0.flac").unlink()
    result = tagger("scan", music, "--json")
    assert (result.code, result.json["missing"], missing_since(tagger)) == (1, 1, [f"{music}/0.flac"])
    assert result.err == (
        f"tagger: {with_drive}: nothing is left of what was there; not marked missing "
        "(is its drive mounted? If you have emptied it, remove the folder.)\n"
    )
    with_drive.rmdir()
    (tmp_path / "elsewhere").rename(with_drive)
    again = tagger("scan", music, "--json")
    assert (again.code, again.json["unchanged"], missing_since(tagger)) == (0, 9, [f"{music}/0.flac"])


def test_a_link_to_a_drive_that_vanishes_marks_nothing_missing_there(
    tagger: Tagger, music: Path, with_drive: Path, tmp_path: Path
) -> None:
    with_drive.rename(tmp_path / "drive")
    with_drive.symlink_to(tmp_path / "drive")
    assert counts(tagger, music) == {"analysed": 10}
    (tmp_path / "drive").rename(tmp_path / "elsewhere")
    for is_mount_point_there in (False, True):
        if is_mount_point_there:
            (tmp_path / "drive").mkdir()
        result = tagger("scan", music, "--json")
        assert (result.code, missing_since(tagger)) == (1, [])
        assert result.err.startswith(f"tagger: {with_drive}: nothing is left")


def test_of_a_drive_that_is_not_mounted_write_tags_says_one_line(
    tagger: Tagger, music: Path, with_drive: Path, tmp_path: Path
) -> None:
    counts(tagger, music)
    with_drive.rename(tmp_path / "elsewhere")
    with_drive.mkdir()
    result = tagger("write-tags", music, "--yes", "--json")
    assert (result.code, result.json["files_written"], result.json["skipped"]) == (1, 6, 4)
    assert result.err.splitlines()[0] == (
        f"tagger: {with_drive}: nothing is left of what was there (is its drive mounted?) (skipped)"
    )
    assert result.err.count(str(with_drive)) == 1


def test_an_album_that_was_removed_with_its_folder_is_missing(
    tagger: Tagger, music: Path, with_drive: Path
) -> None:
    counts(tagger, music)
    (with_drive / "Ada/x.flac").unlink()
    result = tagger("scan", music, "--json")  # nobody can know whether it was a drive
    assert (result.code, missing_since(tagger)) == (1, [])
    assert f"tagger: {with_drive}/Ada: nothing is left" in result.err
    (with_drive / "Ada").rmdir()
    assert counts(tagger, music) == {"unchanged": 9, "missing": 1}
    shutil.rmtree(with_drive)
    assert counts(tagger, music) == {"unchanged": 6, "missing": 3}


def test_an_album_whose_cover_is_left_is_missing(tagger: Tagger, music: Path, with_drive: Path) -> None:
    counts(tagger, music)
    (with_drive / "Ada/cover.jpg").touch()
    (with_drive / "Ada/x.flac").unlink()
    assert counts(tagger, music) == {"unchanged": 9, "missing": 1}


def test_a_folder_that_cannot_be_listed_marks_nothing_missing(
    tagger: Tagger, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = music / "locked"
    locked.mkdir()
    make_sound(locked / "7.flac", samples=sweep(5.0, 44_100, 1))
    counts(tagger, music)
    (locked / "7.flac").unlink()  # out of reach for a look at the file, too
    listing = os.scandir

    def scandir(path: str) -> Any:
        if path == str(locked):
            raise PermissionError(errno.EACCES, "Permission denied")
        return listing(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        assert counts(tagger, music) == {"unchanged": 6, "failed": 1}
    assert missing_since(tagger) == []


def test_the_two_spellings_of_an_accent_are_one_file(tagger: Tagger, tmp_path: Path) -> None:
    folder = tmp_path / "accents"
    folder.mkdir()
    names = [unicodedata.normalize(form, "café.flac") for form in ("NFC", "NFD")]
    make_sound(folder / names[0], seconds=1.0)
    assert counts(tagger, folder) == {"analysed": 1}
    os.rename(folder / names[0], folder / names[1])
    assert counts(tagger, folder) == {"moved": 1}
    assert [os.path.basename(path) for path in listed(tagger)] == [names[1]]


def test_a_budget_begins_with_the_newest_and_leaves_the_rest(tagger: Tagger, music: Path) -> None:
    for i in range(6):
        os.utime(music / f"{i}.flac", (1_700_000_000 + i, 1_700_000_000 + i))
    assert counts(tagger, music, "--budget", "1h", "--limit", 2) == {"analysed": 2}
    assert sorted(os.path.basename(path) for path in listed(tagger)) == ["4.flac", "5.flac"]
    result = tagger("scan", music, "--budget", "0s")
    assert "4 files left to the next scan" in result.err
    assert result.code == 0
    assert counts(tagger, music) == {"analysed": 4, "unchanged": 2}


def test_failures_are_tried_again_after_a_week(tagger: Tagger, music: Path, db: Path) -> None:
    (music / "broken.mp3").write_text("no music")
    assert counts(tagger, music) == {"analysed": 6, "failed": 1}
    assert "skipped" not in tagger("scan", music).err
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE failures SET failed_at = '2020-01-01T00:00:00.000+00:00'")
    again = tagger("scan", music, "--quiet")
    assert (again.code, again.err) == (0, "")  # it has failed as before, which is no news
    with sqlite3.connect(db) as connection:
        (failed_at,) = connection.execute("SELECT failed_at FROM failures").fetchone()
    assert failed_at > "2020-01-02"


def test_a_model_that_is_new_to_the_library_analyses_everything(
    tagger: Tagger, music: Path, tmp_path: Path
) -> None:
    import json

    counts(tagger, music)
    folder = shutil.copytree(load_card(DEFAULT_MODEL).folder, tmp_path / "other")
    fields = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(fields | {"id": "other-1", "trunk_sha256": "0" * 64}))
    assert counts(tagger, music, "--model", folder) == {"analysed": 6}
    assert counts(tagger, music, "--model", folder) == {"unchanged": 6}
    assert counts(tagger, music) == {"unchanged": 6}


@pytest.mark.slow
def test_every_kind_of_file_is_recognised_when_it_moves(tagger: Tagger, tmp_path: Path) -> None:
    folder = tmp_path / "kinds"
    folder.mkdir()
    for kind in KINDS:
        make_kind(folder, kind, seconds=2.0)
    first = counts(tagger, folder)
    assert first["analysed"] + first.get("duplicates", 0) == len(KINDS)
    folder.rename(tmp_path / "moved")
    again = counts(tagger, tmp_path / "moved")
    assert "analysed" not in again
    assert again["moved"] + again.get("duplicates", 0) == len(KINDS)


def missing_since(tagger: Tagger) -> list[str]:
    with sqlite3.connect(os.environ["TAGGER_DB"]) as connection:
        return [row[0] for row in connection.execute("SELECT path FROM tracks WHERE missing_since NOTNULL")]
