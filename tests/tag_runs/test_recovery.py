"""What the next run makes of one that was cut off at a chosen moment."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagger.errors import StoreError
from tagger.store import Store
from tagger.tag_runs import UndoCounts, WriteCounts, commit, recover
from tagger.tags import Change, apply, read
from tests.tag_runs.library import (
    MODEL,
    REPLACE,
    contents,
    make_files,
    stale_stamps,
    store_analyses,
    undo_tags,
    write_tags,
)
from tests.tag_runs.test_killed import no_copy_can_be_theirs


class Killed(BaseException):
    """Nobody catches it; what it leaves behind is what SIGKILL leaves, once `discard` does nothing."""


@pytest.fixture
def music(tmp_path: Path, db: str) -> Path:
    store_analyses(db, make_files(tmp_path / "music"))
    return tmp_path / "music"


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "tagger.db")


@pytest.fixture
def store(music: Path, db: str) -> Iterator[Store]:
    with Store.open(db, create=False) as store:
        yield store


def cut_off(store: Store, monkeypatch: pytest.MonkeyPatch, n_done: int, keep_mtime: bool = False) -> None:
    """A run that dies with `n_done` files exchanged, the first of them not yet recorded."""
    done: list[object] = []
    finish = commit.finish

    def dying(prepared: object) -> object:
        if len(done) == n_done:
            raise Killed
        done.append(prepared)
        return finish(prepared)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(commit, "finish", dying)
        patched.setattr(commit, "discard_all", lambda prepared: None)
        patched.setattr(type(store.tag_changes), "record", lambda *args: None)
        settings = dataclasses.replace(REPLACE, keep_mtime=keep_mtime)
        with pytest.raises(Killed):
            write_tags(store, [], MODEL, settings, WriteCounts())


@pytest.mark.parametrize("keep_mtime", [False, True])
@pytest.mark.parametrize("n_done", [0, 2, 4])
def test_what_was_written_is_found_out_and_can_be_undone(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch, n_done: int, keep_mtime: bool
) -> None:
    before = contents(music)
    cut_off(store, monkeypatch, n_done, keep_mtime)
    assert len(contents(music)) == 5 + 5 - n_done  # the other copies lie there
    assert not store.tag_changes.nothing_is_open()
    recover(store)
    assert store.tag_changes.nothing_is_open()
    now = contents(music)
    assert now.keys() == before.keys()
    assert sum(now[path] != before[path] for path in now) == n_done
    assert stale_stamps(db) == []
    (run,) = store.runs.latest()
    assert (run.counts["files_written"], run.counts["interrupted"], run.undoable) == (n_done, 1, n_done)
    if n_done:
        undo_tags(store, 1, UndoCounts())
    assert contents(music) == before


@pytest.mark.parametrize("n_done", [0, 2, 4])
def test_files_of_others_are_known_again_though_their_dates_could_not_be_set(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch, n_done: int
) -> None:
    no_copy_can_be_theirs(monkeypatch)
    before = contents(music)
    cut_off(store, monkeypatch, n_done)
    recover(store)
    assert store.tag_changes.nothing_is_open()
    assert sum(data != before[path] for path, data in contents(music).items()) == n_done
    assert stale_stamps(db) == []
    if n_done:
        undo_tags(store, 1, UndoCounts())
    assert contents(music) == before
    assert stale_stamps(db) == []


def test_the_next_run_recovers_by_itself_and_goes_on(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(store, monkeypatch, 2)
    tally = WriteCounts()
    assert write_tags(store, [], MODEL, REPLACE, tally) == 2
    assert (tally.files_written, tally.unchanged) == (3, 2)
    assert len(contents(music)) == 5


def test_a_write_that_a_power_cut_took_back_is_forgotten(store: Store, music: Path, db: str) -> None:
    """The store says written, and the rename did not last: only a run that ended is past that."""
    before, path = contents(music), str(music / "ogg.ogg")
    shutil.copy2(path, f"{path}.was")
    write_tags(store, [], MODEL, REPLACE, WriteCounts())
    os.replace(f"{path}.was", path)
    store.database.connection.execute("UPDATE runs SET finished_at = NULL")
    recover(store)
    assert (next(store.runs.latest()).undoable, stale_stamps(db)) == (4, [])
    undo_tags(store, 1, UndoCounts())
    assert contents(music) == before


def test_an_undo_that_was_cut_off_goes_on(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(music)
    write_tags(store, [], MODEL, REPLACE, WriteCounts())
    finish, done = commit.finish, list[object]()

    def dying(prepared: object) -> object:
        if len(done) == 3:
            raise Killed
        done.append(prepared)
        return finish(prepared)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(commit, "finish", dying)
        patched.setattr(type(store.tag_changes), "record", lambda self, rows: None)
        undo_tags(store, 1, UndoCounts())
    tally = UndoCounts()
    undo_tags(store, None, tally)
    assert tally.files_restored == 2
    assert contents(music) == before
    assert stale_stamps(db) == []


def test_a_file_that_somebody_changed_after_the_crash_keeps_what_they_wrote(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(store, monkeypatch, 1)
    (path,) = [path for path in music.iterdir() if path.suffix != ".tmp" and read(str(path)).genres]
    apply(str(path), [Change("genre", ("Rock",), ("Polka",))])
    recover(store)
    assert stale_stamps(db) == [str(path)]  # the next scan analyses it again
    tally = UndoCounts()
    undo_tags(store, 1, tally)
    assert (read(str(path)).genres, read(str(path)).energy) == (("Polka",), None)


def test_a_folder_that_is_away_is_recovered_when_it_is_back(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(music)
    cut_off(store, monkeypatch, 2)
    music.rename(music.with_name("unmounted"))
    recover(store)
    assert not store.tag_changes.nothing_is_open()
    music.with_name("unmounted").rename(music)
    recover(store)
    assert store.tag_changes.nothing_is_open()
    assert contents(music).keys() == before.keys()
    undo_tags(store, 1, UndoCounts())
    assert contents(music) == before


def test_a_scan_recovers_too_and_analyses_nothing_again(
    store: Store, music: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(store, monkeypatch, 3)
    command = [sys.executable, "-m", "tagger", "scan", str(music), "--db", db, "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (json.loads(told)["analysed"], json.loads(told)["unchanged"]) == (0, 5)
    assert len(contents(music)) == 5


def test_where_the_store_cannot_keep_what_was_there_nothing_is_written(
    store: Store, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(music)

    def full(*args: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(store.tag_changes), "prepare", full)
    with pytest.raises(StoreError, match="the disk is full"):
        write_tags(store, [], MODEL, REPLACE, WriteCounts())
    assert contents(music) == before
