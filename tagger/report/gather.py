"""What a report tells, asked of the store: facts, without a word of how they look."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from tagger.audit import Audit, audit
from tagger.genre_names import GenreNames
from tagger.model_choice import genres_of, predicts, words_of
from tagger.query import EVERYTHING
from tagger.report.albums_apart import AlbumApart, albums_apart
from tagger.report.sound_map import FEWEST, sound_map
from tagger.store import Overview, Run, SameSound, Statistics, Store
from tagger.types import Aspect, Failure, Track

if TYPE_CHECKING:
    from numpy.typing import NDArray

    SoundMap = Callable[[NDArray[np.float16], Sequence[str]], NDArray[np.float32]]

MOST_LISTED = 100
"""Rows of a list in the page; a command lists all."""

LAST_RUNS = 12

ASPECTS: tuple[Aspect, ...] = ("genre", "energy", "tempo", "words", "mood")


@dataclass(frozen=True)
class Facts:
    """All that the page shows, of every track of music in `rows` and of the library.

    `genres` are those that the model knows, by the owner's `names`, and `words` likewise. `places` has by row
    where each track lies on the map of sounds, (n, 2) within 0–1 and NaN for what lies nowhere; None: there
    is no map. `doubtful` are the tracks least sure of their genre, each with its second one, of `n_doubtful`.
    `further` has by `audio_id` the genres that the owner has given to a sound behind the first one.
    `own_words` counts the tracks by their own genre, word for word, and by the answer (None: there is none).
    `dates_s` are the first known dates of the files, in seconds since 1970, in order. `heard_last` are the
    tracks that the last scan has looked into.
    """

    model: str
    made_at: datetime
    root: str
    aspects: frozenset[Aspect]
    genres: tuple[str, ...]
    words: tuple[str, ...]
    names: GenreNames
    counts: Statistics
    rows: list[Overview]
    places: NDArray[np.float32] | None
    audit: Audit | None
    doubtful: list[Track]
    n_doubtful: int
    apart: list[AlbumApart]
    further: Mapping[str, tuple[str, ...]]
    own_words: Mapping[tuple[str, str | None], int]
    duplicates: list[SameSound]
    failures: list[Failure]
    runs: list[Run]
    heard_last: list[Track]
    dates_s: list[float]


def gather(store: Store, model: str, made_at: datetime | None = None, lay_out: SoundMap = sound_map) -> Facts:
    """Ask everything that a report tells, by the answers of `model`.

    Of 100,000 tracks this takes some half a minute. `made_at` is now unless it is given.
    """
    rows = [row for row in store.overview(model) if row.track.sound == "music"]
    aspects = frozenset(each for each in ASPECTS if predicts(store, model, each))
    known = genres_of(store, model) if "genre" in aspects else ()
    said = words_of(store, model) if "words" in aspects else ()
    runs = [*store.runs.latest(LAST_RUNS)]
    doubtful, n_doubtful = _doubtful(store, model, rows)
    return Facts(
        model=model,
        made_at=made_at or datetime.now().astimezone(),
        root=_root(row.track.path for row in rows),
        aspects=aspects,
        genres=tuple(dict.fromkeys(map(store.names.shown, known))),
        words=tuple(dict.fromkeys(map(store.names.shown, said))),
        names=store.names,
        counts=store.statistics(EVERYTHING, model),
        rows=rows,
        places=_places(rows, lay_out),
        audit=audit(store, model) if "genre" in aspects else None,
        doubtful=doubtful,
        n_doubtful=n_doubtful,
        apart=albums_apart(rows, store.names.sure_from),
        further=_further(store),
        own_words=Counter((word, row.track.genre) for row in rows for word in row.track.tag_genres[:1]),
        duplicates=store.duplicates(),
        failures=[*store.files.failures()],
        runs=runs,
        heard_last=_heard_last(rows, runs),
        dates_s=sorted(date for row in rows if (date := _first_known_s(row)) is not None),
    )


def _root(paths: Iterable[str]) -> str:
    """The deepest folder that holds all tracks; empty where there is none."""
    folders = {os.path.dirname(path) for path in paths}
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # several drives, or a name that is no path
        return ""


def _places(rows: Sequence[Overview], lay_out: SoundMap) -> NDArray[np.float32] | None:
    """Where each track lies; those whose embedding has another size than most, or is damaged, lie nowhere."""
    sizes = Counter(len(row.embedding) for row in rows if row.embedding)
    if not sizes:
        return None
    size = sizes.most_common(1)[0][0]
    usable = np.array([len(row.embedding) == size and not row.track.silent for row in rows])
    chosen = [row for row, is_usable in zip(rows, usable, strict=True) if is_usable]
    embeddings = np.frombuffer(b"".join(row.embedding for row in chosen), "<f2").reshape(len(chosen), -1)
    finite = np.isfinite(embeddings).all(axis=1)
    if finite.sum() < FEWEST:
        return None
    usable[usable] = finite
    sounds = [row.track.audio_id for row, is_usable in zip(rows, usable, strict=True) if is_usable]
    places = np.full((len(rows), 2), np.nan, np.float32)
    places[usable] = lay_out(embeddings[finite], sounds)
    return places


def _doubtful(store: Store, model: str, rows: Iterable[Overview]) -> tuple[list[Track], int]:
    """The tracks least sure of their genre, with their second one, and how many are not sure."""
    unsure = [
        (row.track.genre_confidence, row.track.path)
        for row in rows
        if row.track.genre_confidence is not None
        and row.track.genre_confidence < store.names.sure_from
        and not row.track.missing
    ]
    unsure.sort()
    found = []
    for _, path in unsure[:MOST_LISTED]:
        if (analysis := store.answers.analysis(path, model)) is not None:
            second = next(islice(analysis.genres, 1, None), None)
            found.append(replace(analysis.track, second_genre=second))
    return found, len(unsure)


def _further(store: Store) -> dict[str, tuple[str, ...]]:
    said = store.corrections.of("genre")
    behind = {sound: (word.value or ())[1:] for sound, word in said.items() if word.kind != "skipped"}
    return {sound: genres for sound, genres in behind.items() if genres}


def _heard_last(rows: Iterable[Overview], runs: Iterable[Run]) -> list[Track]:
    """The tracks that the last scan has looked into, by their paths."""
    began = next((run.started_at for run in runs if run.command == "scan"), None)
    return [row.track for row in rows if began and row.scanned_at >= began]


def _first_known_s(row: Overview) -> float | None:
    """The first known date of a file, in seconds since 1970: its own, or that of a scan before it."""
    try:
        scanned_s = datetime.fromisoformat(row.scanned_at).timestamp()
    except (ValueError, OverflowError, OSError):
        return row.changed_s
    return scanned_s if row.changed_s is None else min(row.changed_s, scanned_s)
