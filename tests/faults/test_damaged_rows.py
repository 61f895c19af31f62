"""Whatever a database holds, a bad value spoils its own file, and no command ends in an internal error."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Result, Tagger
from tests.tag_runs.library import contents, make_files, store_analyses

READING = (
    ("list",),
    ("list", "--json"),
    ("list", "--csv"),
    ("list", "--sort", "artist", "--energy", "1-10"),
    ("stats",),
    ("stats", "--json"),
    ("playlist", "--shape", "rise", "--minutes", "5"),
    ("playlist", "--format", "xspf"),
    ("audit",),
    ("audit", "--json"),
    ("duplicates",),
    ("runs",),
    ("runs", "--json"),
    ("failures",),
    ("ignore",),
    ("corrections",),
    ("corrections", "--json"),
    ("list", "--genre", "surf", "--corrected"),
    ("write-tags", "--dry-run"),
    ("undo", "--dry-run"),
)

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False) | st.sampled_from([1e300, float("inf"), float("-inf"), -0.5]),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
    | st.sampled_from(["a\0b", "loud", "{", "[1]"]),
    st.binary(max_size=8),
)


@pytest.fixture
def library(tmp_path: Path, db: Path, tagger: Tagger) -> Path:
    """Two tagged files and a failure."""
    store_analyses(db, make_files(tmp_path / "music"))
    assert tagger("write-tags", "--yes").code == 0
    with closing(sqlite3.connect(db)) as database, database:
        database.execute("INSERT INTO failures VALUES ('/m/x', 1, 1, 'decode', 'torn', '2026', '2026')")
        database.execute("INSERT INTO ignored VALUES ('/m/y', '2026')")
        sound, value = "(SELECT audio_id FROM tracks LIMIT 1)", '\'["Surf", "Twang"]\''
        database.execute(f"INSERT INTO corrections VALUES ({sound}, 'genre', 'set', {value}, '2026', NULL)")
    shutil.copy(db, tmp_path / "whole.db")
    return tmp_path / "music"


def columns(db: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(db)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return [
            (table, column)
            for (table,) in tables
            for _, column, *_ in database.execute(f"PRAGMA table_info({table})").fetchall()
        ]


def put(db: Path, whole: Path, table: str, column: str, value: object, rows: str = "") -> None:
    for ending in ("-wal", "-shm"):
        Path(f"{db}{ending}").unlink(missing_ok=True)
    shutil.copy(whole, db)
    with closing(sqlite3.connect(db)) as database, database, suppress(sqlite3.IntegrityError):
        database.execute(f"UPDATE OR IGNORE {table} SET {column} = ? {rows}", (value,))


def ends_in_words(result: Result) -> None:
    assert result.code in (0, 1, 2), result
    assert "internal error" not in result.err and "Traceback" not in result.err + result.out, result
    if result.code == 2:
        assert len(result.err.splitlines()) == 1, result


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_reading_command_bears_any_value_in_any_column(
    tagger: Tagger, library: Path, db: Path, data: st.DataObject
) -> None:
    table, column = data.draw(st.sampled_from(columns(db)))
    put(db, library.parent / "whole.db", table, column, data.draw(VALUES))
    for command in READING:
        ends_in_words(tagger(*command))
    ends_in_words(tagger("show", next(library.iterdir())))


_FIRST = "WHERE track_id = (SELECT id FROM tracks ORDER BY path LIMIT 1)"


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("energy", "loud", None),
        ("energy", 1e300, None),
        ("bpm", float("inf"), None),
        ("bpm", 1e300, None),
        ("genre", b"\xff", "\ufffd"),
        ("genre_confidence", -3.0, None),
    ],
)
def test_what_cannot_be_is_not_known(
    tagger: Tagger, library: Path, db: Path, column: str, value: object, shown: object
) -> None:
    put(db, library.parent / "whole.db", "predictions", column, value, _FIRST)
    first, *others = tagger("list", "--json").json
    assert first[column] == shown
    assert len(others) == len([*library.iterdir()]) - 1
    assert all(track[column] is not None for track in others if column != "bpm")
    assert len(json.loads(tagger("playlist", "--format", "json").out)) == len(others) + 1


def test_text_that_is_not_utf8_spoils_no_listing(tagger: Tagger, library: Path, db: Path) -> None:
    with closing(sqlite3.connect(db)) as database, database:
        database.execute("UPDATE tracks SET title = CAST(x'41ff' AS TEXT) WHERE id = 2")
    titles = [track["title"] for track in tagger("list", "--json").json]
    assert titles.count("A\ufffd") == 1
    assert len(titles) == len([*library.iterdir()])


def damaged(previous: str) -> Iterator[str]:
    """Every kind of damage."""
    whole = json.loads(previous)
    field = whole["fields"][0]
    yield "{torn"
    yield "[1]"
    yield "null"
    yield "{}"
    yield "[" * 100_000
    yield json.dumps({**whole, "fields": None})
    yield json.dumps({**whole, "fields": [5]})
    yield json.dumps({**whole, "fields": [{**field, "field": "colour"}]})
    yield json.dumps({**whole, "fields": [{**field, "items": [[0, "?", ""]]}]})
    yield json.dumps({**whole, "fields": [{**field, "items": [["0", "", ""]]}]})
    yield json.dumps({**whole, "fields": [{**field, "before": "Rock"}]})
    yield json.dumps({**whole, "fields": [{**field, "after": [7]}]})
    yield json.dumps({**whole, "fields": [{"field": "genre"}]})
    yield json.dumps({**whole, "shape": 7})
    yield json.dumps({**whole, "shape": ["a", "b"]})
    yield json.dumps({**whole, "shape": [1] * 99})
    yield json.dumps({**whole, "dialect": 5})
    yield json.dumps({**whole, "original": 5})
    yield json.dumps({**whole, "original": {"way_back": "AAAA"}})
    yield json.dumps({**whole, "original": {**whole["original"], "way_back": "!"}})


def test_a_damaged_memory_is_that_files_skip_and_the_others_are_restored(
    tagger: Tagger, tmp_path: Path, db: Path
) -> None:
    music = tmp_path / "music"
    store_analyses(db, make_files(music))
    before = contents(music)
    assert tagger("write-tags", "--yes").code == 0
    written = contents(music)
    with closing(sqlite3.connect(db)) as database:
        ((number, path, previous), *_) = database.execute("SELECT id, path, previous FROM tag_changes")
    for value in damaged(previous):
        with closing(sqlite3.connect(db)) as database, database:
            sql = "UPDATE tag_changes SET previous = ?, state = 'written' WHERE id = ?"
            database.execute(sql, (value, number))
            database.execute("UPDATE tag_changes SET state = 'written'")
        preview = tagger("undo", "1", "--dry-run", "--json")
        assert (preview.code, preview.json["skipped"]) == (1, 1), value[:99]
    undone = tagger("undo", "1", "--yes")
    assert (undone.code, undone.err.count("is damaged in the database")) == (1, 1)
    now = contents(music)
    name = Path(path).name
    assert {str(key): value for key, value in now.items() if name not in str(key)} == {
        str(key): value for key, value in before.items() if name not in str(key)
    }
    assert [value for key, value in now.items() if name in str(key)] == [
        value for key, value in written.items() if name in str(key)
    ]
