"""One scan from the walk to the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Protocol, TypeVar

from tagger.files import AudioFile, absolute
from tagger.model_card import ModelCard
from tagger.pipeline.expected import Expected
from tagger.pipeline.identities import identity_table
from tagger.pipeline.recorder import Predicts, Recorder
from tagger.pipeline.tally import Tally
from tagger.pipeline.workers import hear_all
from tagger.store import Store
from tagger.types import Failure
from tagger.walk import walk

__all__ = ["Observer", "Predicts", "ScanSettings", "scan"]

RETRY_AFTER = timedelta(days=7)
"""A file that failed and has not changed is tried again after this time: a newer decoder may read it."""

AHEAD = 6
"""Batches that may be under way: workers go on (250 kB a track) while the model is being loaded."""

T = TypeVar("T")


class Observer(Protocol):
    """Is told what happens during a scan; `progress` when the tally has grown."""

    progress: Callable[[], None]

    def failed(self, failure: Failure) -> None:
        """A file could not be heard; known failures are not told again."""

    def unmounted(self, root: str) -> None:
        """Nothing at all is left beneath `root`, so nothing was marked missing there."""


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """`full` hears unchanged files again, `retry_failed` those that failed; `limit` is of files heard.

    With `budget_s`, the newest files come first and no file is begun after so many seconds. Tracks
    missing for `forget_after` are forgotten.
    """

    jobs: int
    batch_size: int = 32
    full: bool = False
    retry_failed: bool = False
    limit: int | None = None
    budget_s: float | None = None
    forget_after: timedelta = timedelta(days=30)


def scan(
    paths: Sequence[str],
    store: Store,
    card: ModelCard,
    load_predictor: Callable[[], Predicts],
    settings: ScanSettings,
    tally: Tally,
    observer: Observer,
) -> None:
    """Hears every file beneath `paths` that is new or changed and stores the answers batch by batch.

    `tally` is counted up as it goes. The model is loaded only if there is something to hear. A sound
    that is known under another path is not heard again. Interrupted at any moment, the store lacks at
    most the batch under way.
    """
    now = datetime.now(UTC)
    since = now if settings.retry_failed else now - RETRY_AFTER
    expected = Expected(store, card.id, paths, settings.full, since, tally)
    store.forget_scan_failures(paths)
    files = _chosen(_new_files(paths, store, expected, tally, observer), settings, tally)
    _hear(files, store, card, load_predictor, settings, tally, observer)
    store.note_use(card.id)
    for root in expected.settle_missing(now - settings.forget_after):
        tally.unmounted += 1
        observer.unmounted(root)


def _new_files(
    paths: Sequence[str], store: Store, expected: Expected, tally: Tally, observer: Observer
) -> Iterator[AudioFile]:
    """The files whose state is new; what cannot be looked at is stored as a failure on the way."""
    for found in walk(paths, expected.answered):
        if isinstance(found, AudioFile):
            if expected.is_new(found):
                yield found
        else:
            expected.unlisted(found.path)
            if os.path.lexists(found.path):
                store.record_batch([], [found])
            elif found.path in map(absolute, paths):
                tally.unmounted += 1  # or its name is mistyped: it is told and forgotten
            tally.failed += 1
            observer.failed(found)


def _chosen(files: Iterator[AudioFile], settings: ScanSettings, tally: Tally) -> Iterator[AudioFile]:
    """As many of `files` as limit and budget allow; the others are counted as left."""
    if settings.budget_s is not None:
        files = iter(sorted(files, key=lambda file: -file.mtime_ns))
    for n, file in enumerate(files):
        spent = settings.budget_s is not None and tally.seconds >= settings.budget_s
        if spent or n == settings.limit:
            tally.left = 1 + sum(1 for _ in files)
            return
        yield file


def _hear(
    files: Iterator[AudioFile],
    store: Store,
    card: ModelCard,
    load_predictor: Callable[[], Predicts],
    settings: ScanSettings,
    tally: Tally,
    observer: Observer,
) -> None:
    first = next(files, None)
    if first is None:
        return
    recorder = Recorder(store, card.id, load_predictor, settings.full)
    with identity_table(() if settings.full else store.audio_ids(card.id)) as identities:
        waiting = chain([first], files)
        while True:  # once, and again for the few whose known answer was gone when it came to it
            outcomes = hear_all(waiting, card.folder, identities, settings.jobs, AHEAD * settings.batch_size)
            again: list[AudioFile] = []
            for batch in batched(outcomes, settings.batch_size):
                settled = recorder.settle(batch)
                tally.add(settled)
                again += settled.again
                for failure in settled.failures:
                    observer.failed(failure)
                observer.progress()
            if not again:
                return
            waiting, identities = chain(again), None


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items in order, as `itertools.batched` of Python 3.12."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
