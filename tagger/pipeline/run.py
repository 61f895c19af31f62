"""One scan from the walk to the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Protocol, TypeVar

from tagger.model_card import ModelCard
from tagger.pipeline.workers import Outcome, hear_all
from tagger.scan import walk
from tagger.store import Store
from tagger.types import AudioFile, Failure, Prediction, TrackFeatures

LOOK_UP = 500
"""Files whose state is asked of the store at once."""

T = TypeVar("T")


class Predicts(Protocol):
    """What the scan needs of `tagger.predict.Predictor`, whose import takes seconds."""

    def predict(self, tracks: Sequence[TrackFeatures]) -> list[Prediction]: ...


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """`full` hears unchanged files again, `retry_failed` those that failed; `limit` is of files heard."""

    jobs: int
    batch_size: int = 32
    full: bool = False
    retry_failed: bool = False
    limit: int | None = None


@dataclass(slots=True)
class Tally:
    """The running counts of one scan: found = analysed + unchanged + failed, once it has ended."""

    found: int = 0
    analysed: int = 0
    unchanged: int = 0
    failed: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    @property
    def done(self) -> int:
        return self.analysed + self.unchanged + self.failed

    def counts(self) -> dict[str, float]:
        """The counts by the names that `tagger scan --json` prints, with seconds and tracks per second."""
        seconds = self.seconds
        return {
            "found": self.found,
            "analysed": self.analysed,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "seconds": round(seconds, 3),
            "tracks_per_s": round(self.analysed / seconds, 2),
        }


def scan(
    paths: Sequence[str],
    store: Store,
    card: ModelCard,
    load_predictor: Callable[[], Predicts],
    settings: ScanSettings,
    tally: Tally,
    on_progress: Callable[[Sequence[Failure]], None] = lambda failures: None,
) -> None:
    """Hears every file beneath `paths` that is new or changed and stores the answers batch by batch.

    `tally` is counted up as it goes, and `on_progress` is called after each step with its failures.
    The model is loaded only if there is something to hear. Interrupted at any moment, the store
    lacks at most the batch under way.
    """
    store.forget_scan_failures(paths)
    files = _files_to_hear(paths, store, card.id, settings, tally, on_progress)
    outcomes = hear_all(files, card.folder, settings.jobs, ahead=2 * settings.batch_size)
    predictor = cache(load_predictor)
    for batch in _batches(outcomes, settings.batch_size):
        failures = _record(batch, store, predictor)
        tally.analysed += len(batch) - len(failures)
        tally.failed += len(failures)
        on_progress(failures)


def _files_to_hear(
    paths: Sequence[str],
    store: Store,
    model: str,
    settings: ScanSettings,
    tally: Tally,
    on_progress: Callable[[Sequence[Failure]], None],
) -> Iterator[AudioFile]:
    """The files that need hearing; what does not is counted on the way."""
    n_heard = 0
    for chunk in _batches(walk(paths), LOOK_UP):
        files = [found for found in chunk if isinstance(found, AudioFile)]
        failures = [found for found in chunk if isinstance(found, Failure)]
        states = store.states(files, model)
        store.record_batch([], failures)
        tally.found += len(failures)
        tally.failed += len(failures)
        on_progress(failures)
        for file in files:
            tally.found += 1
            state = states.get(file.path)
            if state == "unchanged" and not settings.full:
                tally.unchanged += 1
            elif state == "failed" and not settings.retry_failed and not settings.full:
                tally.failed += 1
            elif n_heard == settings.limit:
                tally.found -= 1
                return
            else:
                n_heard += 1
                yield file
        on_progress(())


def _record(batch: Sequence[Outcome], store: Store, predictor: Callable[[], Predicts]) -> list[Failure]:
    """Predicts and stores one batch; its failures."""
    failures = [outcome for outcome in batch if isinstance(outcome, Failure)]
    tracks = [outcome for outcome in batch if isinstance(outcome, TrackFeatures)]
    predictions = predictor().predict(tracks) if tracks else []
    heard = [(t.file, t.recording, p) for t, p in zip(tracks, predictions, strict=True)]
    store.record_batch(heard, failures)
    return failures


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch
