"""The several names that one file may have."""

from __future__ import annotations

from tagger.files import FileState, is_same_file
from tagger.store import TagChanges


def tracks_of(changes: TagChanges, path: str, audio_id: str, stamp: FileState) -> tuple[int, ...]:
    """The ids of the tracks that the store has with this `stamp` and that are the file at `path`."""
    return tuple(track for track, name in changes.names(audio_id, stamp) if is_same_file(name, path))
