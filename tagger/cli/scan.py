"""`tagger scan`: hear what is new."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.events import Events, LogFormat
from tagger.cli.interrupts import terminated_as_interrupted
from tagger.cli.output import bar, message, print_json, shown
from tagger.cli.progress import progress_bar
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.pipeline.run import Predicts, ScanSettings
    from tagger.pipeline.tally import Tally
    from tagger.store import Store

TOP_GENRES = 8
NICENESS = 10


def scan(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Music files and folders.")],
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one a core.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=4096, help="Tracks stored at once.")] = 32,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    model: options.Model = None,
    full: Annotated[bool, typer.Option("--full", help="Hear unchanged files again.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed files again.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Hear at most this many files.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after e.g. 2h or 45m; newest files first.")
    ] = None,
    forget_after: Annotated[
        str, typer.Option(metavar="TIME", help="Forget tracks missing for so long.")
    ] = "30d",
    nice: Annotated[bool, typer.Option("--nice", help="Leave the processor to other programs.")] = False,
    log_format: Annotated[LogFormat, typer.Option(help="Of the messages on stderr.")] = "text",
    metrics_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write figures for Prometheus.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """Hear every new or changed track and remember its genre and energy.

    Unchanged files cost one look at their size and date. Stop it at any time; the next scan goes on.

        tagger scan ~/Music
        tagger scan ~/Music --budget 2h --nice --log-format json
    """
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.pipeline.run import ScanSettings
    from tagger.pipeline.tally import Tally
    from tagger.store import Store, scan_lock

    _check(paths, device)
    card = load_card(model or DEFAULT_MODEL)
    path = options.database_path(db)
    settings = ScanSettings(
        jobs=jobs or cores(),
        batch_size=batch_size,
        full=full,
        retry_failed=retry_failed,
        limit=limit,
        budget_s=options.duration(budget).total_seconds() if budget else None,
        forget_after=options.duration(forget_after),
    )
    if nice and hasattr(os, "nice"):
        os.nice(NICENESS)
    tally = Tally()
    watched = sys.stderr.isatty() and not quiet and not json and log_format == "text"
    with (
        scan_lock(path),
        Store.open(path, create=True) as store,
        terminated_as_interrupted(),
        progress_bar(paths, tally) if watched else nullcontext(lambda: None) as advance,
    ):
        _settle(store)
        events = Events(log_format, advance)
        _run(paths, store, card, settings, tally, events, device)
    with Store.open(path, create=False) as store:
        _report(store, card.id, tally, events, as_json=json, quiet=quiet, metrics_file=metrics_file)
    if tally.failed:
        raise typer.Exit(1)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(paths: Sequence[str], device: str) -> None:
    """Raises before any work what would end it anyway."""
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise TaggerError(f"--device {device}: give auto, cpu, cuda or mps")
    if not any(os.path.lexists(path) for path in paths):
        raise TaggerError(f"{shown(paths[0])}: no such file or folder; check the name")


def _settle(store: Store) -> None:
    """After a killed `write-tags`, files that it wrote need not be heard again."""
    if store.tag_changes.are_settled():
        return
    from tagger.tagging import settle_interrupted

    settle_interrupted(store)


def _run(
    paths: Sequence[str],
    store: Store,
    card: ModelCard,
    settings: ScanSettings,
    tally: Tally,
    events: Events,
    device: str,
) -> None:
    from tagger.pipeline.run import scan

    def load_predictor() -> Predicts:
        from tagger.predict import Predictor  # and with it torch, two seconds

        return Predictor(card, device, threads=1)

    run = store.begin_run("scan")
    if events.as_json:
        events.tell("started", "", paths=list(paths), model=card.id)
    try:
        scan(paths, store, card, load_predictor, settings, tally, events)
    except KeyboardInterrupt:
        text = f"interrupted after {tally.analysed} tracks; the next scan goes on from here"
        events.tell("interrupted", text, **tally.counts())
        raise
    finally:
        store.end_run(run, tally.counts())


def _report(
    store: Store,
    model: str,
    tally: Tally,
    events: Events,
    as_json: bool,
    quiet: bool,
    metrics_file: str | None,
) -> None:
    counts = tally.counts()
    if metrics_file:
        from tagger.cli.metrics import metrics_text
        from tagger.playlist import write_atomically

        n_tracks = sum(count for _, count in store.genre_counts(model))
        write_atomically(metrics_file, metrics_text(counts, n_tracks))
    if as_json:
        print_json(counts)
    elif not quiet:
        _print_table(counts, store.genre_counts(model)[:TOP_GENRES])
    if events.as_json:
        events.tell("finished", "", left=tally.left, **counts)
        return
    if tally.left:
        message(f"{tally.left} files are left to the next scan")
    if tally.failed:
        message(f"{tally.failed} could not be heard; `tagger failures` says why")
    elif not tally.found and not tally.left:
        message("no audio files there")


def _print_table(counts: Mapping[str, float], genres: Sequence[tuple[str, int]]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for name, value in counts.items():
        shown_value = f"{value:,g}" if isinstance(value, int) else f"{value:,.1f}"
        table.add_row(name.replace("_per_s", "/s"), shown_value)
    total = max((count for _, count in genres), default=1)
    for i, (genre, count) in enumerate(genres):
        table.add_row("top genres" if i == 0 else "", f"{count:,}", f"{bar(count / total)} {genre}")
    Console().print(table)
