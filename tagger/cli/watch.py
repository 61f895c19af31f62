"""`tagger watch`: the same scan, run again whenever the music changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import configured, shared
from tagger.cli.completion import words
from tagger.cli.events import Events, end_reported
from tagger.cli.scan import leave_processor_to_others, predictor_loader
from tagger.cli.shared import terminated_as_interrupted
from tagger.cli.terminal import shown
from tagger.errors import BusyError
from tagger.files import absolute

if TYPE_CHECKING:
    from tagger.library import Library
    from tagger.pipeline.ingest import ScanCounts
    from tagger.watch import Changes

QUIET_S = 5.0
"""Longer than a copying program pauses within a file."""

RETRY_S = 10.0
"""After another run was found to hold the database."""


def watch(
    paths: shared.Music = None,
    jobs: shared.Jobs = None,
    device: shared.Device = "auto",
    model: shared.Model = None,
    nice: Annotated[bool, typer.Option("--nice", help="Leave the processor to other programs.")] = False,
    log_format: Annotated[
        str,
        typer.Option(autocompletion=words("text", "json"), help="Of the messages on stderr: text or json."),
    ] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    db: shared.Db = None,
) -> None:
    """Scan, then follow what is added, changed, moved or removed, until Ctrl-C.

    A file is analysed when nothing has happened to it for some seconds. In between, other commands
    can use the database. Network drives do not tell what other computers change: use cron there.

        tagger watch ~/Music --nice
    """
    with end_reported(log_format), terminated_as_interrupted():
        places = configured.folders("watch", paths)
        shared.check_paths(places)
        loader = predictor_loader(device)
        setup = Setup(
            lambda: configured.library(db, model, device, loader),
            jobs=jobs,
            events=Events(log_format),
            is_quiet=quiet,
        )
        _ = setup.library().card  # before any work
        if nice:
            leave_processor_to_others()
        _watch([absolute(path) for path in dict.fromkeys(places)], setup)


@dataclass(frozen=True, slots=True)
class Setup:
    """The parts that every scan of a watch shares; `library` opens the library anew for each of them."""

    library: Callable[[], Library]
    jobs: int | None
    events: Events
    is_quiet: bool


def _watch(roots: Sequence[str], setup: Setup) -> None:
    from tagger.watch import Debounce, changes, matters

    debounce, excluded = Debounce(QUIET_S), configured.configuration().excluded.within(roots)
    due: set[str] = set()
    retry_at = 0.0
    for change in changes(roots):
        _report_vanished(change, setup.events)
        debounce.note(path for path in change.paths if matters(path, roots, excluded))
        due = due - change.paths | set(change.appeared) | set(debounce.at_rest())
        if not due or time.monotonic() < retry_at:
            continue
        if not os.path.exists(setup.library().path):  # somebody has deleted it
            due |= set(roots)
        try:
            _scan(due, roots, setup)
            due, retry_at = set(), 0.0
        except BusyError as error:
            if not retry_at:
                setup.events.report("waiting", f"{error}; waiting", reason=str(error))
            retry_at = time.monotonic() + RETRY_S


def _report_vanished(change: Changes, events: Events) -> None:
    for root in change.vanished:
        events.report("vanished", f"{shown(root)}: not there; waiting until it is", path=root)


def _scan(changed: Collection[str], roots: Sequence[str], setup: Setup) -> None:
    from tagger.pipeline.scan import ScanSettings
    from tagger.store import Store
    from tagger.watch import targets

    with setup.library() as library, setup.events as events:
        with Store.open(library.path, create=True) as store:
            paths = targets(changed, roots, store, library.configuration.excluded.within(roots))
        if paths:
            counts = library.scan(*paths, settings=ScanSettings(setup.jobs), observer=events)
            if events.as_json or not setup.is_quiet:
                events.report("finished", _summary(counts), left=counts.left, **counts.as_dict())


def _summary(counts: ScanCounts) -> str:
    names = ("analysed", "moved", "duplicates", "failed", "missing", "unchanged")
    fields = counts.as_dict()
    counted = ", ".join(f"{fields[name]:,} {name}" for name in names if fields[name])
    return f"{counted or 'nothing found'} ({counts.seconds:.1f} s)"
