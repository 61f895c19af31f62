"""What the owner has changed in a player: a field that we wrote and somebody has edited is a correction.

A scan that reads the tags of a changed file again comes here. What the fields hold is compared with what
they held when we last looked: what we wrote, or what a later scan found. A new genre, tempo or energy level
is the owner's word on the sound. So is a genre or a tempo of ours that is gone: it is not wanted. Another
order, letter case or way to join genres is nobody's word, nor is a file that was restored from before our
write.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from tagger.files import AudioFile
from tagger.genre_words import pieces, says_genre
from tagger.store import checked
from tagger.store.corrections import PUT_CORRECTION, Correction, stored_value
from tagger.store.own_tags import fields_written, own_genres
from tagger.store.rows import iso
from tagger.types import MOST_BPM, MOST_LEVEL, CorrectedField, OwnTags, Recording, energy_of_level, number_in

_Field = Literal["genre", "energy_level", "bpm"]
"""What players show of what we write; the energy of 0 to 1 is for programs."""

_IS_OF: Mapping[_Field, CorrectedField] = {"genre": "genre", "energy_level": "energy", "bpm": "bpm"}

_WRITES = """
    SELECT c.previous, c.before_size, c.after_size, r.started_at
    FROM tag_changes c JOIN runs r ON r.id = c.run_id
    WHERE c.track_id = ? AND c.state = 'written' ORDER BY c.id DESC"""
_KNOWN = "SELECT kind, value, made_at FROM corrections WHERE audio_id = ? AND field = ?"


@dataclass(frozen=True, slots=True)
class _Written:
    """A field that we wrote last at a time: its texts `before` and `after`, and when we `seen` it last.

    `former` are the texts before that and each earlier write.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    at: str
    seen: tuple[str, ...]
    former: tuple[tuple[str, ...], ...]


def note_edits(
    connection: sqlite3.Connection, track_id: int, file: AudioFile, recording: Recording, now: str
) -> int:
    """Keep what somebody has changed in a track's file as corrections; give their number.

    To be called before the row of the track is renewed, inside the caller's transaction.
    """
    own = recording.own
    rows = connection.execute(_WRITES, (track_id,)).fetchall() if own else []
    if own is None or not rows:
        return 0
    columns = "size, mtime_ns, audio_id, tag_genres, tag_seen"
    (row,) = connection.execute(f"SELECT {columns} FROM tracks WHERE id = ?", (track_id,)).fetchall()
    size, mtime_ns, audio_id, stored_genres, seen = row
    if (size, mtime_ns) == (file.size, file.mtime_ns) or audio_id != recording.audio_id:
        return 0
    written = _written(rows, checked.json_object(seen))
    is_restored = _is_restored(rows, file, own)
    found = [*_edits(written, own, own_genres(checked.text(stored_genres)), is_restored)]
    connection.execute("UPDATE tracks SET tag_seen = ? WHERE id = ?", (_seen(own, written, now), track_id))
    return sum(_keep(connection, audio_id, field, one, written[field].at, file, now) for field, one in found)


def _written(rows: Iterable[tuple[Any, ...]], seen: Mapping[str, Any]) -> dict[_Field, _Written]:
    """The fields that we wrote, by the newest write of each."""
    found: dict[_Field, _Written] = {}
    for previous, _, _, started_at in rows:
        at = checked.text(started_at) or ""
        for name, before, after in fields_written(checked.json_object(previous)):
            field = next((each for each in get_args(_Field) if each == name), None)
            if field is None:
                continue
            if field in found:
                found[field] = replace(found[field], former=(*found[field].former, before))
            else:
                texts = seen.get(field) if str(seen.get("at", "")) > at else None
                last = tuple(map(str, texts)) if isinstance(texts, list) else after
                found[field] = _Written(before, after, at, last, (before,))
    return found


def _is_restored(rows: Sequence[tuple[Any, ...]], file: AudioFile, own: OwnTags) -> bool:
    """Whether a file looks as before our write: our energy is gone, or its size is that of before."""
    fields = [fields_written(checked.json_object(previous)) for previous, *_ in rows]
    if any(name == "energy" for each in fields for name, _, _ in each):
        return not own.has_our_energy
    return any(file.size == before != after for _, before, after, _ in rows)


def _edits(
    written: Mapping[_Field, _Written], own: OwnTags, own_before: tuple[str, ...], is_restored: bool
) -> Iterator[tuple[_Field, Correction]]:
    """The fields of which somebody has said something."""
    if one := written.get("genre"):
        genres = tuple(dict.fromkeys(_whole_genres(own.genres)))
        if said := _genre_edit(one, genres, own_before, is_restored):
            yield "genre", said
    if one := written.get("energy_level"):
        said = _number_edit(one, own.energy_level, MOST_LEVEL, is_restored)
        if said and own.energy_level is not None:  # programs drop what they do not know: that says nothing
            energy = energy_of_level(max(1, math.ceil(own.energy_level)))
            yield "energy_level", Correction("set", (f"{energy:g}",))
    if (one := written.get("bpm")) and (said := _number_edit(one, own.bpm, MOST_BPM, is_restored)):
        yield "bpm", said


def _genre_edit(
    one: _Written, genres: tuple[str, ...], own_before: tuple[str, ...], is_restored: bool
) -> Correction | None:
    now, seen = pieces(genres), pieces(one.seen)
    is_kept = {*one.before} <= {*one.after}  # then what the file said stood beside ours
    known = seen | pieces(own_before) if is_kept else seen
    if now - known:
        is_former = is_restored and any(now == pieces(texts) for texts in one.former)
        return None if is_former else Correction("set", genres)
    ours = pieces(one.after) - pieces(one.before)
    is_gone = bool(ours & seen) and not ours & now and not is_restored
    return Correction("skipped") if is_gone else None


def _number_edit(one: _Written, number: float | None, most: float, is_restored: bool) -> Correction | None:
    seen = _number(one.seen, most)
    if number is None:
        return None if seen is None or is_restored else Correction("skipped")
    if seen is not None and round(number) == round(seen):  # "127.98" is no other tempo than "128"
        return None
    is_former = is_restored and any(_number(texts, most) == number for texts in one.former)
    return None if is_former else Correction("set", (f"{number:g}",))


def _number(texts: Sequence[str], most: float) -> float | None:
    return number_in(texts[0] if texts else None, most)


def _whole_genres(genres: Iterable[str]) -> Iterator[str]:
    """The genres that say something; some players join them by semicolons."""
    for genre in genres:
        for piece in genre.split(";"):
            if says_genre(piece):
                yield piece.strip()


def _seen(own: OwnTags, written: Iterable[_Field], now: str) -> str:
    """The column `tag_seen`: what the fields that we wrote held at this time."""
    level, bpm = ([] if number is None else [f"{number:g}"] for number in (own.energy_level, own.bpm))
    texts = {"genre": list(own.genres), "energy_level": level, "bpm": bpm}
    return json.dumps({"at": now, **{field: texts[field] for field in written}})


def _keep(
    connection: sqlite3.Connection,
    audio_id: str,
    field: _Field,
    one: Correction,
    written_at: str,
    file: AudioFile,
    now: str,
) -> int:
    """Keep a correction as made when the file was changed, unless a newer one is there."""
    changed_at = datetime.fromtimestamp(max(0, file.mtime_ns) / 1e9, UTC) if file.mtime_ns < 1e19 else None
    at = min(now, max(written_at, iso(changed_at))) if changed_at else now
    key = (audio_id, _IS_OF[field])
    value = stored_value(one.value)
    for kind, known, made_at in connection.execute(_KNOWN, key).fetchall():
        if (kind, known) == (one.kind, value) or (checked.text(made_at) or "") >= at:
            return 0
    connection.execute(PUT_CORRECTION, (*key, one.kind, value, at))
    return 1
