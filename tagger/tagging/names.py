"""The several names that one file may have."""

from __future__ import annotations

import os

from tagger.store import Stamp, TagChanges


def is_same_file(one: str, other: str) -> bool:
    """Whether two paths lead to one file; False where either leads nowhere."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def tracks_of(changes: TagChanges, path: str, audio_id: str, stamp: Stamp) -> tuple[int, ...]:
    """The ids of the tracks that the store has with this `stamp` and that are the file at `path`."""
    return tuple(track for track, name in changes.names(audio_id, stamp) if is_same_file(name, path))
