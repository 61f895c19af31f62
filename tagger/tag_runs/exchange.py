"""The moment of exchange, which writing and undoing share: copies take the places of their files."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tagger.files import FileState
from tagger.store import ChangeState, Exchange, Outcome, Store
from tagger.tag_runs.names import tracks_of
from tagger.tag_runs.tally import Skip
from tagger.tags import Prepared, TagError, discard, finish, sync_folder


@dataclass(frozen=True, slots=True)
class Copy:
    """A prepared copy of the file at `path`, and what to record when it has taken its place."""

    path: str
    audio_id: str
    prepared: Prepared
    outcome: Outcome


def exchange_of(prepared: Prepared) -> Exchange:
    """The stamps of a file before and after its copy takes its place."""
    before, after = prepared.status, prepared.written
    return Exchange(FileState.of(before), after.state)


def is_in_place(prepared: Prepared) -> bool:
    """Whether the copy will be written over a file of several names."""
    return prepared.status.st_nlink > 1 and prepared.options.hard_links == "in-place"


def put_in_place(
    store: Store,
    copies: Sequence[Copy],
    if_failed: ChangeState | None,
    on_done: Callable[[Copy], None],
    on_skip: Callable[[Skip], None],
) -> set[str]:
    """Let the copies take their places and record how it went.

    `if_failed` is the state of a change whose copy could not. The answer is the folders in which
    something is left for `settle_interrupted`.
    """
    outcomes, unsettled = list[Outcome](), set[str]()
    try:
        for copy in copies:
            try:
                finish(copy.prepared)
            except TagError as error:
                on_skip(Skip(copy.path, str(error)))
                if is_in_place(copy.prepared):  # it may be half written, with the whole copy beside it
                    unsettled.add(os.path.dirname(copy.prepared.target))
                else:
                    outcomes.append(Outcome(copy.outcome.change_id, if_failed))
            else:
                outcomes.append(_done(store, copy))
                on_done(copy)
    except BaseException:
        discard_all(copy.prepared for copy in copies)
        raise
    finally:
        store.tag_changes.record(outcomes)
    return unsettled


def discard_all(prepared: Iterable[Prepared]) -> None:
    """Throw copies away that have not taken their places."""
    for one in prepared:
        discard(one)


def leave_folders(store: Store, run: int, unsettled: Iterable[str]) -> None:
    """Make the renames of a run last; the folders in `unsettled` stay for `settle_interrupted`."""
    folders = set(store.tag_changes.folders(run)).difference(unsettled)
    for folder in folders:
        with contextlib.suppress(OSError):  # it may have been removed since
            sync_folder(folder)
    store.tag_changes.leave_folders(folders)


def _done(store: Store, copy: Copy) -> Outcome:
    exchange = exchange_of(copy.prepared)
    tracks = tracks_of(store.tag_changes, copy.path, copy.audio_id, exchange.before)
    return dataclasses.replace(copy.outcome, stamp=exchange.after, track_ids=tracks)
