"""Opening: new, old, newer, foreign and broken databases."""

import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.errors import BusyError, StoreError
from tagger.store import Store, connection, default_path, schema
from tagger.types import Track
from tests.store.store_answers import MODEL, heard


def _version(path: str) -> int:
    raw = sqlite3.connect(path)
    (version,) = raw.execute("PRAGMA user_version").fetchone()
    raw.close()
    return int(version)


def test_a_new_database_is_made_with_its_folder_and_its_tables(tmp_path: Path) -> None:
    path = str(tmp_path / "a" / "b" / "tagger.db")
    with Store.open(path, create=True) as store:
        tables = set(store._database.table_names())
        assert store._database.journal_mode == "wal"
    assert _version(path) == len(schema.MIGRATIONS)
    expected = "tracks predictions genre_scores window_answers embeddings models failures runs"
    assert tables == {*expected.split(), "tag_changes", "tag_folders"}


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


def test_migrations_run_once_each_and_keep_the_rows(db_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(db_path, create=True) as store:
        store.record_batch([heard("/m/1.mp3")], [])

    def add_mood(raw: sqlite3.Connection) -> None:
        raw.execute("ALTER TABLE tracks ADD COLUMN mood TEXT")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_mood))
    for _ in range(2):
        with Store.open(db_path, create=False) as store:
            assert [row.path for row in store.tracks(model=MODEL)] == ["/m/1.mp3"]
            assert "mood" in store._database["tracks"].columns_dict
            store.record_batch([heard("/m/1.mp3", "Jazz")], [])
    assert _version(db_path) == len(schema.MIGRATIONS)


def test_a_migration_that_fails_leaves_the_version_before(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(db_path, create=True).close()
    before = _version(db_path)

    def broken(raw: sqlite3.Connection) -> None:
        raw.execute("ALTER TABLE tracks ADD COLUMN mood TEXT")
        raw.execute("SELECT nonsense FROM nowhere")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="no such table: nowhere"):
            Store.open(db_path, create=False)
    assert _version(db_path) == before
    with Store.open(db_path, create=False) as store:
        assert "mood" not in store._database["tracks"].columns_dict


def test_the_database_of_a_newer_tagger_is_refused(db_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(db_path, create=True).close()
    monkeypatch.setattr(schema, "MIGRATIONS", ())
    with pytest.raises(StoreError, match=r"a newer tagger wrote it .* upgrade tagger"):
        Store.open(db_path, create=False)


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
    with pytest.raises(StoreError, match="it cannot be opened"):
        Store.open(str(tmp_path), create=True)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file: cannot be made"):
        Store.open(str(tmp_path / "file" / "tagger.db"), create=True)


def test_a_damaged_page_is_an_error_in_one_line(db_path: str) -> None:
    with Store.open(db_path, create=True) as store:
        store.record_batch([heard(f"/m/{n}.mp3") for n in range(500)], [])
    size = os.path.getsize(db_path)
    with open(db_path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(StoreError, match="it is damaged"), Store.open(db_path, create=False) as store:
        list(store.tracks(model=MODEL))


def test_a_name_that_is_no_utf8_holds_a_database(tmp_path: Path) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"caf\xe9 ?#%41.db"))
    with Store.open(path, create=True) as store:
        store.record_batch([heard("/m/1.mp3")], [])
    assert os.path.exists(path)


def test_opening_a_current_database_waits_for_no_writer(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_BUSY_TIMEOUT_S", 0.05)
    with Store.open(db_path, create=True) as writer:
        writer.record_batch([heard("/m/1.mp3")], [])
        with writer._transaction() as raw:
            raw.execute("UPDATE predictions SET genre = 'Jazz'")
            with Store.open(db_path, create=False) as reader:
                assert [row.genre for row in reader.tracks(model=MODEL)] == ["Rock"]
                with pytest.raises(BusyError, match="another program is writing to it"):
                    reader.record_batch([heard("/m/2.mp3")], [])


def test_several_processes_may_make_the_database_at_once(db_path: str) -> None:
    command = f"from tagger.store import Store; Store.open({db_path!r}, create=True).close()"
    running = [subprocess.Popen([sys.executable, "-c", command]) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]


def test_the_default_lies_in_the_user_data_folder() -> None:
    assert default_path().endswith(os.path.join("tagger", "tagger.db"))


def test_the_manual_names_every_table_and_column(store: Store) -> None:
    page = (Path(__file__).parents[2] / "tagger/manual/database.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", page, re.MULTILINE))
    for table in store._database.tables:
        documented = re.findall(r"`(\w+)`", rows[table.name])
        assert documented == list(table.columns_dict), table.name


def test_a_database_of_the_first_version_gains_names_and_tempo(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        Store.open(db_path, create=True).close()
    raw = sqlite3.connect(db_path)
    raw.execute("INSERT INTO tracks VALUES (1, '/m/1.mp3', 1, 1, 'a', 2.5, 'mp3', 44100, 2, '')")
    raw.execute(f"INSERT INTO predictions VALUES (1, '{MODEL}', 'Rock', 0.5, 0.5, 0, '')")
    raw.commit()
    raw.close()
    with Store.open(db_path, create=False) as store:
        assert list(store.tracks(model=MODEL)) == [Track("/m/1.mp3", "a", 2.5, "Rock", 0.5, 0.5)]
        store.record_batch([heard("/m/1.mp3", "Jazz")], [])
        assert [row.genre for row in store.tracks(model=MODEL)] == ["Jazz"]


def test_a_database_without_tempo_confidences_keeps_its_answers(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:4])
        Store.open(db_path, create=True).close()
    raw = sqlite3.connect(db_path)
    raw.execute(
        "INSERT INTO tracks (id, path, size, mtime_ns, audio_id, duration_s, codec, sample_rate_hz, channels,"
        " scanned_at) VALUES (1, '/m/1.mp3', 1, 1, 'a', 2.5, 'mp3', 44100, 2, '')"
    )
    raw.execute(f"INSERT INTO predictions VALUES (1, '{MODEL}', 'Rock', 0.5, 0.5, 0, '', NULL)")
    raw.execute(f"INSERT INTO embeddings VALUES (1, '{MODEL}', x'0000')")
    raw.commit()
    raw.close()
    with Store.open(db_path, create=False) as store:
        stored = store.track("/m/1.mp3", MODEL)
        assert stored is not None and stored.prediction.genre == "Rock"
        assert (stored.prediction.bpm, stored.prediction.bpm_confidence) == (None, None)
        store.record_batch([heard("/m/1.mp3", bpm=120.0)], [])
        assert [row.bpm for row in store.tracks(model=MODEL)] == [120.0]
    assert _version(db_path) == len(schema.MIGRATIONS)


def test_a_database_of_the_fifth_version_keeps_every_row_and_takes_partial_answers(
    db_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:5])
        with Store.open(db_path, create=True) as store:
            tracks = [heard(f"/m/{n}.mp3", "Jazz", n / 100, bpm=60.0 + n) for n in range(100)]
            store.record_batch([*tracks, heard("/m/other.mp3", model="other-1")], [])
            before = _everything(store)
        assert _version(db_path) == 5
    with Store.open(db_path, create=False) as store:
        assert _everything(store) == before
        assert store._connection.execute("PRAGMA foreign_key_check").fetchall() == []
        file, recording, prediction = heard("/m/1.mp3")
        partial = replace(prediction, genres={}, genre=None, genre_confidence=None, energy=None)
        store.record_batch([(file, recording, partial)], [])
        assert [row[:1] for row in _everything(store)["genre_scores"]].count((2,)) == 0  # the old ones went
        assert len(_everything(store)["genre_scores"]) == len(before["genre_scores"]) - 4
        assert len(_everything(store)["embeddings"]) == 101
    assert _version(db_path) == len(schema.MIGRATIONS)


def test_a_migrated_database_has_the_tables_and_indices_of_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of migrations one by one, as somebody has had them over the years."""
    path, layouts = str(tmp_path / "old.db"), []
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:5])
        Store.open(path, create=True).close()
    for each in (path, str(tmp_path / "new.db")):
        with Store.open(each, create=True) as store:
            layouts.append(
                set(store._connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))
            )
    assert layouts[0] == layouts[1]
    assert {("index", f"predictions_{name}") for name in ("genre_energy", "energy", "bpm")} <= {
        row[:2] for row in layouts[0]
    }


def _everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """The rows of all tables."""
    names = ("tracks", "predictions", "genre_scores", "window_answers", "embeddings", "models")
    return {name: store._connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
