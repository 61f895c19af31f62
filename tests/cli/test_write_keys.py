"""`tagger write-tags --write key`, and what `doctor` says of keys."""

import json
import sqlite3
from pathlib import Path

import pytest

from tagger.tags import read
from tests.cli.conftest import Tagger
from tests.cli.test_write_tags import nothing_written_beneath
from tests.sounds import make_sound
from tests.tag_runs.library import KINDS, contents, make_files, store_analyses

ALONE = ("--genre", "never", "--no-energy", "--bpm", "never")


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A file of each of `KINDS`, in A minor with 0.8."""
    store_analyses(db, make_files(tmp_path / "music"), key=("Am", 0.8))
    return tmp_path / "music"


def found(folder: Path) -> set[tuple[str, ...]]:
    return {read(str(path)).keys for path in folder.iterdir()}


def test_it_is_written_if_it_is_asked_for_and_taken_back(tagger: Tagger, music: Path) -> None:
    before = contents(music)
    tagger("write-tags", "--yes")
    assert found(music) == {()}
    result = tagger("write-tags", "--yes", "--write", "key")
    assert found(music) == {("Am",)}
    assert ["key", "5"] in [line.split() for line in result.out.splitlines()]
    assert result.err == "tagger: this was run 2; `tagger undo 2` takes it back\n"
    for _ in range(2):
        assert tagger("undo", "--yes").code == 0
    assert contents(music) == before


def test_a_dry_run_tells_it(tagger: Tagger, music: Path) -> None:
    args = ("write-tags", *ALONE, "--write", "key", "--dry-run")
    with nothing_written_beneath(music):
        told = tagger(*args).out
        changes = tagger(*args, "--json").json["changes"]
    assert told.count("    key none → Am\n") == len(KINDS)
    assert [change.pop("path") for change in changes] == sorted(map(str, music.iterdir()))
    assert changes == len(KINDS) * [{"key": {"before": [], "after": ["Am"]}}]


def test_the_owners_is_kept_unless_it_is_to_make_room(tagger: Tagger, tmp_path: Path, db: Path) -> None:
    path = make_sound(tmp_path / "a.flac", seconds=1.0, metadata={"initialkey": "8B"})
    store_analyses(db, [path], key=("Am", 0.8))
    tagger("write-tags", "--yes", "--write", "key")
    assert read(path).keys == ("8B",)
    tagger("write-tags", "--yes", "--write", "key=replace")
    assert read(path).keys == ("Am",)


def test_the_configuration_asks_for_it_once_and_for_all(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[tags]\nwrite = ["key", "mood"]\n')
    tagger("--config", file, "write-tags", "--yes", "--write", "key=never")
    assert found(music) == {()}
    tagger("--config", file, "write-tags", "--yes")
    assert found(music) == {("Am",)}


def test_tracks_that_were_heard_before_there_were_keys_are_counted(
    tagger: Tagger, music: Path, db: Path
) -> None:
    with sqlite3.connect(db) as connection:
        connection.execute("DELETE FROM keys_and_tempos")
    told = "without a key, for an earlier tagger heard them: 5 tracks; `tagger scan --full` hears again\n"
    assert told in tagger("write-tags", "--dry-run", "--write", "key").err
    assert told not in tagger("write-tags", "--dry-run", "--write", "key=never").err
    assert told not in tagger("write-tags", "--dry-run", "--write", "key", "--quiet").err


def test_doctor_tells_the_key_and_who_reads_it(tagger: Tagger, tmp_path: Path) -> None:
    ours = make_sound(tmp_path / "ours.flac", seconds=0.5, metadata={"initialkey": "Am"})
    picards = make_sound(tmp_path / "picards.flac", seconds=0.5, metadata={"key": "8A"})
    assert "in the file         key Am\n" in tagger("doctor", ours, "--for", "navidrome").out
    for player, path, key, missed in (
        ("navidrome", ours, [], "ignored"),
        ("navidrome", picards, ["8A"], None),
        ("mixxx", ours, ["Am"], None),
        ("rekordbox", ours, ["Am"], None),
        ("rekordbox", picards, [], "unknown"),
        ("mixed-in-key", ours, [], "unknown"),
        ("jellyfin", ours, [], "ignored"),
        ("strawberry", picards, [], "ignored"),
    ):
        (fields,) = tagger("doctor", path, "--for", player, "--json").json
        assert fields["key"] == (["Am"] if path == ours else ["8A"])
        seen = fields["players"][player]
        assert (player, seen["key"]) == (player, key)
        assert [kind for kind in ("ignored", "unknown") if "key" in seen[kind]] == (
            [missed] if missed else []
        )


def test_a_plan_is_saved_and_written(tagger: Tagger, music: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.jsonl"
    tagger("write-tags", *ALONE, "--write", "key", "--save-plan", plan)
    lines = [json.loads(line) for line in plan.read_text().splitlines()]
    assert [(line["field"], line["confidence"]) for line in lines] == len(KINDS) * [("key", 0.8)]
    assert tagger("write-tags", "--plan", plan, "--yes", "--json").json["files_written"] == len(KINDS)
    assert found(music) == {("Am",)}
