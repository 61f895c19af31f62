"""`tagger watch`: the same scan, run again whenever the music changes."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.events import Events, ends_told
from tagger.cli.interrupts import terminated_as_interrupted
from tagger.cli.one_scan import Setup, check, cores, leave_processor_to_others, predictor_loader, scan_once
from tagger.cli.output import shown
from tagger.errors import BusyError
from tagger.files import absolute

if TYPE_CHECKING:
    from tagger.pipeline.tally import Tally
    from tagger.store import Store
    from tagger.watch import Changes

SETTLE_S = 5.0
"""Longer than a copying program pauses within a file."""

RETRY_S = 10.0
"""After another run was found to hold the database."""


def watch(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Music files and folders.")],
    jobs: options.Jobs = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    model: options.Model = None,
    nice: Annotated[bool, typer.Option("--nice", help="Leave the processor to other programs.")] = False,
    log_format: Annotated[str, typer.Option(help="Of the messages on stderr: text or json.")] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    db: options.Db = None,
) -> None:
    """Scan, then hear what is added, changed, moved or removed, until Ctrl-C.

    A file is heard when nothing has happened to it for some seconds. In between, other commands
    can use the database. Network drives do not tell what other computers change: use cron there.

        tagger watch ~/Music --nice
    """
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.pipeline.run import ScanSettings

    with ends_told(log_format), terminated_as_interrupted():
        check(paths, device)
        card = load_card(model or DEFAULT_MODEL)
        setup = Setup(
            database=options.database_path(db),
            card=card,
            load_predictor=predictor_loader(card, device),
            settings=ScanSettings(jobs=jobs or cores()),
            log_format=log_format,
            is_quiet=quiet,
        )
        if nice:
            leave_processor_to_others()
        _watch([absolute(path) for path in dict.fromkeys(paths)], setup)


def _watch(roots: Sequence[str], setup: Setup) -> None:
    from tagger.watch import Settling, changes, matters

    events = Events(setup.log_format, lambda: None)
    settling = Settling(SETTLE_S)
    due: set[str] = set()
    retry_at = 0.0
    for change in changes(roots):
        _tell_vanished(change, events)
        settling.note(path for path in change.paths if matters(path, roots))
        due = due - change.paths | set(change.appeared) | set(settling.settled())
        if not due or time.monotonic() < retry_at:
            continue
        if not os.path.exists(setup.database):  # somebody has deleted it
            due |= set(roots)
        try:
            _scan(due, roots, setup)
            due, retry_at = set(), 0.0
        except BusyError as error:
            if not retry_at:
                events.tell("waiting", f"{error}; waiting", reason=str(error))
            retry_at = time.monotonic() + RETRY_S


def _tell_vanished(change: Changes, events: Events) -> None:
    for root in change.vanished:
        events.tell("vanished", f"{shown(root)}: not there; waiting until it is", path=root)


def _scan(changed: Collection[str], roots: Sequence[str], setup: Setup) -> None:
    from tagger.store import Store
    from tagger.watch import targets

    with Store.open(setup.database, create=True) as store:
        paths = targets(changed, roots, store)

    def report(store: Store, tally: Tally, events: Events) -> None:
        if events.as_json or not setup.is_quiet:
            events.tell("finished", _told(tally), left=tally.left, **tally.counts())

    if paths:
        scan_once(paths, setup, report)


def _told(tally: Tally) -> str:
    names = ("analysed", "moved", "duplicates", "failed", "missing", "unchanged")
    counts = tally.counts()
    told = ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])
    return f"{told or 'nothing found'} ({tally.seconds:.1f} s)"
