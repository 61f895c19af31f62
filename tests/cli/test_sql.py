"""The ten questions of the page on SQL, each put to a library of which the answer is known."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tagger.cli.help import page
from tagger.store import Correction, Store
from tagger.types import Analysis, OwnTags
from tests.store.store_answers import analysed, parts

QUESTIONS = re.findall(r"^(\S[^\n]*[:?])\n\n```sql\n(.*?)```", page("sql"), re.DOTALL | re.MULTILINE)


def track(number: int, genre: str, energy: float, bpm: float, own: str | None, **names: Any) -> Analysis:
    file, recording, answer = parts(
        analysed(f"/m/{number}.mp3", genre, energy, audio_id=f"{number:032x}", bpm=bpm, size=500_000_000)
    )
    words = {"Piano": 0.9 - energy / 2, "Loud": energy}
    heard = {"key": "Am" if genre == "Rock" else "C", "key_confidence": 0.8}
    said = replace(recording, duration_s=3600.0, own=OwnTags((own,) if own else ()), **names)
    return replace(
        analysed(file.path),
        file=file,
        recording=said,
        prediction=replace(answer, words=words, valence=0.5, mood="calm", mood_confidence=0.7, **heard),
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Five tracks, of which the owner has corrected one."""
    path = str(tmp_path / "tagger.db")
    ada = {"artist": "Ada", "album": "One", "year": 1994}
    bob = {"artist": "Bob", "album": "Two", "year": 2001}
    with Store.open(path, create=True) as store:
        store.record_batch(
            [
                track(1, "Rock", 0.9, 120.0, "Rock", **ada),
                track(2, "Rock", 0.85, 120.5, "Metal", **ada),
                track(3, "Jazz", 0.2, 90.0, None, **ada),
                track(4, "Rock", 0.3, 140.0, "Rock", **bob),
                track(5, "Folk", 0.1, 80.0, None, **bob, codec="flac"),
            ],
            [],
        )
        store.answers.note_use(analysed("").prediction.model)
        store.corrections.put("genre", {f"{4:032x}": Correction("set", ("Surf",))})
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection


EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    "The calmest track": [("Folk", "Bob", None, 0.1), ("Jazz", "Ada", None, 0.2), ("Surf", "Bob", None, 0.3)],
    "Artists by how many": [("Ada", 2, "Rock,Jazz"), ("Bob", 2, "Surf,Folk")],
    "Albums that move": [("One", "Ada", 3, 0.7), ("Two", "Bob", 2, 0.2)],
    "Hours of music": [(1990, "calm", 3.0), (2000, "calm", 2.0)],
    "Does the tempo": [(1994, 3, 110.2), (2001, 2, 110.0)],
    "What your tags": [("Metal", "Rock", 1), ("Rock", "Rock", 1), ("Rock", "Surf", 1)],
    "Words by the energy": [("Loud", 2, 0.88), ("Piano", 3, 0.2)],
    "Pairs for a mix": [("/m/2.mp3", "/m/1.mp3", "Am", 120.5, 120.0)],
    "How often the model": [("Rock", "Surf", 1)],
    "Gigabytes by genre": [("Rock", "mp3", 2, 1.0), ("Folk", "flac", 1, 0.5), ("Jazz", "mp3", 1, 0.5)],
}
"""What each question finds first, by its beginning."""


@pytest.mark.parametrize(("question", "sql"), QUESTIONS, ids=[question[:20] for question, _ in QUESTIONS])
def test_a_question_by_sql_is_answered(database: sqlite3.Connection, question: str, sql: str) -> None:
    (expected,) = (rows for beginning, rows in EXPECTED.items() if question.startswith(beginning))
    assert database.execute(sql).fetchall()[: len(expected)] == expected


def test_there_are_ten_and_the_one_that_shows_how_to_ask(database: sqlite3.Connection) -> None:
    assert len(QUESTIONS) == 10
    (sql,) = re.findall(r'\$ sqlite-utils query tagger\.db "(.*?)" --table', page("sql"), re.DOTALL)
    assert database.execute(sql).fetchall()[0] == ("Rock", 2)


def test_the_view_has_a_row_for_every_track_with_the_answers_of_the_last_model(
    database: sqlite3.Connection,
) -> None:
    database.row_factory = sqlite3.Row
    rows = [dict(row) for row in database.execute("SELECT * FROM library ORDER BY path")]
    assert [row["genre"] for row in rows] == ["Rock", "Rock", "Jazz", "Surf", "Folk"]
    assert [row["corrected"] for row in rows] == [None, None, None, "genre", None]
    assert [row["words"] for row in rows] == ["Loud", "Loud", "Piano", "Piano", "Piano"]
    assert [row["energy_level"] for row in rows] == [9, 9, 2, 3, 1]
    assert [row["tag_genre"] for row in rows] == ["Rock", "Metal", None, "Rock", None]
