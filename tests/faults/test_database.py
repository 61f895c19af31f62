"""A database that is taken away during a run, or whose header is damaged, is told as what it is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tagger.errors import LostDatabase, StoreError
from tagger.files import AudioFile
from tagger.pipeline import scan
from tagger.store import Store, backup, schema
from tagger.tag_runs import WriteCounts
from tagger.types import Failure
from tests.cli.conftest import Tagger, db, tagger
from tests.store.store_answers import MODEL, analysed
from tests.tag_runs.library import REPLACE, contents, make_files, store_analyses, write_tags

__all__ = ["db", "tagger"]


def log_of(db: Path) -> Path:
    return Path(f"{db}-wal")


def replace(path: Path) -> None:
    path.rename(path.with_name("old"))
    path.touch()


def delete_folder(db: Path) -> None:
    for path in db.parent.iterdir():
        path.unlink()
    db.parent.rmdir()


LOSSES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda db: db.unlink(),
    "renamed": lambda db: db.rename(db.with_name("old.db")),
    "deleted with its folder": delete_folder,
    "replaced": replace,
    "without its log": lambda db: log_of(db).unlink(),
    "with another log": lambda db: replace(log_of(db)),
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no Windows takes away a file that is open")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_scan_that_loses_its_database_says_so_and_ends_with_1(
    tagger: Tagger, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str, is_new: bool
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for number in range(scan.BATCH + 1):
        (music / f"{number:02}.mp3").touch()

    def extract_all(files: Iterable[AudioFile], *args: Any, **names: Any) -> Iterator[Failure]:
        """Fails with each; after the first batch, the database is lost."""
        for number, file in enumerate(files):
            if number == scan.BATCH:
                LOSSES[loss](db)
            yield Failure(file.path, "decode", "empty", file.size, file.mtime_ns)

    if not is_new:
        Store.open(str(db), create=True).close()
    monkeypatch.setattr(scan, "extract_all", extract_all)
    result = tagger("scan", music, "--quiet")
    named = log_of(db) if "log" in loss else db
    last = result.err.splitlines()[-1]
    assert last.startswith(f"tagger: {named}: it was deleted, moved or replaced during this run")
    assert last.endswith("run the command again")
    assert result.code == 1


def test_tags_are_not_written_where_nobody_could_take_them_back(tmp_path: Path) -> None:
    music, db = make_files(tmp_path / "music"), tmp_path / "tagger.db"
    store_analyses(db, music)
    before = contents(tmp_path / "music")
    with Store.open(str(db), create=False) as store:
        store.runs.begin("scan")
        db.unlink()
        with pytest.raises(LostDatabase):
            write_tags(store, [], MODEL, REPLACE, WriteCounts())
    assert contents(tmp_path / "music") == before


def test_who_only_reads_a_database_that_is_gone_is_not_told(tmp_path: Path) -> None:
    db = str(tmp_path / "tagger.db")
    with Store.open(db, create=True) as store:
        store.record_batch([analysed("/m/1.mp3")], [])
        os.unlink(db)
        assert [track.path for track in store.answers.tracks(model=MODEL)] == ["/m/1.mp3"]


def header(db: str, **pragmas: int) -> None:
    with closing(sqlite3.connect(db)) as raw:
        for name, value in pragmas.items():
            raw.execute(f"PRAGMA {name} = {value}")


@pytest.fixture
def backed_up(tmp_path: Path) -> str:
    """A database with a track and a backup."""
    db = str(tmp_path / "tagger.db")
    with Store.open(db, create=True) as store:
        store.record_batch([analysed("/m/1.mp3")], [])
        assert store.back_up_if_due() is None
    return db


@pytest.mark.parametrize("pragma", ["application_id", "user_version"])
@pytest.mark.parametrize("value", [0, -1, 0x7FFF_FFFF, 0x5441_4700])
@pytest.mark.parametrize("create", [True, False])
def test_a_damaged_mark_in_the_header_gives_the_commands_that_restore(
    backed_up: str, pragma: str, value: int, create: bool
) -> None:
    header(backed_up, **{pragma: value})
    with pytest.raises(StoreError, match=r"it is damaged; to go on with the backup of .* run: ") as caught:
        Store.open(backed_up, create=create)
    subprocess.run(str(caught.value).split("run: ")[1], shell=True, check=True)
    with Store.open(backed_up, create=False) as store:
        assert [track.path for track in store.answers.tracks(model=MODEL)] == ["/m/1.mp3"]


def test_without_a_backup_a_damaged_mark_says_to_scan_again(backed_up: str) -> None:
    os.unlink(backup.backup_path(backed_up))
    header(backed_up, application_id=7)
    with pytest.raises(StoreError, match="it is damaged; move it away and scan again"):
        Store.open(backed_up, create=True)


def test_a_version_that_may_be_that_of_a_newer_tagger_is_told_as_one(backed_up: str) -> None:
    header(backed_up, user_version=schema.VERSION + schema.MOST_AHEAD)
    with pytest.raises(StoreError, match="a newer tagger wrote it"):
        Store.open(backed_up, create=True)


def test_no_byte_of_the_header_makes_a_foreign_database_of_ours(backed_up: str) -> None:
    """Whatever the byte, it can be read as before, or the message has the commands that restore it."""
    sound = Path(backed_up).read_bytes()
    for place in range(100):
        data = bytearray(sound)
        data[place] ^= 0x55
        Path(backed_up).write_bytes(data)
        try:
            with Store.open(backed_up, create=True) as store:
                store.record_batch([analysed("/m/1.mp3")], [])
                assert [track.path for track in store.answers.tracks(model=MODEL)] == ["/m/1.mp3"]
        except StoreError as error:
            assert "it is damaged; to go on with the backup" in str(error), place
        for ending in ("-wal", "-shm", "-journal"):
            Path(f"{backed_up}{ending}").unlink(missing_ok=True)
