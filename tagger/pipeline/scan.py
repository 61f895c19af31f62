"""One scan, from the walk to the store: which files are new, extract, predict, and which are missing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Protocol, TypeVar

from tagger.errors import ModelError
from tagger.files import AudioFile, absolute, may_be_there
from tagger.model_card import ModelCard, load_card
from tagger.pipeline.ingest import Ingest, Predicts, ScanCounts
from tagger.pipeline.known_states import KnownStates
from tagger.pipeline.reread import reread
from tagger.pipeline.workers import (
    Outcome,
    analyse,
    extract,
    extract_all,
    known_sounds_table,
    read_tags,
    remove_stale_tables,
    start,
)
from tagger.store import Store
from tagger.types import Failure, Identified, TrackFeatures
from tagger.walk import walk

if TYPE_CHECKING:
    from tagger.pipeline.cluster import Place

RETRY_AFTER = timedelta(days=7)
"""A file that failed and has not changed is tried again after this time: a newer decoder may read it."""

BATCH = 32
"""Tracks predicted and stored at once."""

BATCH_FROM_AFAR = 128
"""Answers of a cluster stored at once: they come faster, and a commit costs as much as ten of them."""

AHEAD = 6
"""Batches that may be under way: workers go on (250 kB a track) while the model is being loaded."""

T = TypeVar("T")


class Observer(Protocol):
    """Sees what happens during a scan; every method may do nothing."""

    def started(self, paths: Sequence[str], model: str, counts: ScanCounts) -> None:
        """The scan has the lock and begins; `counts` grow from now on."""

    def extracted(self, path: str) -> None:
        """A worker has ended with a file; what comes of it is counted later, with others.

        Called from another thread, or from several, which must not wait.
        """

    def progress(self) -> None:
        """The counts have grown."""

    def works_on(self, place: Place) -> None:
        """The files are analysed on a cluster."""

    def rereads(self, done: int, total: int) -> None:
        """So many of the known tracks have an answer by other heads on their stored embeddings."""

    def failed(self, failure: Failure) -> None:
        """A file could not be analysed, which was not known before."""

    def failed_again(self, failure: Failure) -> None:
        """A file that was tried again because the settings say so has failed as before."""

    def unmounted(self, root: str) -> None:
        """Nothing at all is left beneath `root`, or a folder in one, so nothing was marked missing there."""

    def not_backed_up(self, reason: str) -> None:
        """The weekly copy of the database could not be made; the scan goes on."""


class Quiet:
    """An observer of scans and comparisons that does nothing."""

    def started(self, paths: Sequence[str], model: str, counts: ScanCounts) -> None: ...

    def extracted(self, path: str) -> None: ...

    def progress(self) -> None: ...

    def works_on(self, place: Place) -> None: ...

    def rereads(self, done: int, total: int) -> None: ...

    def failed(self, failure: Failure) -> None: ...

    def failed_again(self, failure: Failure) -> None: ...

    def unmounted(self, root: str) -> None: ...

    def not_backed_up(self, reason: str) -> None: ...

    def starts(self, model: str, unanswered: int, chosen: int, installed: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """`full` analyses unchanged files again, `retry_failed` those that failed; `limit` is of files analysed.

    `jobs` are worker processes, None: one a core. With `budget_s`, the newest files come first and no file
    is begun after so many seconds. Tracks missing for `forget_after` are forgotten. With `dask`, the address
    of a scheduler or `local`, its workers do the work; they see the folders here by `path_map`, pairs of
    (here, there). `shard` (i, n) takes the i-th of n parts of the files, by a hash of their paths.
    """

    jobs: int | None = None
    full: bool = False
    retry_failed: bool = False
    limit: int | None = None
    budget_s: float | None = None
    forget_after: timedelta = timedelta(days=30)
    dask: str | None = None
    path_map: tuple[tuple[str, str], ...] = ()
    shard: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """The parts that one scan works with."""

    store: Store
    card: ModelCard
    load_predictor: Callable[[], Predicts] | None
    """Loads what predicts in this process; None where the workers do."""
    settings: ScanSettings
    counts: ScanCounts
    observer: Observer

    def run(self, paths: Sequence[str]) -> None:
        """Analyse every file beneath `paths` that is new or changed and store the answers batch by batch.

        The counts grow as it goes. The model is loaded only if there is something to analyse. A sound
        that is known under another path is not analysed again, nor is one whose embedding is stored, where
        the heads alone can answer. Interrupted at any moment, the store lacks
        at most the batch under way. At the end, albums are pooled of which a track has changed.
        """
        now = datetime.now(UTC)
        failed_since = now if self.settings.retry_failed else now - RETRY_AFTER
        n_noticed = self.store.files.n_noticed
        remove_stale_tables()
        self.store.rereads.introduce(self.card.id, self.card.trunk, self.card.head_versions)
        if not self.settings.full:
            self.counts.reread = reread(self.store, self.card, self.observer.rereads)
        known = KnownStates(self.store, self.card.id, paths, failed_since, self.settings.full)
        untold: list[AudioFile] = []
        self._analyse(self._within_limits(self._new_files(paths, known, untold)), known, paths)
        self._read_tags(untold)
        self.store.answers.note_use(self.card.id)
        self.counts.unchanged += known.take_unchanged()
        n_missing, unmounted = known.update_missing(now - self.settings.forget_after)
        self.counts.missing += n_missing
        for folder in unmounted:
            self.counts.unmounted += 1
            self.observer.unmounted(folder)
        known.forget_failures(now)
        self.store.albums.pool(cache(self._base_rates))
        self.counts.corrected = self.store.files.n_noticed - n_noticed

    def _base_rates(self, model: str) -> Mapping[str, float]:
        """How often a model answers each genre; nothing where its folder is gone."""
        try:
            return (self.card if model == self.card.id else load_card(model)).base_rates
        except ModelError:
            return {}

    def _new_files(
        self, paths: Sequence[str], known: KnownStates, untold: list[AudioFile]
    ) -> Iterator[AudioFile]:
        """The files whose state is new; those that cannot be looked at are stored as failures on the way.

        Files of which only the own tags were never read go to `untold`.
        """
        for found in walk(paths, known.answered, known.excluded):
            self.counts.unchanged += known.take_unchanged()
            if known.is_ignored(found.path):
                self.counts.ignored += 1
                if isinstance(found, Failure):
                    known.unlisted.append(found.path)
            elif isinstance(found, AudioFile):
                if self.settings.shard and not is_in_shard(found.path, *self.settings.shard):
                    continue
                if known.is_failed(found):
                    self.counts.failed += 1
                elif known.is_untold(found):
                    untold.append(found)
                else:
                    yield found
            else:
                self._note_unlisted(found, paths, known)

    def _note_unlisted(self, failure: Failure, paths: Sequence[str], known: KnownStates) -> None:
        known.unlisted.append(failure.path)
        is_named = failure.path in map(absolute, paths)
        if may_be_there(failure.path):
            self.store.record_batch([], [failure])
        elif is_named:
            self.counts.unmounted += 1  # or its name is mistyped: it is reported and forgotten
        self.counts.failed += 1
        self._report(failure, is_news=is_named or not known.has_failed_so(failure))

    def _report(self, failure: Failure, is_news: bool) -> None:
        if is_news:
            self.counts.new_failures += 1
            self.observer.failed(failure)
        elif self.settings.full or self.settings.retry_failed:
            self.observer.failed_again(failure)

    def _within_limits(self, files: Iterator[AudioFile]) -> Iterator[AudioFile]:
        """As many of `files` as limit and budget allow; the others are counted as left."""
        settings = self.settings
        if settings.budget_s is not None:
            files = iter(sorted(files, key=lambda file: -file.mtime_ns))
        for n, file in enumerate(files):
            if self._is_spent() or n == settings.limit:
                self.counts.left += 1 + sum(1 for _ in files)
                return
            yield file

    def _is_spent(self) -> bool:
        budget_s = self.settings.budget_s
        return budget_s is not None and self.counts.seconds >= budget_s

    def _analyse(self, files: Iterator[AudioFile], known: KnownStates, paths: Sequence[str]) -> None:
        jobs = self.settings.jobs or n_cores()
        first = [*islice(files, jobs)]
        if not first:
            return
        reuse = not self.settings.full

        def report(failure: Failure) -> None:
            self._report(failure, is_news=not known.has_failed_so(failure))

        ingest = Ingest(self.store, self.card.id, self.load_predictor, self.counts, report, reuse=reuse)
        if self.settings.dask:
            self._analyse_far_away(chain(first, files), ingest, paths)
            return
        start(len(first), self.card.folder)
        with known_sounds_table(self.store.answers.audio_ids(self.card.id) if reuse else ()) as table:
            waiting = chain(first, files)
            while True:  # once, and again for the few whose known answer was gone when it came to it
                again: list[AudioFile] = []
                for batch in batched(self._extracted(waiting, table, ingest), BATCH):
                    again += ingest.take(batch)
                    self.observer.progress()
                if not again:
                    return
                waiting, table = chain(again), None

    def _analyse_far_away(self, files: Iterator[AudioFile], ingest: Ingest, paths: Sequence[str]) -> None:
        from tagger.pipeline.cluster import Cluster

        address = self.settings.dask or ""
        with Cluster(address, self.card, self.settings.path_map, [*map(absolute, paths)]) as cluster:
            self.observer.works_on(cluster.place)

            def note(file: AudioFile) -> None:
                self.observer.extracted(file.path)

            for batch in batched(cluster.analyse_all(files, note), BATCH_FROM_AFAR):
                ingest.take(batch)
                self.observer.progress()

    def _read_tags(self, files: Sequence[AudioFile]) -> None:
        """Read the tags of files that an earlier tagger has analysed; what the budget leaves has to wait."""
        n_done = 0
        outcomes = extract_all(
            takewhile(lambda file: not self._is_spent(), files),
            self.card.folder,
            jobs=self.settings.jobs or n_cores(),
            ahead=AHEAD * BATCH,
            work=read_tags,
            on_end=lambda file: self.observer.extracted(file.path),
            is_spent=self._is_spent,
        )
        for batch in batched(outcomes, BATCH):
            told = [outcome for outcome in batch if isinstance(outcome, Identified)]
            failed = [outcome for outcome in batch if isinstance(outcome, Failure)]
            self.store.files.tell(told, [failure.path for failure in failed if failure.stage == "decode"])
            n_done += len(batch)
            self.counts.taken += len(batch)
            self.counts.unchanged += len(batch)
            self.observer.progress()
        self.counts.unchanged += len(files) - n_done

    def _extracted(self, files: Iterator[AudioFile], table: str | None, ingest: Ingest) -> Iterator[Outcome]:
        """What comes of `files`; with the first features, the model is loaded where it predicts here."""
        outcomes = extract_all(
            files,
            self.card.folder,
            table,
            jobs=self.settings.jobs or n_cores(),
            ahead=AHEAD * BATCH,
            work=extract if self.load_predictor else analyse,
            on_end=lambda file: self.observer.extracted(file.path),
            is_spent=self._is_spent,
            on_left=self._leave,
        )
        for outcome in outcomes:
            if isinstance(outcome, TrackFeatures):
                ingest.load_model()
            yield outcome

    def _leave(self, file: AudioFile) -> None:
        self.counts.left += 1


def is_in_shard(path: str, shard: int, n_shards: int) -> bool:
    """Tell whether a file is in the part `shard`, from 1 to `n_shards`, by a hash of its path.

    >>> [is_in_shard("/m/a.mp3", shard, 3) for shard in (1, 2, 3)].count(True)
    1
    """
    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).digest()
    return int.from_bytes(digest, "big") % n_shards == shard - 1


def n_cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size` items in order, as `itertools.batched` of Python 3.12.

    >>> [*batched("abcde", 2)]
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
