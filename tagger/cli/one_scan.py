"""One scan under the lock, as `tagger scan` does it once and `tagger watch` again and again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tagger.cli.events import Events
from tagger.cli.interrupts import terminated_as_interrupted
from tagger.cli.options import check_device, check_paths
from tagger.cli.output import counted
from tagger.cli.progress import progress_bar

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.pipeline.run import Predicts, ScanSettings
    from tagger.pipeline.tally import Tally
    from tagger.store import Store

NICENESS = 10

Report = Callable[["Store", "Tally", Events], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a scan needs to know besides its paths. `is_quiet` also keeps the progress bar away."""

    database: str
    card: ModelCard
    load_predictor: Callable[[], Predicts]
    settings: ScanSettings
    log_format: str
    is_quiet: bool


def scan_once(paths: Sequence[str], setup: Setup, report: Report) -> Tally:
    """Scans `paths` while it holds the database's lock, has `report` tell of it, returns the counts.

    Raises BusyError where another run holds the lock, KeyboardInterrupt on Ctrl-C and SIGTERM.
    """
    from tagger.pipeline.tally import Tally
    from tagger.store import Store, scan_lock

    tally = Tally()
    watched = sys.stderr.isatty() and not setup.is_quiet and setup.log_format == "text"
    with (
        scan_lock(setup.database),
        Store.open(setup.database, create=True) as store,
        terminated_as_interrupted(),
    ):
        _settle(store)
        with progress_bar(paths, tally) if watched else nullcontext(lambda: None) as advance:
            events = Events(setup.log_format, advance)
            _run(paths, store, setup, tally, events)
        report(store, tally, events)
    return tally


def predictor_loader(card: ModelCard, device: str) -> Callable[[], Predicts]:
    """Loads the model when it is called, once: a watch keeps it."""

    @cache
    def load() -> Predicts:
        from tagger.nets import tune_process  # and with it torch, two seconds
        from tagger.predict import Predictor

        tune_process(threads=1)
        return Predictor(card, device)

    return load


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def leave_processor_to_others() -> None:
    """Lowers the priority of this process and its workers, where the system can (POSIX)."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def check(paths: Sequence[str], device: str) -> None:
    """Raises before any work what would end it anyway."""
    check_device(device)
    check_paths(paths)


def _settle(store: Store) -> None:
    """After a killed `write-tags`, files that it wrote need not be heard again."""
    if store.tag_changes.are_settled():
        return
    from tagger.tag_runs import settle_interrupted

    settle_interrupted(store)


def _run(paths: Sequence[str], store: Store, setup: Setup, tally: Tally, events: Events) -> None:
    from tagger.pipeline.run import scan

    if reason := store.back_up_if_due():
        events.tell("not backed up", f"no backup of the database was made ({reason})", reason=reason)
    run = store.begin_run("scan")
    if events.as_json:
        events.tell("started", "", paths=list(paths), model=setup.card.id)
    try:
        scan(paths, store, setup.card, setup.load_predictor, setup.settings, tally, events)
    except KeyboardInterrupt:
        text = f"interrupted after {counted(tally.analysed, 'tracks')}; the next scan goes on from here"
        events.tell("interrupted", text, **tally.counts())
        raise
    finally:
        store.end_run(run, tally.counts())
