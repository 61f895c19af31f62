"""Which tracks are one file, under several names: found by work that grows with the names, not their square.

A file has several names by links, symbolic or hard. Copies of a sound that were made with their dates look to
the store like names of one file. So neither are all pairs compared: a run remembers what it has met, and each
name of a sound that has many is looked at once.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagger.files import FileState, folded, is_same_file
from tagger.store import SoundName, TagChanges

if TYPE_CHECKING:
    from tagger.tag_runs.preview import Planned

FEW = 8
"""Names of a sound that are looked at anew each time, which needs no memory: nearly all sounds have one."""

Key = int
"""The hash of what tells a file from others, a tenth of its memory."""


class FileNames:
    """The tracks of a store as names of files, for one run, which holds the lock of the store."""

    def __init__(self, changes: TagChanges) -> None:
        self._changes = changes
        self._known: dict[str, _ManyNames] = {}

    def tracks(self, path: str, audio_id: str, state: FileState, in_place: bool) -> tuple[int, ...]:
        """Give the ids of the tracks that the store has in this `state` and that are the file at `path`.

        `in_place`: the file kept its hard links when it was written, so they are among its names.
        """
        names = self._few(audio_id)
        if names is None:
            ids = self._many(audio_id).alike(path, in_place)
            found = ((track_id, self._changes.path_in_state(track_id, state)) for track_id in ids)
            return tuple(one for one, name in found if name is not None and is_same_file(name, path))
        return tuple(one.track_id for one in names if one.state == state and is_same_file(one.path, path))

    def in_state(self, audio_id: str, state: FileState) -> Iterable[str]:
        """Give the paths of the tracks of a sound that the store has in this `state`."""
        names = self._few(audio_id)
        if names is None:
            ids = self._many(audio_id).by_state.get(hash(state), ())
            found = (self._changes.path_in_state(track_id, state) for track_id in ids)
            return (path for path in found if path is not None)
        return (one.path for one in names if one.state == state)

    def _few(self, audio_id: str) -> Sequence[SoundName] | None:
        """The names of a sound; None where it has many."""
        if audio_id in self._known:
            return None
        names = self._changes.names(audio_id, FEW + 1)
        return names if len(names) <= FEW else None

    def _many(self, audio_id: str) -> _ManyNames:
        if audio_id not in self._known:
            self._known[audio_id] = _many_names(self._changes.names(audio_id))
        return self._known[audio_id]


@dataclass(frozen=True, slots=True)
class _ManyNames:
    """The ids of the tracks of one sound by what can tell that they are the same file."""

    by_place: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_inode: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_state: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))

    def alike(self, path: str, in_place: bool) -> list[int]:
        """Give those that may be the file at `path`: where it really is, or any of its hard links.

        A file that was replaced has another inode than when its names were looked at, but the same place.
        """
        try:
            place, inode = _keys(path, {})
        except OSError:
            return []
        found = dict.fromkeys(self.by_place.get(place, ()))
        return [*(found | dict.fromkeys(self.by_inode.get(inode, ()) if in_place else ()))]


def _many_names(names: Iterable[SoundName]) -> _ManyNames:
    found, folders = _ManyNames(), dict[str, tuple[int, int]]()
    for one in names:
        found.by_state[hash(one.state)].append(one.track_id)
        with contextlib.suppress(OSError):  # what is not there is no name of a file that is
            place, inode = _keys(one.path, folders)
            found.by_place[place].append(one.track_id)
            found.by_inode[inode].append(one.track_id)
    return found


def _keys(path: str, folders: dict[str, tuple[int, int]]) -> tuple[Key, Key]:
    """Where a file really is, and its inode; `folders` are those met so far. Raises OSError without one.

    Some systems take names that differ in case for one, so they count as one place: it is only a hint.
    """
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        path = os.path.realpath(path)
        status = os.stat(path)
    folder, name = os.path.split(path)
    if folder not in folders:
        of_folder = os.stat(folder)
        folders[folder] = (of_folder.st_dev, of_folder.st_ino)
    return hash((folders[folder], folded(name))), hash((status.st_dev, status.st_ino))


class EarlierNames:
    """The files that a run has come to, by which a further name of one is told: it is written with the first.

    That are names by symbolic links, and with `in_place` hard links too. Remembered is what has several
    names, and nothing of a file that has one. `paths`, `model` and `among` are of `Selection`.
    """

    def __init__(
        self,
        changes: TagChanges,
        paths: Sequence[str],
        model: str,
        among: Container[int] | None,
        in_place: bool,
    ) -> None:
        self._changes = changes
        self._asked = (paths, model, among)
        self._in_place = in_place
        self._met: set[Key] = set()

    def holds(self, planned: Planned) -> bool:
        """Tell whether an earlier track is the same file, and remember this one."""
        if self._in_place and planned.n_links > 1:
            return self._is_met(planned.file_id)
        if planned.target == planned.track.path:  # of the two, the link is what is remembered
            return hash(planned.target) in self._met
        is_earlier = self._changes.is_earlier(planned.target, planned.track, *self._asked)
        return self._is_met(planned.target) or is_earlier

    def _is_met(self, identity: Hashable) -> bool:
        key = hash(identity)
        is_met = key in self._met
        self._met.add(key)
        return is_met
