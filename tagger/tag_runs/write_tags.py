"""Write the library's tags: every file is safe at every moment, and the store knows what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tagger.store import NewChange, Outcome, Store
from tagger.tag_runs.batches import attempts, batches, or_skip, threads
from tagger.tag_runs.commit import Copy, commit, discard_all, exchange_of, leave_folders
from tagger.tag_runs.counts import Skip, WriteCounts
from tagger.tag_runs.file_names import FileNames
from tagger.tag_runs.preview import Planned, Selection, TagSettings, planned_pages
from tagger.tag_runs.verdicts import note_corrections
from tagger.tags import Prepared, prepare, run_token

Ready = tuple[Planned, Prepared]


def write_tags(
    store: Store,
    run: int,
    selection: Selection,
    settings: TagSettings,
    counts: WriteCounts,
    on_progress: Callable[[], None] = lambda: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Write answers into the files of a selection, or what its plan has, as the run of that number.

    The caller holds the lock of the store. A batch goes in three steps: copies are made and verified
    beside the files; the tags that the files held are committed to the store; the copies take their
    places. Killed at any moment, each file is wholly old or wholly new, and `recover` finds out which.
    `is_stopped` is asked between batches.
    """
    unfinished, names = set[str](), FileNames(store.tag_changes)
    with threads() as pool:
        for page in planned_pages(store, selection, settings, pool, counts):
            if page:
                store.tag_changes.enter_folders(run, {planned.folder for planned in page}, run_token())
            for batch in batches(page, lambda planned: planned.file_id):
                if is_stopped():
                    break
                for outcomes in attempts(batch, _prepared, pool):
                    unfinished |= _exchange(store, names, run, _ready(outcomes, counts), counts)
                on_progress()
            on_progress()
            if is_stopped():
                break
    leave_folders(store, run, unfinished)
    note_corrections(store, run)


def _ready(outcomes: Iterable[tuple[Planned, Prepared | Skip]], counts: WriteCounts) -> list[Ready]:
    ready = []
    for planned, outcome in outcomes:
        if isinstance(outcome, Skip):
            counts.skip(outcome)
        else:
            ready.append((planned, outcome))
    return ready


def _prepared(planned: Planned) -> Prepared | Skip:
    path = planned.track.path
    return or_skip(lambda: prepare(path, planned.changes, planned.options), path)


def _exchange(
    store: Store, names: FileNames, run: int, ready: Sequence[Ready], counts: WriteCounts
) -> set[str]:
    if not ready:
        return set()
    try:
        ids = store.tag_changes.prepare(run, [_new_change(*one) for one in ready])
    except BaseException:
        discard_all(prepared for _, prepared in ready)
        raise
    changes = {change_id: planned.changes for change_id, (planned, _) in zip(ids, ready, strict=True)}

    def count(copy: Copy) -> None:
        counts.write(copy.prepared.written.state.size, changes[copy.outcome.change_id])

    return commit(store, names, list(_copies(ids, ready)), None, count, counts.skip)


def _copies(ids: Iterable[int], ready: Iterable[Ready]) -> Iterable[Copy]:
    for change_id, (planned, prepared) in zip(ids, ready, strict=True):
        track = planned.track
        yield Copy(track.path, track.audio_id, prepared, Outcome(change_id, "written"))


def _new_change(planned: Planned, prepared: Prepared) -> NewChange:
    previous = prepared.written.previous.to_json()
    exchange, options = exchange_of(prepared), prepared.options
    return NewChange(planned.track, exchange, previous, options.keep_mtime, prepared.in_place)
