"""A writer killed with SIGKILL: no damaged file, nothing left beside it, and a store that knows."""

from __future__ import annotations

import dataclasses
import errno
import os
import random
import signal
import sqlite3
import statistics
import time
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.store import Store
from tagger.tag_runs import UndoCounts, WriteCounts, recover
from tests.small_process import in_a_small_process
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

IN_PLACE = dataclasses.replace(REPLACE, hard_links="in-place")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Files of three formats, one of them with two names; tests/tags kills the writer of single files."""
    make_files(tmp_path / "music", ("mp3", "flac", "wma"))
    (tmp_path / "seeded").mkdir()
    (tmp_path / "seeded" / "other.mp3").hardlink_to(tmp_path / "music" / "mp3.mp3")
    return tmp_path / "music"


def no_copy_can_be_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the files were another user's: no copy can have their rights, nor may their dates be set."""
    utime = os.utime

    def may_set_own_dates(file: str | int, *args: object, **names: object) -> None:
        path = os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else file
        if not os.path.basename(path).startswith(".tagger-"):
            raise PermissionError(errno.EPERM, "Operation not permitted")
        utime(file, *args, **names)  # type: ignore[call-overload]

    monkeypatch.setattr("tagger.tags.write.give_attributes", lambda *args: False)
    monkeypatch.setattr(os, "utime", may_set_own_dates)


@pytest.mark.slow
def test_kills_damage_no_files_of_others_and_the_store_knows(music: Path, tmp_path: Path) -> None:
    in_a_small_process(kills_damage_no_files_of_others, music, tmp_path)


def kills_damage_no_files_of_others(music: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        no_copy_can_be_theirs(patch)
        kills_damage_nothing(music, tmp_path, n_kills=40)


@pytest.mark.slow
def test_kills_at_a_hundred_moments_damage_nothing_and_the_store_knows(music: Path, tmp_path: Path) -> None:
    in_a_small_process(kills_damage_nothing, music, tmp_path, 100)


def kills_damage_nothing(music: Path, tmp_path: Path, n_kills: int) -> None:
    db = str(tmp_path / "tagger.db")
    old = contents(music)
    store_analyses(db, old)
    with Store.open(db, create=False) as store:
        write_tags(store, [], MODEL, IN_PLACE, WriteCounts())
        new = contents(music)
        undo_tags(store, None, UndoCounts())
    longest_s = 1.5 * statistics.median(_seconds(db) for _ in range(5))
    assert contents(music) == old
    assert all(old[path] != new[path] for path in old)
    random.seed(200)
    seen: set[tuple[bool, ...]] = set()
    for i in range(5 * n_kills):
        if i >= n_kills and len(seen) > 2:
            break  # else the computer has become slower: later kills, again and again
        moment = (i % n_kills + random.random()) / n_kills  # at random, and in every part of the time
        _kill_after(moment * longest_s * (1 + i // n_kills), db)
        with Store.open(db, create=False) as store:
            recover(store)
            assert store.tag_changes.nothing_is_open()
        now = contents(music)
        assert now.keys() == old.keys()
        is_new = {path: data == new[path] for path, data in now.items()}
        assert all(data in (old[path], new[path]) for path, data in now.items())
        assert is_new == {path: path in _written(db) for path in now}
        assert stale_stamps(db) == []
        seen.add(tuple(is_new.values()))
    assert len(seen) > 2, "the moments were not random: nothing was ever half done"
    assert os.listdir(tmp_path / "seeded") == ["other.mp3"]
    assert sqlite3.connect(db).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _seconds(db: str) -> float:
    """How long a writer takes here and now."""
    began_s = time.monotonic()
    child = _writer(db, rounds=1)
    assert os.waitpid(child, 0) == (child, 0)
    return time.monotonic() - began_s


def _kill_after(delay_s: float, db: str) -> None:
    child = _writer(db, rounds=1_000_000)
    time.sleep(delay_s)
    assert os.waitpid(child, os.WNOHANG) == (0, 0), "the writer failed before it was killed"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _writer(db: str, rounds: int) -> int:
    child = os.fork()  # a process of its own would take longer to start than to write
    if child == 0:
        failed = 1
        try:
            for _ in range(rounds):
                _write_and_undo(db)
            failed = 0
        finally:
            os._exit(failed)
    return child


def _write_and_undo(db: str) -> None:
    settings = dataclasses.replace(IN_PLACE, keep_mtime=random.random() < 0.5)
    with Store.open(db, create=False) as store:
        write_tags(store, [], MODEL, settings, WriteCounts())
        try:
            while True:
                undo_tags(store, None, UndoCounts())
        except TaggerError:  # all is undone
            pass


def _written(db: str) -> set[str]:
    rows = sqlite3.connect(db).execute("SELECT path, state FROM tag_changes WHERE state <> 'undone'")
    states = rows.fetchall()
    assert {state for _, state in states} <= {"written"}
    return {path for path, _ in states}
