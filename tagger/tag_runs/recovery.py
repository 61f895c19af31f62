"""Recover after a run that was killed: clean up its folders, and record what was really written."""

from __future__ import annotations

import os
from typing import BinaryIO

from tagger.files import FileState
from tagger.store import Outcome, Store, TagChange, TagChanges
from tagger.tag_runs.file_names import FileNames
from tagger.tags import TagError, previous_from_json, read, recover_temporary_files


def recover(store: Store) -> None:
    """Finish or clean up whatever earlier runs left open; asks a few short questions where they left nothing.

    The caller holds the lock of the store. What lies on a drive that is not mounted now is left to
    a later call, and a folder without a track or a written file is left alone, whatever the store says of it.
    """
    changes = store.tag_changes
    if folders := [(path, token) for path, token in changes.folders() if os.path.isdir(path)]:
        ours = _with_music(changes, {path for path, _ in folders})
        changes.leave_folders([one for one in folders if one[0] in ours and _is_clean(changes, *one)])
    names = FileNames(changes)
    for page in changes.uncertain():
        changes.record([outcome for change in page if (outcome := _outcome(names, change))])
    for run, counts in changes.interrupted_runs().items():
        store.runs.end(run, {**counts, "interrupted": 1})


def _with_music(changes: TagChanges, folders: set[str]) -> set[str]:
    """Those of `folders` in which a file lies that the store knows, by its name or behind links."""
    found = folders & {os.path.dirname(path) for path in changes.paths()}
    if found != folders:
        found |= folders & {os.path.dirname(os.path.realpath(path)) for path in changes.paths()}
    return found


def _is_clean(changes: TagChanges, folder: str, token: str) -> bool:
    try:
        recover_temporary_files(folder, token, lambda copy: _is_recorded(changes, copy))
    except TagError:
        return False
    return True


def _is_recorded(changes: TagChanges, copy: BinaryIO) -> bool:
    """Whether a copy is, to the byte, what a change that may not have happened was to make of its file."""
    size = os.fstat(copy.fileno()).st_size
    written = (one for page in changes.uncertain() for one in page if one.in_place)
    return any(_is_made(one, copy) for one in written if one.exchange.after.size == size)


def _outcome(names: FileNames, change: TagChange) -> Outcome | None:
    """How a change ended; None where its file cannot be read now."""
    try:
        status = os.stat(change.path)
        now = FileState.of(status)
        happened = _happened(change, now)
    except (OSError, TagError, ValueError):
        return None
    state, tracks = _new_state_of_tracks(names, change, now, happened)
    if change.state == "undoing":
        return Outcome(change.id, "undone" if happened else "written", state, tracks)
    return Outcome(change.id, "written" if happened else None, state, tracks)


def _happened(change: TagChange, now: FileState) -> bool:
    before, after = change.exchange.before, change.exchange.after
    if before != after and now in (before, after):
        return now == after
    # The date was kept and the tag had room for it, or somebody has been here since: its values tell.
    tags = read(change.path)
    try:
        fields = previous_from_json(change.previous).fields
    except TagError:  # nobody can take it back; `undo` says so of a change that is written
        return change.state != "undoing"
    is_written = any(tags.texts(one.field) == one.after for one in fields)
    return is_written == (change.state != "undoing")


def _new_state_of_tracks(
    names: FileNames, change: TagChange, now: FileState, happened: bool
) -> tuple[FileState | None, tuple[int, ...]]:
    """The tracks to which the store ascribes the file's other state."""
    before, after = change.exchange.before, change.exchange.after
    if now not in (before, after):
        if not (happened and change.in_place and _is_ours(change)):  # the next scan analyses it again
            return None, ()
        after = now  # the date of another user's file may not be set
    other = before if now == after else after
    return now, names.tracks(change.path, change.audio_id, other, change.in_place)


def _is_ours(change: TagChange) -> bool:
    """Whether the file holds to the byte what the change was to make of it."""
    try:
        with open(change.path, "rb") as file:
            return _is_made(change, file)
    except OSError:
        return False


def _is_made(change: TagChange, file: BinaryIO) -> bool:
    try:
        original = previous_from_json(change.previous).original
        if original is None:
            return False
        return original.is_again(file) if change.state == "undoing" else original.is_written(file)
    except TagError:
        return False
