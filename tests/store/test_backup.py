"""The copy beside the database: when it is made, and that it is worth something."""

import os
import time
from pathlib import Path

import pytest

from tagger.errors import StoreError
from tagger.store import Store, backup
from tests.store.store_answers import MODEL, analysed


def tracks_in(path: str) -> int:
    with Store.open(path, create=False) as store:
        return len(list(store.answers.tracks(model=MODEL)))


def fill(path: str, n: int) -> None:
    with Store.open(path, create=True) as store:
        store.record_batch([analysed(f"/m/{i}.mp3") for i in range(n)], [])
        assert store.back_up_if_due() is None


def age(path: str, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(backup.backup_path(path), (then, then))


def test_a_backup_is_a_whole_database_and_alone(db_path: str) -> None:
    fill(db_path, 3)
    assert sorted(os.listdir(os.path.dirname(db_path))) == ["tagger.db", "tagger.db.bak"]
    os.unlink(db_path)
    os.rename(backup.backup_path(db_path), db_path)
    assert tracks_in(db_path) == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_backup_belongs_to_the_owner_of_the_database_and_follows_no_link(db_path: str) -> None:
    fill(db_path, 3)
    elsewhere = Path(db_path).parent / "elsewhere"
    elsewhere.write_bytes(b"mine")
    os.chown(db_path, 1000, 1001)
    os.chmod(db_path, 0o640)
    copy = backup.backup_path(db_path)
    os.symlink(elsewhere, f"{copy}.tmp")
    backup.back_up(db_path)
    status = os.stat(copy)
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1000, 1001, 0o640)
    assert (elsewhere.read_bytes(), elsewhere.stat().st_uid) == (b"mine", 0)


def test_an_empty_database_is_not_backed_up(db_path: str) -> None:
    fill(db_path, 0)
    assert not os.path.exists(backup.backup_path(db_path))


@pytest.mark.parametrize(("days", "renewed"), [(6, False), (8, True), (-30, True)])
def test_a_backup_is_renewed_after_a_week_and_when_its_date_is_in_the_future(
    db_path: str, days: float, renewed: bool
) -> None:
    fill(db_path, 1)
    age(db_path, days)
    fill(db_path, 2)
    assert tracks_in(backup.backup_path(db_path)) == (2 if renewed else 1)


def test_a_damaged_database_does_not_replace_its_backup(db_path: str) -> None:
    fill(db_path, 1500)  # so many that the tables' names lie before the damage
    age(db_path, 8)
    damage(db_path)
    with Store.open(db_path, create=False) as store, pytest.raises(StoreError) as caught:
        store.back_up_if_due()
    assert "it is damaged; to go on with the backup of " in str(caught.value)
    assert tracks_in(backup.backup_path(db_path)) == 1500
    assert not os.path.exists(f"{db_path}.bak.tmp")


def test_a_backup_that_does_not_fit_leaves_the_last_one(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(db_path, 1)
    age(db_path, 8)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with Store.open(db_path, create=False) as store:
        store.record_batch([analysed("/m/new.mp3")], [])
        assert "No space left" in (store.back_up_if_due() or "")
    assert tracks_in(backup.backup_path(db_path)) == 1


def test_the_commands_of_the_message_restore_the_database(db_path: str) -> None:
    fill(db_path, 500)
    damage(db_path)
    Path(f"{db_path}-wal").write_bytes(b"of the damaged one")
    told = backup.how_to_restore(db_path)
    assert told is not None
    assert os.system(told.split("run: ")[1]) == 0
    assert tracks_in(db_path) == 500
    assert os.path.exists(f"{db_path}.damaged")


def damage(path: str) -> None:
    """Garbage in the middle."""
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size // 4 // 4096 * 4096)
        file.write(b"\xff" * (size // 2))
