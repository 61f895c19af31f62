"""The rows of `tag_changes` as values, there and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tagger.files import FileState
from tagger.store.paths import path_from, stored_path
from tagger.store.query import SqlValue
from tagger.store.taggable import TaggableTrack

ChangeState = Literal["prepared", "written", "undoing", "undone", "left"]

CHANGE_COLUMNS = (
    "c.id, c.path, c.audio_id, c.state, c.previous, c.keep_mtime, c.in_place, "
    "c.before_size, c.before_mtime_ns, c.after_size, c.after_mtime_ns, t.path"
)
"""Of `tag_changes c LEFT JOIN tracks t`, in the order that `tag_change` takes them."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The stamps of a file before and after another copy takes its place."""

    before: FileState
    after: FileState


@dataclass(frozen=True, slots=True)
class NewChange:
    """A write about to happen; `previous` is the JSON object that undoing needs."""

    track: TaggableTrack
    exchange: Exchange
    previous: Mapping[str, Any]
    keep_mtime: bool
    in_place: bool


@dataclass(frozen=True, slots=True)
class TagChange:
    """A stored write: of the file that was at `written_at`, and by what the scans know is at `path` now."""

    id: int
    written_at: str
    path: str
    audio_id: str
    state: ChangeState
    previous: Mapping[str, Any]
    keep_mtime: bool
    in_place: bool
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a stored change. `state` None: it did not happen and is forgotten.

    The tracks of `track_ids` are the file under all its names: they take `stamp`, so that the next
    scan does not hear them again. `previous`, if any, replaces the stored one.
    """

    change_id: int
    state: ChangeState | None
    stamp: FileState | None = None
    track_ids: tuple[int, ...] = ()
    previous: Mapping[str, Any] | None = None


def new_change_values(run: int, change: NewChange) -> tuple[SqlValue, ...]:
    """The columns of a new row from `run_id` on, but for `state`."""
    track = change.track
    flags = int(change.keep_mtime), int(change.in_place)
    previous = json.dumps(change.previous)
    stamps = exchange_values(change.exchange)
    return run, track.id, stored_path(track.path), track.audio_id, previous, *flags, *stamps


def exchange_values(exchange: Exchange) -> tuple[int, int, int, int]:
    """The columns before_size, before_mtime_ns, after_size, after_mtime_ns."""
    before, after = exchange.before, exchange.after
    return before.size, before.mtime_ns, after.size, after.mtime_ns


def tag_change(row: tuple[Any, ...]) -> TagChange:
    """A change from `CHANGE_COLUMNS`."""
    change_id, path, audio_id, state, previous, keep_mtime, in_place, *stamps, now_at = row
    return TagChange(
        id=change_id,
        written_at=path_from(path),
        path=path_from(path if now_at is None else now_at),
        audio_id=audio_id,
        state=state,
        previous=json.loads(previous),
        keep_mtime=bool(keep_mtime),
        in_place=bool(in_place),
        exchange=Exchange(FileState(*stamps[:2]), FileState(*stamps[2:])),
    )
