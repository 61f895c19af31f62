"""`tagger scan`: hear what is new."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.interrupts import terminated_as_interrupted
from tagger.cli.output import bar, message, print_json, shown
from tagger.cli.progress import progress_bar
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.pipeline.run import ScanSettings, Tally
    from tagger.store import Store
    from tagger.types import Failure

TOP_GENRES = 8


def scan(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Music files and folders.")],
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one a core.")] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, max=4096, help="Tracks predicted and stored at once.")
    ] = 32,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    model: options.Model = None,
    full: Annotated[bool, typer.Option("--full", help="Hear unchanged files again.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed files again.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Hear at most this many files.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """Hear every new or changed track and remember its genre and energy.

    Unchanged files cost one look at their size and date. Stop it at any time; the next scan goes on.

        tagger scan ~/Music
        tagger scan ~/Music --jobs 2 --quiet
    """
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.pipeline.run import ScanSettings, Tally
    from tagger.store import Store, scan_lock

    _check(paths, device)
    card = load_card(model or DEFAULT_MODEL)
    path = options.database_path(db)
    settings = ScanSettings(jobs or cores(), batch_size, full, retry_failed, limit)
    tally = Tally()
    with scan_lock(path), Store.open(path, create=True) as store, terminated_as_interrupted():
        _settle(store)
        run = store.begin_run("scan")
        try:
            _run(paths, store, card, settings, tally, device, quiet=quiet or json)
        except KeyboardInterrupt:
            store.end_run(run, tally.counts())
            message(f"interrupted after {tally.analysed} tracks; the next scan goes on from here")
            raise
        store.end_run(run, tally.counts())
        _report(store, card.id, tally, as_json=json, quiet=quiet)
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
    device: str,
    quiet: bool,
) -> None:
    from tagger.pipeline import run
    from tagger.predict import Predictor

    watched = sys.stderr.isatty() and not quiet
    with progress_bar(paths, tally) if watched else nullcontext(lambda: None) as advance:

        def on_progress(failures: Sequence[Failure]) -> None:
            for failure in failures:
                message(f"{shown(failure.path)}: {failure.reason} (skipped)")
            advance()

        run.scan(paths, store, card, lambda: Predictor(card, device, threads=1), settings, tally, on_progress)


def _report(store: Store, model: str, tally: Tally, as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json(tally.counts())
    elif not quiet:
        _print_table(tally.counts(), store.genre_counts(model)[:TOP_GENRES])
    if tally.failed:
        message(f"{tally.failed} could not be heard; `tagger failures` says why")
    elif not tally.found:
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
        table.add_row(
            name.replace("_per_s", "/s"), f"{value:,g}" if isinstance(value, int) else f"{value:,.1f}"
        )
    total = max((count for _, count in genres), default=1)
    for i, (genre, count) in enumerate(genres):
        table.add_row("top genres" if i == 0 else "", f"{count:,}", f"{bar(count / total)} {genre}")
    Console().print(table)
