"""Opening: new, old, newer, foreign and broken databases."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tagger.albums import album_id
from tagger.errors import BusyError, StoreError
from tagger.files import fingerprint
from tagger.query import Query
from tagger.store import Store, backup, default_path, schema
from tagger.store import database as store_file
from tagger.store.word_tables import SHIPPED_BEFORE
from tests.store.store_answers import MODEL, analysed


def _version(path: str) -> int:
    raw = sqlite3.connect(path)
    (version,) = raw.execute("PRAGMA user_version").fetchone()
    raw.close()
    return int(version)


def test_a_new_database_is_made_with_its_folder_and_its_tables(tmp_path: Path) -> None:
    path = str(tmp_path / "a" / "b" / "tagger.db")
    with Store.open(path, create=True) as store:
        tables = set(store.database.tables.table_names())
        assert store.database.tables.journal_mode == "wal"
    assert _version(path) == schema.VERSION
    expected = "tracks predictions genre_scores window_answers embeddings models failures ignored runs"
    assert tables == {
        *expected.split(),
        "tag_changes",
        "tag_folders",
        "trunks",
        "word_places",
        "mood_words",
        "no_music",
        "keys_and_tempos",
        "corrections",
        "album_scores",
        "stale_albums",
    }


def test_a_missing_database_says_to_scan_first_and_is_not_made(db_path: str) -> None:
    with pytest.raises(StoreError, match=f"no database at {db_path}; run `tagger scan FOLDER` first"):
        Store.open(db_path, create=False)
    assert not os.path.exists(db_path)


def test_an_empty_file_is_no_database_to_read_but_one_to_fill(db_path: str) -> None:
    Path(db_path).touch()
    with pytest.raises(StoreError, match="is empty; run `tagger scan FOLDER` first"):
        Store.open(db_path, create=False)
    Store.open(db_path, create=True).close()
    Store.open(db_path, create=False).close()


def add_mood(raw: sqlite3.Connection) -> None:
    raw.execute("ALTER TABLE tracks ADD COLUMN mood TEXT")


def columns(path: str) -> set[str]:
    with closing(sqlite3.connect(path)) as raw:
        return {name for _, name, *_ in raw.execute("PRAGMA table_info(tracks)")}


def migrate(path: str, *migrations: Callable[[sqlite3.Connection], None]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        schema.migrate(raw, path, (*schema.MIGRATIONS, *migrations))


def test_migrations_run_once_each_and_keep_the_rows(db_path: str) -> None:
    with Store.open(db_path, create=True) as store:
        store.record_batch([analysed("/m/1.mp3")], [])
    for _ in range(2):
        migrate(db_path, add_mood)
        assert "mood" in columns(db_path)
    assert _version(db_path) == schema.VERSION + 1
    with closing(sqlite3.connect(db_path)) as raw:
        assert raw.execute("SELECT path, mood FROM tracks").fetchall() == [("/m/1.mp3", None)]


def test_the_first_release_s_database_gets_the_columns_of_own_tags_and_keeps_its_rows(db_path: str) -> None:
    version_7(db_path)
    with Store.open(db_path, create=False) as store:
        (track,) = store.answers.tracks(model="old-1")
        unread = store.files.without_own_tags()
    assert _version(db_path) == schema.VERSION == 15
    assert (track.path, track.genre, track.tag_genres) == ("/m/1.mp3", "Rock", ())
    assert unread == {fingerprint("/m/1.mp3", 10, 20)}
    assert _version(backup.backup_path(db_path)) == 7


def test_an_earlier_database_knows_its_albums_and_the_next_scan_pools_them(db_path: str) -> None:
    version_7(db_path)
    with closing(sqlite3.connect(db_path)) as raw:
        raw.execute("UPDATE tracks SET album = 'Post', artist = 'Björk'")
        raw.commit()
    with Store.open(db_path, create=False) as store:
        known = album_id("/elsewhere/2.mp3", "post", "björk")
        assert store.database.all("SELECT album_id FROM tracks") == [(known,)]
        assert store.database.all("SELECT album_id FROM stale_albums") == [(known,)]
        (track,) = store.answers.tracks(Query(no_album=True), model="old-1")
        assert track.genre == "Rock"


def test_embeddings_of_before_are_known_by_their_trunk_and_the_answers_stay(db_path: str) -> None:
    version_7(db_path)
    trunk, heads = SHIPPED_BEFORE["standard-6"]
    with closing(sqlite3.connect(db_path)) as raw:
        raw.execute("UPDATE predictions SET model = 'standard-6'")
        raw.execute("INSERT INTO models VALUES ('standard-6', '2026')")
        raw.execute("INSERT INTO embeddings VALUES (1, 'standard-6', x'0102')")
        raw.commit()
    with Store.open(db_path, create=False) as store:
        assert store.rereads.made_of("standard-6") == (trunk, heads)
        assert store.rereads.made_of("old-1") == ("model old-1", {})
        assert store.database.all(
            "SELECT track_id, name, vector FROM embeddings JOIN trunks ON id = trunk"
        ) == [(1, trunk, b"\x01\x02")]


def version_7(path: str) -> None:
    """A database of the first release, with one answer."""
    with closing(sqlite3.connect(path)) as raw:
        schema._create_tables(raw)
        raw.execute(
            "INSERT INTO tracks (path, size, mtime_ns, audio_id, codec, sample_rate_hz, channels, scanned_at)"
            " VALUES ('/m/1.mp3', 10, 20, '00', 'mp3', 44100, 2, '')"
        )
        raw.execute(
            "INSERT INTO predictions (track_id, model, genre, silent, created_at)"
            " VALUES (1, 'old-1', 'Rock', 0, '')"
        )
        raw.execute("INSERT INTO models VALUES ('old-1', '')")
        raw.execute("PRAGMA user_version = 7")
        raw.commit()


def test_a_database_is_copied_before_it_is_changed(db_path: str) -> None:
    with Store.open(db_path, create=True) as store:
        store.record_batch([analysed("/m/1.mp3")], [])
    assert not os.path.exists(backup.backup_path(db_path))
    migrate(db_path, add_mood)
    assert _version(backup.backup_path(db_path)) == schema.VERSION
    with closing(sqlite3.connect(backup.backup_path(db_path))) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copy.execute("SELECT path FROM tracks").fetchall() == [("/m/1.mp3",)]


def test_a_migration_that_fails_leaves_the_version_before(db_path: str) -> None:
    Store.open(db_path, create=True).close()

    def broken(raw: sqlite3.Connection) -> None:
        add_mood(raw)
        raw.execute("SELECT nonsense FROM nowhere")

    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        migrate(db_path, broken)
    assert _version(db_path) == schema.VERSION
    assert "mood" not in columns(db_path)


def test_an_earlier_database_that_may_not_be_written_says_how_it_is_brought_up_to_date(db_path: str) -> None:
    Store.open(db_path, create=True).close()
    with (
        closing(sqlite3.connect(db_path)) as raw,
        pytest.raises(StoreError, match="an earlier tagger wrote it, and it is read-only"),
    ):
        schema.require_current(raw, db_path, [*schema.MIGRATIONS, add_mood])


def test_the_database_of_a_newer_tagger_is_refused(db_path: str) -> None:
    Store.open(db_path, create=True).close()
    migrate(db_path, add_mood)
    with pytest.raises(StoreError, match=r"a newer tagger wrote it .* upgrade tagger"):
        Store.open(db_path, create=False)


def test_the_database_of_a_trial_version_is_refused_and_untouched(db_path: str) -> None:
    Store.open(db_path, create=True).close()
    with closing(sqlite3.connect(db_path)) as raw:
        raw.execute("PRAGMA user_version = 6")
    before = Path(db_path).read_bytes()
    with pytest.raises(StoreError, match=r"a trial version of tagger wrote it; .* scan again"):
        Store.open(db_path, create=True)
    assert Path(db_path).read_bytes() == before


def test_the_database_of_another_program_is_refused_and_untouched(db_path: str) -> None:
    raw = sqlite3.connect(db_path)
    raw.execute("CREATE TABLE precious (id)")
    raw.close()
    before = Path(db_path).read_bytes()
    with pytest.raises(StoreError, match="it is the database of another program"):
        Store.open(db_path, create=True)
    assert Path(db_path).read_bytes() == before


@pytest.mark.parametrize("content", [b"\0\0", b"hello", b"music" * 999])
def test_a_file_of_something_else_is_refused_in_one_line(db_path: str, content: bytes) -> None:
    Path(db_path).write_bytes(content)
    with pytest.raises(StoreError, match=f"^{db_path}: it is not a database of tagger[^\n]*$"):
        Store.open(db_path, create=True)


def test_a_folder_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a folder; name the file in it"):
        Store.open(str(tmp_path), create=True)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file: cannot be made"):
        Store.open(str(tmp_path / "file" / "tagger.db"), create=True)


def test_a_damaged_page_is_an_error_in_one_line(db_path: str) -> None:
    with Store.open(db_path, create=True) as store:
        store.record_batch([analysed(f"/m/{n}.mp3") for n in range(500)], [])
    size = os.path.getsize(db_path)
    with open(db_path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(StoreError, match="it is damaged"), Store.open(db_path, create=False) as store:
        list(store.answers.tracks(model=MODEL))


def test_a_name_that_is_no_utf8_holds_a_database(tmp_path: Path) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"caf\xe9 ?#%41.db"))
    with Store.open(path, create=True) as store:
        store.record_batch([analysed("/m/1.mp3")], [])
    assert os.path.exists(path)


def test_opening_a_current_database_waits_for_no_writer(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_file, "BUSY_TIMEOUT_S", 0.05)
    with Store.open(db_path, create=True) as writer:
        writer.record_batch([analysed("/m/1.mp3")], [])
        with writer.database.transaction() as raw:
            raw.execute("UPDATE predictions SET genre = 'Jazz'")
            with Store.open(db_path, create=False) as reader:
                assert [row.genre for row in reader.answers.tracks(model=MODEL)] == ["Rock"]
                with pytest.raises(BusyError, match="another program is writing to it"):
                    reader.record_batch([analysed("/m/2.mp3")], [])


def test_several_processes_may_make_the_database_at_once(db_path: str) -> None:
    command = f"from tagger.store import Store; Store.open({db_path!r}, create=True).close()"
    running = [subprocess.Popen([sys.executable, "-c", command]) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]


def test_the_default_lies_in_the_user_data_folder() -> None:
    assert default_path().endswith(os.path.join("tagger", "tagger.db"))


def test_the_manual_names_every_table_and_column(store: Store) -> None:
    page = (Path(__file__).parents[2] / "tagger/manual/database.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", page, re.MULTILINE))
    tables = store.database.tables
    for name in [*tables.table_names(), "library"]:
        columns = [column for _, column, *_ in store.database.all(f"PRAGMA table_info({name})")]
        assert re.findall(r"`(\w+)`", rows[name]) == columns, name
    assert all(f"`{view}`" in page for view in tables.view_names())
