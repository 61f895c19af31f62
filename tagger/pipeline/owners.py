"""Which tracks have the answer for a sound that is met again: of very many, those that decide for a batch.

A sound of many names (hard links, copies) has as many tracks. To look at each of them for each further name
would be the square of their number.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tagger.files import folded, may_be_there
from tagger.store import KnownFiles
from tagger.types import Identified

FEW = 8
"""Tracks of a sound that are all given: nearly all sounds have one."""

Owner = tuple[int, str]
"""The id of a track, and the path of its file."""


@dataclass(frozen=True, slots=True)
class _Many:
    """Of the tracks of one sound, the ids of those that were `gone` when it was first met, by their paths.

    `spelled` has the ids of all by the hash of their path without letter case and Unicode form.
    """

    gone: deque[int]
    spelled: dict[int, list[int]]


class Owners:
    """The tracks that may hand their answers on, for one scan, which holds the lock of the store."""

    def __init__(self, files: KnownFiles, model: str) -> None:
        self._files, self._model = files, model
        self._known: dict[str, _Many] = {}

    def of(self, batch: Sequence[Identified]) -> dict[str, list[Owner]]:
        """Give, by `audio_id`, the tracks with an answer from which the files of a batch may have theirs.

        Of few tracks all; of many those at the paths of the batch, however these are spelled, as many whose
        file is gone as the batch could use, and some that stay.
        """
        paths = [one.file.path for one in batch]
        return {sound: self._of_sound(sound, paths) for sound in {one.recording.audio_id for one in batch}}

    def _of_sound(self, audio_id: str, paths: Sequence[str]) -> list[Owner]:
        if audio_id not in self._known:
            some = self._files.owners(audio_id, self._model, FEW + 1)
            if len(some) <= FEW:
                return sorted(some, key=_path)
            self._known[audio_id] = _many(self._files.owners(audio_id, self._model))
        many = self._known[audio_id]
        alike = [track_id for path in paths for track_id in many.spelled.get(_spelling(path), ())]
        found = {
            *self._files.owners(audio_id, self._model, FEW + 1),
            *self._files.owners_at(paths, audio_id, self._model),
            *self._files.owners_displaced(audio_id, self._model),
            *self._files.owners_among(alike, audio_id, self._model),
            *self._still_gone(many.gone, audio_id, len(paths)),
        }
        return sorted(found, key=_path)

    def _still_gone(self, gone: deque[int], audio_id: str, most: int) -> list[Owner]:
        """The first `most` of those that were gone and still are; what has moved on is looked at no more."""
        found = list[Owner]()
        while gone and len(found) < most:
            found += (
                owner
                for owner in self._files.owners_among([gone.popleft()], audio_id, self._model)
                if not may_be_there(owner[1])
            )
        gone.extendleft(track_id for track_id, _ in reversed(found))
        return found


def _many(owners: Iterable[Owner]) -> _Many:
    many = _Many(deque(), defaultdict(list))
    for track_id, path in sorted(owners, key=_path):
        many.spelled[_spelling(path)].append(track_id)
        if not may_be_there(path):
            many.gone.append(track_id)
    return many


def _spelling(path: str) -> int:
    return hash(folded(path))


def _path(owner: Owner) -> str:
    return owner[1]
