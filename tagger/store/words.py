"""The words and moods of tracks: stored as a byte a word, and read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tagger.store import checked
from tagger.store.rows import MoodAndWords, SqlValue
from tagger.types import Prediction

if TYPE_CHECKING:
    from tagger.store.database import Database

_INSERT = """
    INSERT OR REPLACE INTO mood_words
        (track_id, model, valence, mood, mood_confidence, word_list, words)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_LISTS = "SELECT word_list, word FROM word_places ORDER BY word_list, place"
_OF_A_MODEL = """
    SELECT DISTINCT word FROM word_places WHERE word_list IN (
        SELECT word_list FROM mood_words WHERE model = ? AND word_list NOT NULL LIMIT 1)
    ORDER BY place"""

COLUMNS = "w.valence, w.mood, w.mood_confidence, w.word_list, w.words"
"""The columns that `Words.read` reads, of `mood_words w`."""

_BYTES = bytes(range(256))

N_COLUMNS = COLUMNS.count(",") + 1

JOIN = " LEFT JOIN mood_words w ON w.track_id = p.track_id AND w.model = p.model"


def least_byte(probability: float) -> int:
    """Give the byte from which on a word has at least this probability (0–1).

    >>> least_byte(0.5), least_byte(1.0)
    (128, 255)
    """
    return round(255 * probability + 0.49)


class Words:
    """The table `mood_words` of an open store; errors as of `Store`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.answers`."""
        self._database = database
        self._lists: dict[int, tuple[str, ...]] = {}

    def known(self, model: str) -> list[str]:
        """Give the words that the answers of `model` have a probability of, in the model's order."""
        rows = self._database.all(_OF_A_MODEL, (model,))
        return [word for (word,) in rows if isinstance(word, str)]

    def read(self, row: Sequence[Any], least: float = 0.0, only: Sequence[str] | None = None) -> MoodAndWords:
        """Read valence, mood, its confidence and the words (likeliest first) of the columns `COLUMNS`.

        Words below the probability `least` (0–1) are left out, and those that are not among `only` these.
        """
        valence, mood, confidence, word_list, words = row
        known = checked.mood(mood)
        found = self._words(word_list, words, least_byte(least), only) if words and only != () else {}
        return MoodAndWords(
            checked.share(valence), known, checked.share(confidence) if known else None, found
        )

    def _words(self, word_list: Any, words: Any, least: int, only: Sequence[str] | None) -> dict[str, float]:
        names = self.names(word_list) if isinstance(words, bytes) else ()
        if not names:
            return {}
        found, words = dict[str, float](), words[: len(names)]
        # A million times for a list: most words have little, and are taken away at once.
        for byte in sorted({*words.translate(None, _BYTES[:least])}, reverse=True):
            place = words.find(byte)
            while place >= 0:
                if only is None or names[place] in only:
                    found[names[place]] = byte / 255
                place = words.find(byte, place + 1)
        return found

    def names(self, number: Any) -> tuple[str, ...]:
        """Give the words of the list of this number, in their order; none where there is no such list."""
        if number not in self._lists:
            found: dict[int, list[str]] = {}
            for word_list, word in self._database.all(_LISTS):
                found.setdefault(word_list, []).append(checked.text(word) or "")
            self._lists = {key: tuple(names) for key, names in found.items()}
        return self._lists.get(number, ())


def put_words(connection: sqlite3.Connection, ids: Iterable[int], answers: Sequence[Prediction]) -> None:
    """Store what `answers` say of words and mood, inside the caller's transaction."""
    rows = []
    lists: dict[tuple[str, ...], int] = {}
    for track_id, answer in zip(ids, answers, strict=True):
        if not answer.words and answer.valence is None:
            continue
        names = tuple(answer.words)
        if names and names not in lists:
            lists[names] = word_list(connection, names)
        packed = packed_words(answer.words) if names else None
        mood = answer.valence, answer.mood, answer.mood_confidence
        rows.append((track_id, answer.model, *mood, lists.get(names), packed))
    put_rows(connection, rows)


def put_rows(connection: sqlite3.Connection, rows: Iterable[Sequence[SqlValue]]) -> None:
    """Store rows of `mood_words`, its columns in their order, inside the caller's transaction."""
    connection.executemany(_INSERT, rows)


def word_list(connection: sqlite3.Connection, names: Sequence[str]) -> int:
    """Give the number of a list of words, new if it is not known, inside the caller's transaction."""
    known: dict[int, list[str]] = {}
    for number, word in connection.execute(_LISTS):
        known.setdefault(number, []).append(word)
    for number, words in known.items():
        if words == list(names):
            return number
    number = max(known, default=0) + 1
    rows = [(number, name, place) for place, name in enumerate(names, 1)]
    connection.executemany("INSERT INTO word_places (word_list, word, place) VALUES (?, ?, ?)", rows)
    return number


def packed_words(words: Mapping[str, float]) -> bytes:
    """Pack the probabilities (0–1) of words into a byte each."""
    return bytes(round(255 * probability) for probability in words.values())
