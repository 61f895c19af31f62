"""Undo a run of `write-tags`: the fields that it wrote become exactly what they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tagger.errors import AudioError, TaggerError
from tagger.files import FileState
from tagger.store import Outcome, Store, TagChange
from tagger.tag_runs.batches import attempts, batches, or_skip, threads
from tagger.tag_runs.commit import Copy, commit, discard_all, exchange_of, leave_folders
from tagger.tag_runs.counts import Skip, UndoCounts
from tagger.tag_runs.file_names import FileNames
from tagger.tags import (
    Change,
    Field,
    Prepared,
    Previous,
    Restorable,
    WriteOptions,
    prepare_restore,
    previous_from_json,
    run_token,
    try_restore,
)

WINDOW_S = 10.0
"""Of every model that ships; a sound's identity depends on it."""


@dataclass(frozen=True, slots=True)
class _Located:
    """A change, and where its file is now."""

    change: TagChange
    path: str


Ready = tuple[_Located, Prepared]


@dataclass(frozen=True, slots=True)
class Restoring:
    """A file whose tags would be taken back: what each field was before the run, and what the run wrote."""

    path: str
    changes: tuple[Change, ...]


def undo_tags(
    store: Store,
    undo_run: int,
    run: int,
    counts: UndoCounts,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Take back the tags that `run` has written, as the run `undo_run`.

    A field that somebody has changed since is left and reported. The caller holds the lock of the
    store; killed at any moment, it is as with `write_tags`.
    """
    unfinished, names = set[str](), FileNames(store.tag_changes)
    with threads() as pool:
        for page in store.tag_changes.of_run(run):
            located = [one for change in page if (one := _locate(store, names, change, counts))]
            folders = {os.path.dirname(os.path.realpath(one.path)) for one in located}
            store.tag_changes.enter_folders(undo_run, folders, run_token())
            for batch in batches(located, lambda one: os.path.realpath(one.path)):
                if is_stopped():
                    break
                for outcomes in attempts(batch, _prepared, pool):
                    unfinished |= _exchange(store, names, undo_run, _ready(store, outcomes, counts), counts)
            if is_stopped():
                break
    leave_folders(store, undo_run, unfinished)


def preview_undo(
    store: Store,
    run: int,
    counts: UndoCounts,
    on_change: Callable[[Restoring], None] = lambda restoring: None,
) -> None:
    """Count in `counts` what `undo_tags` would do, and give each file to be restored to `on_change`."""
    names = FileNames(store.tag_changes)
    with threads() as pool:
        for page in store.tag_changes.of_run(run):
            located = [one for change in page if (one := _locate(store, names, change, counts))]
            for batch in batches(located, lambda one: os.path.realpath(one.path)):
                for one, outcome in zip(batch, pool.map(_tried, batch), strict=True):
                    _count(one, outcome, counts, on_change)


def run_to_undo(store: Store, run: int | None) -> int:
    """Give the number of `run`, or of the last run not yet undone.

    Raises TaggerError where there is nothing to take back.
    """
    chosen = store.tag_changes.last_undoable_run() if run is None else run
    if chosen is None:
        raise TaggerError("no run of write-tags to undo; `tagger runs` lists them")
    known = store.runs.get(chosen)
    if known is None:
        raise TaggerError(f"no run {chosen}; `tagger runs` lists them")
    if known.command != "write-tags":
        raise TaggerError(f"run {chosen} was `{known.command}`, which cannot be undone; see `tagger runs`")
    if not known.undoable:
        raise TaggerError(f"run {chosen} has nothing to undo: it wrote nothing, or all of it is undone")
    return chosen


def _locate(store: Store, names: FileNames, change: TagChange, counts: UndoCounts) -> _Located | None:
    """Where the file of a change is, also if it was moved and scanned since."""
    is_other = False
    for path in _paths(names, change):
        try:
            if _is_recording(store, path, change):
                return _Located(change, path)
            is_other = True
        except FileNotFoundError:
            continue
        except (OSError, AudioError) as error:
            counts.skip(Skip(path, getattr(error, "strerror", None) or str(error)))
            return None
    reason = "another recording is there now; left as it is" if is_other else "not there any more"
    again = "if it was moved, `tagger scan` its folder, then undo again"
    counts.skip(Skip(change.written_at, f"{reason}; {again}"))
    return None


def _paths(names: FileNames, change: TagChange) -> Iterator[str]:
    yield change.path
    known = names.in_state(change.audio_id, change.exchange.after)
    yield from (path for path in known if path != change.path)


def _is_recording(store: Store, path: str, change: TagChange) -> bool:
    """Whether the file at `path` is still the one that was written, though its tags may have changed since.

    Yes where its state is the one that was written, or that of a later scan; else its sound decides. Raises
    FileNotFoundError where there is none, OSError or AudioError where it cannot be read.
    """
    status = os.stat(path)
    now = FileState.of(status)
    if now == change.exchange.after:
        return True
    if store.tag_changes.is_known(path, change.audio_id, now):
        return True
    from tagger.audio import identify  # and with it PyAV, which few undo runs need

    return identify(path, window_s=WINDOW_S).audio_id == change.audio_id


def _ready(
    store: Store, outcomes: Iterable[tuple[_Located, Prepared | Skip | tuple[Field, ...]]], counts: UndoCounts
) -> list[Ready]:
    ready, left = list[Ready](), list[Outcome]()
    for located, outcome in outcomes:
        if isinstance(outcome, Prepared):
            ready.append((located, outcome))
            continue
        if not isinstance(outcome, Skip):
            left.append(Outcome(located.change.id, "left"))
        _skip(located, outcome, counts)
    store.tag_changes.record(left)
    return ready


def _skip(located: _Located, outcome: Skip | tuple[Field, ...], counts: UndoCounts) -> None:
    if isinstance(outcome, Skip):
        counts.skip(Skip(outcome.path, outcome.reason))
    else:
        counts.skip(Skip(located.path, f"{_named(outcome)} {_LEFT}", is_error=False))


def _count(
    located: _Located,
    outcome: Restorable | Skip | tuple[Field, ...],
    counts: UndoCounts,
    on_change: Callable[[Restoring], None],
) -> None:
    if not isinstance(outcome, Restorable):
        _skip(located, outcome, counts)
        return
    counts.restore(_but_for(located.path, outcome))
    fields = previous_from_json(located.change.previous).fields
    back = [Change(one.field, one.before, one.after) for one in fields if one.field not in outcome.left]
    on_change(Restoring(located.path, tuple(back)))


def _prepared(located: _Located) -> Prepared | Skip | tuple[Field, ...]:
    return or_skip(lambda: prepare_restore(located.path, *_write(located.change)), located.path)


def _tried(located: _Located) -> Restorable | Skip | tuple[Field, ...]:
    return or_skip(lambda: try_restore(located.path, *_write(located.change)), located.path)


def _write(change: TagChange) -> tuple[Previous, WriteOptions]:
    """What a change was, and how it is taken back."""
    options = WriteOptions(change.keep_mtime, "in-place" if change.in_place else "skip")
    return previous_from_json(change.previous), options


def _exchange(
    store: Store, names: FileNames, undo_run: int, ready: Sequence[Ready], counts: UndoCounts
) -> set[str]:
    rows = [(located.change, located.path, exchange_of(prepared)) for located, prepared in ready]
    try:
        store.tag_changes.prepare_undo(undo_run, rows)
    except BaseException:
        discard_all(prepared for _, prepared in ready)
        raise

    def count(copy: Copy) -> None:
        counts.restore(_but_for(copy.path, copy.prepared))

    return commit(store, names, list(_copies(ready)), "written", count, counts.skip)


def _copies(ready: Iterable[Ready]) -> Iterable[Copy]:
    for located, prepared in ready:
        change = located.change
        fields = [one for one in change.previous["fields"] if one["field"] in prepared.left]
        rest = {**change.previous, "fields": fields} if fields else None
        outcome = Outcome(change.id, "left" if fields else "undone", previous=rest)
        yield Copy(located.path, change.audio_id, prepared, outcome)


_LEFT = "changed since it was written; left as it is"


def _but_for(path: str, restored: Prepared | Restorable) -> Skip | None:
    """What of a file is not byte for byte as it was; None where all is."""
    if restored.left:
        reason = f"{_named(restored.left)} {_LEFT} (the rest is restored)"
        return Skip(path, reason, is_error=False)
    return Skip(path, f"restored, but for {restored.but_for}", is_error=False) if restored.but_for else None


def _named(fields: Iterable[Field]) -> str:
    return ", ".join(field.replace("_", " ") for field in fields)
