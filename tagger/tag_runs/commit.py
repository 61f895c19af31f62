"""Commit copies: they take the places of their files, and the store learns how it went."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tagger.files import FileState
from tagger.store import ChangeState, Exchange, Outcome, Store
from tagger.tag_runs.counts import Skip
from tagger.tag_runs.file_names import FileNames
from tagger.tags import Prepared, TagError, discard, finish, sync_folder


@dataclass(frozen=True, slots=True)
class Copy:
    """A prepared copy of the file at `path`, and what to record when it has taken its place."""

    path: str
    audio_id: str
    prepared: Prepared
    outcome: Outcome


def exchange_of(prepared: Prepared) -> Exchange:
    """Give the states of a file before and after its copy takes its place."""
    before, after = prepared.status, prepared.written
    return Exchange(FileState.of(before), after.state)


def commit(
    store: Store,
    names: FileNames,
    copies: Sequence[Copy],
    if_failed: ChangeState | None,
    on_done: Callable[[Copy], None],
    on_skip: Callable[[Skip], None],
) -> set[str]:
    """Let the copies take their places and record how it went.

    `if_failed` is the state of a change whose copy could not. Returns the folders in which
    something is left for `recover`.
    """
    outcomes, unfinished = list[Outcome](), set[str]()
    try:
        for copy in copies:
            try:
                written = finish(copy.prepared)
            except TagError as error:
                on_skip(Skip(copy.path, str(error)))
                if copy.prepared.in_place:  # it may be half written, with the whole copy beside it
                    unfinished.add(os.path.dirname(copy.prepared.target))
                else:
                    outcomes.append(Outcome(copy.outcome.change_id, if_failed))
            else:
                outcomes.append(_done(names, copy, written.state))
                on_done(copy)
    except BaseException:
        discard_all(copy.prepared for copy in copies)
        raise
    finally:
        store.tag_changes.record(outcomes)
    return unfinished


def discard_all(prepared: Iterable[Prepared]) -> None:
    """Throw copies away that have not taken their places."""
    for one in prepared:
        discard(one)


def leave_folders(store: Store, run: int, unfinished: Iterable[str]) -> None:
    """Make the renames of a run last; the folders in `unfinished` stay for `recover`."""
    left = set(unfinished)
    folders = [(folder, token) for folder, token in store.tag_changes.folders(run) if folder not in left]
    for folder, _ in folders:
        with contextlib.suppress(OSError):  # it may have been removed since
            sync_folder(folder)
    store.tag_changes.leave_folders(folders)


def _done(names: FileNames, copy: Copy, state: FileState) -> Outcome:
    before = FileState.of(copy.prepared.status)
    tracks = names.tracks(copy.path, copy.audio_id, before, copy.prepared.in_place)
    return dataclasses.replace(copy.outcome, file_state=state, track_ids=tracks)
