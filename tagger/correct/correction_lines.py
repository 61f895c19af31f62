"""Corrections as JSON: a file with one a line, edited or not, that another library takes over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, get_args

from tagger.correct.typed import texts_of_value, value_of
from tagger.errors import TaggerError
from tagger.json_lines import json_line, read_json_lines
from tagger.store import Correction, CorrectionKind, Said
from tagger.types import CORRECTED_FIELDS, CorrectedField

_KEYS = ("audio_id", "field")

LONGEST_ID = 200
"""Characters of an `audio_id`: of ours, 32."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction with a file of its sound; `path` is None where no scan has met one yet."""

    said: Said
    path: str | None

    @property
    def value(self) -> list[str] | float | None:
        """The genres, the energy (0–1) or the BPM; None where the field is skipped."""
        return value_of(self.said.field, self.said.correction)


@dataclass(slots=True)
class Imported:
    """What an import found: corrections `taken`, among them those that `replaced` older ones of ours.

    `kept` are ours in the place of older ones in the file, each with the other one behind it; `n_known` of
    the file we have already.
    """

    taken: list[Said] = field(default_factory=list)
    replaced: list[tuple[Said, Said]] = field(default_factory=list)
    kept: list[tuple[Said, Said]] = field(default_factory=list)
    n_known: int = 0


def correction_json(one: Corrected) -> dict[str, Any]:
    """Give a correction by the names that JSON uses."""
    correction = one.said.correction
    return {
        "path": one.path,
        "audio_id": one.said.audio_id,
        "field": one.said.field,
        "value": one.value,
        "kind": correction.kind,
        "made_at": correction.made_at,
    }


def correction_line(one: Corrected) -> bytes:
    """Give a correction as a line of a file; the path in it is for people."""
    return json_line(correction_json(one))


def read_corrections(file: str) -> list[Said]:
    """Read the corrections in `file`; of two of one field of a sound, the newer one holds.

    Raises TaggerError, with the number of the line, where anything in it cannot be meant: nothing is taken
    from a file that is not understood as a whole.
    """
    found: dict[tuple[str, CorrectedField], Said] = {}
    for where, values in read_json_lines(file, _KEYS, "file of corrections"):
        said = _said(values, where)
        before = found.get(said[:2])
        if before is None or before.correction.made_at <= said.correction.made_at:
            found[said[:2]] = said
    return [*found.values()]


def merged(ours: Iterable[Said], theirs: Iterable[Said]) -> Imported:
    """Decide which of `theirs` to take: those of which we know nothing, and newer ones.

    >>> one = Said("00", "genre", Correction("set", ("Surf",), "2026-05-01"))
    >>> older = one._replace(correction=Correction("set", ("Rock",), "2026-04-01"))
    >>> [len(part) for part in (merged([older], [one]).taken, merged([one], [older]).kept)]
    [1, 1]
    """
    known = {said[:2]: said for said in ours}
    imported = Imported()
    for said in theirs:
        before = known.get(said[:2])
        if before is None:
            imported.taken.append(said)
        elif _says(before) == _says(said):
            imported.n_known += 1
        elif before.correction.made_at < said.correction.made_at:
            imported.taken.append(said)
            imported.replaced.append((before, said))
        else:
            imported.kept.append((before, said))
    return imported


def _says(said: Said) -> tuple[CorrectionKind, tuple[str, ...] | None]:
    return said.correction.kind, said.correction.value


def _said(values: dict[str, Any], where: str) -> Said:
    audio_id, kind, value = values["audio_id"], values.get("kind", "set"), values.get("value")
    if not (isinstance(audio_id, str) and 0 < len(audio_id) <= LONGEST_ID and audio_id.isprintable()):
        raise TaggerError(f"{where}: 'audio_id' is the text that identifies a sound; mend or delete the line")
    name = next((name for name in CORRECTED_FIELDS if name == values["field"]), None)
    if name is None:
        known = ", ".join(CORRECTED_FIELDS)
        raise TaggerError(f"{where}: no field {values['field']!r}; there are {known}")
    if kind not in get_args(CorrectionKind):
        raise TaggerError(f"{where}: no kind {kind!r}; there are {', '.join(get_args(CorrectionKind))}")
    one = Correction(kind, None, _time(values.get("made_at"), where))
    if kind == "skipped" or (kind == "accepted" and value is None):
        return Said(audio_id, name, one)
    try:
        return Said(audio_id, name, replace(one, value=texts_of_value(name, value)))
    except TaggerError as error:
        raise TaggerError(f"{where}: {error}") from None


def _time(text: Any, where: str) -> str:
    """A time as the database keeps it; now where there is none, or one of the future."""
    now = datetime.now(UTC)
    try:
        time = now if text is None else datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return min(time, now).astimezone(UTC).isoformat(timespec="milliseconds")
    except (TypeError, ValueError, OverflowError):
        raise TaggerError(f"{where}: 'made_at' is a time such as {now:%Y-%m-%dT%H:%M:%SZ}") from None
