"""Which tracks a playlist holds, in playing order."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from tagger.cli.filters import warn_of_no_tempo
from tagger.cli.hear_one import hear_now
from tagger.cli.output import counted
from tagger.cli.playlist.plan import LIKE_LIMIT, Plan
from tagger.errors import TaggerError
from tagger.files import absolute

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.playlist import Entry, Shape, Sort
    from tagger.query import Query
    from tagger.store import Store
    from tagger.types import Track


FIRST_READ = 500
"""Tracks looked at first for a `--like` playlist; twice as many each time that these do not fill it."""


def entries_of(plan: Plan, store: Store, model: str) -> list[Entry]:
    """The tracks that the plan asks for, as it wants them ordered: each sound once, and no silence.

    Raises `TaggerError`. Says on stderr why a tempo that is asked about tells nothing.
    """
    query = plan.filters.query(store, model)
    warn_of_no_tempo(query, store, model, plan.sort)
    if plan.like is not None:
        return _alike(plan, query, store, model)
    asked_for = [*store.tracks(query, model=model)]
    found = _existing(plan, asked_for)
    _refuse_if_all_are_gone(len(asked_for), len(found))
    return _in_order(plan, _entries(found), plan.limit, plan.minutes, plan.per_artist)


def _in_order(
    plan: Plan, entries: list[Entry], limit: int | None, minutes: float | None, per_artist: int | None
) -> list[Entry]:
    from tagger.playlist import selected, shaped

    if plan.shape:
        shape = cast("Shape", plan.shape)
        return shaped(
            entries, shape, limit=limit, minutes=minutes, per_artist=per_artist, seed=abs(plan.seed or 0)
        )
    sort = cast("Sort", plan.sort or "energy")
    # A shuffle is a new one each time, as everywhere, unless a seed asks for the same one again.
    seed = secrets.randbits(32) if plan.seed is None and sort == "random" else abs(plan.seed or 0)
    return selected(entries, sort, limit=limit, minutes=minutes, per_artist=per_artist, seed=seed)


def _alike(plan: Plan, query: Query, store: Store, model: str) -> list[Entry]:
    """The tracks most like the file; it sets which they are, and `--sort` or `--shape` their order."""
    from tagger.playlist import nearest

    audio_id, embedding = _heard(absolute(cast(str, plan.like)), store, model)
    if not embedding.size:
        raise TaggerError(
            f"{model} cannot tell what sounds alike; choose another --model or leave out --like"
        )
    ids, embeddings = store.embeddings(query, model, len(embedding), audio_id)
    order, _ = nearest(embedding, embeddings)
    chosen = _first_of(plan, ids[order].tolist(), store, model)
    return _in_order(plan, chosen, None, None, None) if plan.sort or plan.shape else chosen


def _first_of(plan: Plan, ids: list[int], store: Store, model: str) -> list[Entry]:
    """The first of the tracks that fit into the playlist; of a large library only those are read."""
    from tagger.playlist import shortened

    limit = LIKE_LIMIT if plan.limit is None and plan.minutes is None else plan.limit
    found: list[Track] = []
    read, chunk = 0, FIRST_READ
    while True:
        found += _existing(plan, store.tracks_of(ids[read : read + chunk], model))
        read, chunk = read + chunk, 2 * chunk
        entries = _entries(found)
        in_time = shortened(entries, limit=limit, minutes=plan.minutes, per_artist=plan.per_artist)
        fitting = shortened(entries, limit=limit, per_artist=plan.per_artist)
        if read >= len(ids) or len(fitting) == limit or len(in_time) < len(fitting):
            _refuse_if_all_are_gone(len(ids), len(found))
            return in_time


def _heard(path: str, store: Store, model: str) -> tuple[str, NDArray[np.float16]]:
    """Who the sound of a file is, and its embedding: stored, else heard on the spot."""
    stored = store.track(path, model)
    if stored is not None:
        return stored.recording.audio_id, stored.prediction.embedding
    recording, prediction = hear_now(path, model)
    return recording.audio_id, prediction.embedding


def _existing(plan: Plan, rows: list[Track]) -> list[Track]:
    """Without the files that are gone, if that is asked for."""
    return [row for row in rows if os.path.exists(row.path)] if plan.no_missing else rows


def _refuse_if_all_are_gone(n_asked_for: int, n_found: int) -> None:
    """Raises `TaggerError` then: a drive that is not mounted must not empty the playlists of a night."""
    if n_asked_for and not n_found:
        tracks = counted(n_asked_for, "tracks")
        raise TaggerError(f"of {tracks} none is there; is the drive mounted? The playlist is left as it was")


def _entries(rows: Sequence[Track]) -> list[Entry]:
    """Each sound once, by a name that the last scan has found if there is one, and no silence."""
    chosen: dict[str, Track] = {}
    for row in rows:
        if not row.silent and (row.audio_id not in chosen or chosen[row.audio_id].missing > row.missing):
            chosen[row.audio_id] = row
    return [_entry(row) for row in chosen.values()]


def _entry(row: Track) -> Entry:
    from tagger.playlist import Entry

    return Entry(
        row.path,
        row.duration_s,
        row.genre,
        row.genre_confidence,
        row.energy,
        row.bpm,
        row.title,
        row.artist,
        row.album,
        row.year,
        row.missing,
    )
