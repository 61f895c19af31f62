"""What the owner said of sounds: it holds for every file of the sound, and for every model."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from tagger.store import checked
from tagger.store.rows import EVERY_PATH, now, path_from, path_ranges, stored_text
from tagger.types import CORRECTED_FIELDS, MOST_BPM, CorrectedField, OwnersWord

if TYPE_CHECKING:
    from tagger.store.database import Database

CorrectionKind = Literal["accepted", "set", "skipped"]

_COLUMNS = "c.audio_id, c.field, c.kind, c.value, c.made_at, c.run_id"
_ALL = f"SELECT {_COLUMNS} FROM corrections c ORDER BY c.made_at, c.audio_id, c.field"
_OF_A_FIELD = f"SELECT {_COLUMNS} FROM corrections c WHERE c.field = ?"
_OF_A_SOUND = f"SELECT {_COLUMNS} FROM corrections c WHERE c.audio_id = ?"
_VALUES_OF_GENRES = """
    SELECT value FROM corrections WHERE field = 'genre' AND kind <> 'skipped' AND value NOT NULL
    GROUP BY value ORDER BY max(made_at) DESC, value"""
_PLACES = """
    SELECT audio_id, path FROM tracks WHERE path >= ? AND path < ?
    AND audio_id IN (SELECT audio_id FROM corrections) ORDER BY missing_since NOTNULL, path"""
_TAKEN_BACK = """
    SELECT run_id FROM (SELECT DISTINCT run_id FROM corrections WHERE run_id IS NOT NULL) wrote
    WHERE EXISTS (SELECT 1 FROM tag_changes c WHERE c.run_id = wrote.run_id AND c.state = 'undone')"""
PUT_CORRECTION = """
    INSERT INTO corrections (audio_id, field, kind, value, made_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (audio_id, field) DO UPDATE
    SET kind = excluded.kind, value = excluded.value, made_at = excluded.made_at, run_id = NULL"""


@dataclass(frozen=True, slots=True)
class Correction:
    """One word of the owner: an answer `accepted`, one `set` in its place, or the model's `skipped`.

    `value` are the texts that the field is to have, of an energy (0–1) and a tempo in BPM one number; None
    where it is skipped, and the file keeps what it has, or where there was no answer, as of silence.
    `made_at` is ISO 8601 in UTC. `is_written`: a run has written it, and nobody has taken that back.
    """

    kind: CorrectionKind
    value: tuple[str, ...] | None = None
    made_at: str = ""
    is_written: bool = False


class Said(NamedTuple):
    """A correction with the sound and the field that it is of."""

    audio_id: str
    field: CorrectedField
    correction: Correction


class Corrections:
    """The table `corrections` of an open store, as `Store.corrections`; errors as of `Store`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.corrections`."""
        self._database = database

    def all(self) -> list[Said]:
        """Give all that was said, the oldest first."""
        return [*self._read(self._database.all(_ALL))]

    def of(self, field: CorrectedField) -> dict[str, Correction]:
        """Give what was said of a field by `audio_id`."""
        return {
            said.audio_id: said.correction for said in self._read(self._database.all(_OF_A_FIELD, (field,)))
        }

    def by_sound(self) -> dict[str, dict[CorrectedField, Correction]]:
        """Give what was said of each sound, by `audio_id` and field."""
        found: dict[str, dict[CorrectedField, Correction]] = {}
        for audio_id, field, correction in self.all():
            found.setdefault(audio_id, {})[field] = correction
        return found

    def word_of(self, audio_id: str) -> OwnersWord:
        """Give what stands in the place of a model's answers of a sound."""
        said = self._read(self._database.all(_OF_A_SOUND, (audio_id,)))
        return owners_word({one.field: one.correction for one in said})

    def places(self, paths: Sequence[str] = ()) -> dict[str, str]:
        """Give a file for each sound of which something was said, by `audio_id`.

        It is at or beneath `paths`, or anywhere; one that was there at the last scan if there is any.
        """
        found: dict[str, str] = {}
        for bounds in path_ranges(paths) or EVERY_PATH:
            for audio_id, path in self._database.rows(_PLACES, bounds):
                found.setdefault(checked.text(audio_id) or "", path_from(path))
        return found

    def genres(self) -> list[str]:
        """Give the genres that the owner has said, each once, the most recent first."""
        return list(dict.fromkeys(chain.from_iterable(self._values_of_genres())))

    def further_genres(self) -> frozenset[str]:
        """Give the genres that the owner has given to a sound behind another one."""
        return frozenset(genre for genres in self._values_of_genres() for genre in genres[1:])

    def _values_of_genres(self) -> list[tuple[str, ...]]:
        return [texts_of(value) for (value,) in self._database.all(_VALUES_OF_GENRES)]

    def put(self, field: CorrectedField, said: Mapping[str, Correction]) -> None:
        """Keep what the owner says of sounds, in place of what was said of them before.

        Where `made_at` is empty, it is said now.
        """
        self.put_all(Said(audio_id, field, one) for audio_id, one in said.items())

    def put_all(self, said: Iterable[Said]) -> None:
        """Keep corrections of any fields likewise, in one transaction."""
        at = now()
        rows = [
            (audio_id, field, one.kind, stored_value(one.value), one.made_at or at)
            for audio_id, field, one in said
        ]
        with self._database.transaction() as connection:
            connection.executemany(PUT_CORRECTION, rows)

    def remove(self, field: CorrectedField, audio_ids: Iterable[str]) -> int:
        """Forget what was said of sounds; give of how many there was something."""
        rows = [(audio_id, field) for audio_id in audio_ids]
        sql = "DELETE FROM corrections WHERE audio_id = ? AND field = ?"
        with self._database.transaction() as connection:
            return max(0, connection.executemany(sql, rows).rowcount)

    def note_written(self, field: CorrectedField, audio_ids: Iterable[str], run: int) -> None:
        """Note that `run` has written what was said of sounds, or found it in the files already."""
        sql = "UPDATE corrections SET run_id = ? WHERE audio_id = ? AND field = ?"
        with self._database.transaction() as connection:
            connection.executemany(sql, [(run, audio_id, field) for audio_id in audio_ids])

    def _read(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Said]:
        """The rows of `_COLUMNS` that are a word of the owner: a damaged database may hold anything."""
        taken_back = {run for (run,) in self._database.all(_TAKEN_BACK)}
        for audio_id, field, kind, value, made_at, run in rows:
            texts = None if value is None else texts_of(value)
            is_whole = bool(texts) or (texts is None and kind != "set")
            if field in CORRECTED_FIELDS and kind in get_args(CorrectionKind) and is_whole:
                is_written = run is not None and run not in taken_back
                correction = Correction(kind, texts, checked.text(made_at) or "", is_written)
                yield Said(checked.text(audio_id) or "", field, correction)


def genres_said(path: str) -> list[str]:
    """Give `Corrections.genres` of the database at `path`; none where it cannot be read at once."""
    with (
        suppress(sqlite3.Error),
        closing(
            sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=0.1)
        ) as connection,
    ):
        rows = connection.execute(_VALUES_OF_GENRES).fetchall()
        return list(dict.fromkeys(chain.from_iterable(texts_of(value) for (value,) in rows)))
    return []


def owners_word(said: Mapping[CorrectedField, Correction]) -> OwnersWord:
    """Give what stands in the place of a model's answers; what is skipped leaves them.

    >>> owners_word({"genre": Correction("set", ("Surf",)), "energy": Correction("set", ("0.65",))})
    OwnersWord(genres=('Surf',), energy=0.65, bpm=None)
    """
    values = {
        field: one.value for field, one in said.items() if one.kind != "skipped" and one.value is not None
    }
    energy, bpm = values.get("energy", ("",)), values.get("bpm", ("",))
    return OwnersWord(values.get("genre", ()), _number(energy, 0, 1), _number(bpm, 1, MOST_BPM))


def _number(value: Sequence[str], least: float, most: float) -> float | None:
    try:
        return checked.number(float(value[0]), least, most)
    except ValueError:
        return None


def stored_value(value: tuple[str, ...] | None) -> str | None:
    """Give the column `value` for the texts of a correction."""
    return None if value is None else json.dumps([stored_text(text) for text in value], ensure_ascii=False)


def texts_of(value: Any) -> tuple[str, ...]:
    """Give the texts of the column `value`; none of what is no such array."""
    try:
        found = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return ()
    return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
