"""What the owner said of sounds: it holds for every file of the sound, and for every model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from tagger.store import checked
from tagger.store.rows import now, stored_text

if TYPE_CHECKING:
    from tagger.store.database import Database

CorrectionKind = Literal["accepted", "set", "skipped"]

CorrectedField = Literal["genre"]

_ALL = "SELECT audio_id, kind, value, made_at, run_id FROM corrections WHERE field = ?"
_TAKEN_BACK = """
    SELECT run_id FROM (SELECT DISTINCT run_id FROM corrections WHERE run_id IS NOT NULL) wrote
    WHERE EXISTS (SELECT 1 FROM tag_changes c WHERE c.run_id = wrote.run_id AND c.state = 'undone')"""
_PUT = """
    INSERT INTO corrections (audio_id, field, kind, value, made_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (audio_id, field) DO UPDATE
    SET kind = excluded.kind, value = excluded.value, made_at = excluded.made_at, run_id = NULL"""


@dataclass(frozen=True, slots=True)
class Correction:
    """One word of the owner: an answer `accepted`, one `set` in its place, or the model's `skipped`.

    `value` are the texts that the field is to have; None where it is skipped, and the file keeps what it has,
    or where there was no answer, as of silence.
    `made_at` is ISO 8601 in UTC. `is_written`: a run has written it, and nobody has taken that back.
    """

    kind: CorrectionKind
    value: tuple[str, ...] | None = None
    made_at: str = ""
    is_written: bool = False


class Corrections:
    """The table `corrections` of an open store, as `Store.corrections`; errors as of `Store`."""

    def __init__(self, database: Database) -> None:
        """Use `Store.corrections`."""
        self._database = database

    def of(self, field: CorrectedField) -> dict[str, Correction]:
        """Give what was said of a field by `audio_id`."""
        taken_back = {run for (run,) in self._database.all(_TAKEN_BACK)}
        found: dict[str, Correction] = {}
        for audio_id, kind, value, made_at, run in self._database.rows(_ALL, (field,)):
            texts = None if value is None else _texts(value)
            if kind in get_args(CorrectionKind) and (texts or (texts is None and kind != "set")):
                is_written = run is not None and run not in taken_back
                found[audio_id] = Correction(kind, texts, checked.text(made_at) or "", is_written)
        return found

    def put(self, field: CorrectedField, said: Mapping[str, Correction]) -> None:
        """Keep what the owner says of sounds now, in place of what was said of them before."""
        at = now()
        rows = [(audio_id, field, one.kind, _stored(one.value), at) for audio_id, one in said.items()]
        with self._database.transaction() as connection:
            connection.executemany(_PUT, rows)

    def remove(self, field: CorrectedField, audio_ids: Iterable[str]) -> None:
        """Forget what was said of sounds."""
        rows = [(audio_id, field) for audio_id in audio_ids]
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM corrections WHERE audio_id = ? AND field = ?", rows)

    def note_written(self, field: CorrectedField, audio_ids: Iterable[str], run: int) -> None:
        """Note that `run` has written what was said of sounds, or found it in the files already."""
        sql = "UPDATE corrections SET run_id = ? WHERE audio_id = ? AND field = ?"
        with self._database.transaction() as connection:
            connection.executemany(sql, [(run, audio_id, field) for audio_id in audio_ids])


def _stored(value: tuple[str, ...] | None) -> str | None:
    return None if value is None else json.dumps([stored_text(text) for text in value], ensure_ascii=False)


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of the column `value`; none of what is no such array."""
    try:
        found = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return ()
    return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
