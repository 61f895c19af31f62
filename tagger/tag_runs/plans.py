"""Plans of changes as files: saved to be read, edited and thinned out, then checked and applied line by line.

A plan is JSON Lines (https://jsonlines.org): a line is one field of one file. A line that is deleted is a
change that is not made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tagger.errors import TagError, TaggerError
from tagger.files import absolute
from tagger.genre_names import MODELS_OWN, GenreNames
from tagger.json_lines import json_line, read_json_lines
from tagger.musical_key import key_named
from tagger.store import Store, TaggableTrack
from tagger.tag_runs.counts import Skip, WriteCounts
from tagger.tags import FIELDS, NAMES, REWORDED, Change, Field, Tags, is_genre, unsplittable
from tagger.types import rounded

if TYPE_CHECKING:
    from tagger.tag_runs.preview import Planned

MAX_FILES = 5_000_000

LONGEST_KEY = 3
"""Characters, as ID3's `TKEY` has them."""

_KEYS = ("path", "audio_id", "field", "before", "after")
_BPM = re.compile(r"[1-9]\d{0,2}(\.\d{1,2})?")
_EXPECTED: Mapping[Field, str] = {
    "genre": "names of genres",
    "energy_level": "a level from 1 to 10",
    "energy": "a number from 0 to 1",
    "bpm": "a tempo from 1 to 999",
    "key": "a musical key such as Am, F# or 8A",
    "mood": "names of moods",
    "words": "words",
    "comment": "a comment",
    "rating": "a rating from 1 to 255",
}


class OfASound(Protocol):
    """What is said of a file as long as it has the sound `audio_id`."""

    @property
    def audio_id(self) -> str: ...


Said = TypeVar("Said", bound=OfASound)


@dataclass(slots=True)
class FilePlan:
    """What shall be changed in the file at one path, as long as it has the sound `audio_id`."""

    audio_id: str
    changes: dict[Field, Change] = field(default_factory=dict)


TagPlan = Mapping[str, FilePlan]
"""The changes of a run by path."""


def plan_lines(planned: Planned, names: GenreNames = MODELS_OWN) -> Iterator[bytes]:
    """Yield the lines of a plan for one file, a field a line, each with its end; `names` are of its genres.

    `confidence` (0–1) is of the least likely genre or word among those to be written, of the tempo, of the
    key or of the mood; null for energies, which have none. Of what the owner has said it is 1.
    """
    track = planned.track
    for change in planned.changes:
        values = {
            "path": track.path,
            "audio_id": track.audio_id,
            "field": change.field,
            "before": change.before,
            "after": change.after,
            "confidence": _confidence(track, change, names),
        }
        yield json_line(values)


def _confidence(track: TaggableTrack, change: Change, names: GenreNames) -> float | None:
    if change.field.removesuffix("_level") in track.said:
        return 1.0
    sure = {"bpm": track.bpm_confidence, "key": track.key_confidence, "mood": track.mood_confidence}
    if change.field in sure:
        return rounded(sure[change.field], 4)
    said = {"genre": track.genres, "words": track.words}.get(change.field, ())
    added = [p for name, p in said if unsplittable(names.shown(name)) in change.after]
    return round(min(added), 4) if added else None


def read_plan(file: str) -> TagPlan:
    """Read the plan in `file`, edited or not; paths that are not absolute are taken from the current folder.

    Raises TaggerError, with the number of the line, where anything in it cannot be meant: nothing of a
    plan is applied that is not understood as a whole.
    """
    plan: dict[str, FilePlan] = {}
    for where, values in read_json_lines(file, _KEYS, "plan"):
        _add(plan, values, where)
    return plan


def _add(plan: dict[str, FilePlan], values: dict[str, Any], where: str) -> None:
    if not (isinstance(values["path"], str) and values["path"] and isinstance(values["audio_id"], str)):
        raise TaggerError(f"{where}: 'path' and 'audio_id' are texts; mend or delete the line")
    change = Change(_field_of(values, where), _texts(values, "before", where), _after(values, where))
    path = absolute(values["path"])
    of_file = plan.setdefault(path, FilePlan(values["audio_id"]))
    if of_file.audio_id != values["audio_id"] or change.field in of_file.changes:
        raise TaggerError(f"{where}: an earlier line says it otherwise for this file; delete one of them")
    of_file.changes[change.field] = change
    if len(plan) > MAX_FILES:
        raise TaggerError(f"{where}: more than {MAX_FILES:,} files; divide the plan")


def _field_of(values: dict[str, Any], where: str) -> Field:
    for name in FIELDS:
        if values["field"] == name:
            return name
    raise TaggerError(f"{where}: no field {values['field']!r}; there are {', '.join(FIELDS)}")


def _texts(values: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    texts = values[key]
    if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
        raise TaggerError(f'{where}: {key!r} is a list of texts, such as ["Jazz"]')
    return tuple(texts)


def _after(values: dict[str, Any], where: str) -> tuple[str, ...]:
    """The values to be written; names are spelled as everywhere, so that no player splits them."""
    name = _field_of(values, where)
    texts = [text if name == "comment" else text.strip() for text in _texts(values, "after", where)]
    after = tuple(unsplittable(text) for text in texts) if name in NAMES else tuple(texts)
    is_enough = name in (*NAMES, *REWORDED) or len(after) == 1
    is_right = bool(after) and is_enough and all(_can_be(name, text) for text in after)
    if not is_right:
        raise TaggerError(f"{where}: 'after' of {name} must be {_EXPECTED[name]}, as a list of texts")
    return after


def _can_be(name: Field, text: str) -> bool:
    """Whether a text can be written as a value of the field."""
    if name in NAMES:
        return is_genre(text)
    if name == "energy_level":
        return text in {str(level) for level in range(1, 11)}
    if name in REWORDED:
        return text.isdigit() and int(text) < 256 if name == "rating" else bool(text.strip())
    if name == "bpm":
        return bool(_BPM.fullmatch(text))
    if name == "key":
        return len(text) <= LONGEST_KEY and key_named(text) is not None
    try:
        energy = float(text)
    except ValueError:
        return False
    return math.isfinite(energy) and 0 <= energy <= 1


def ids_of(store: Store, said: Mapping[str, Said], model: str, counts: WriteCounts) -> dict[int, Said]:
    """Find the tracks at the paths of a plan; those that are not what they were are counted as left."""
    known = store.tag_changes.ids_at(said, model)
    found: dict[int, Said] = {}
    for path, of_file in said.items():
        track_id, audio_id = known.get(path, (-1, ""))
        if path not in known:
            counts.skip(Skip(path, f"not among the tracks that {model} has analysed; `tagger scan` finds it"))
        elif audio_id != of_file.audio_id:
            counts.skip(Skip(path, "holds another sound than when it was planned"))
        else:
            found[track_id] = of_file
    return found


def plan_of(planned: Iterable[Planned]) -> TagPlan:
    """Give the plan that has just these changes.

    What a preview has found can be asked for first, and is then written as it was found.
    """
    return {
        one.track.path: FilePlan(one.track.audio_id, {change.field: change for change in one.changes})
        for one in planned
    }


def planned_changes(of_file: FilePlan, current: Tags) -> Iterable[Change]:
    """Give the changes that are not made yet; raise TagError where the tags are not what the plan has."""
    for change in of_file.changes.values():
        texts = current.texts(change.field)
        if texts not in (change.before, change.after):
            raise TagError(
                f"its {change.field.replace('_', ' ')} is {_said(texts)}, in the plan {_said(change.before)}"
            )
    return (c for c in of_file.changes.values() if current.texts(c.field) != c.after)


def _said(texts: Iterable[str]) -> str:
    return "; ".join(texts) or "none"
