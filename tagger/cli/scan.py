"""`tagger scan`: hear what is new."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.events import Events, ends_told
from tagger.cli.exit_codes import SOME_FAILED
from tagger.cli.one_scan import Setup, check, cores, leave_processor_to_others, predictor_loader, scan_once
from tagger.cli.output import bar, counted, message, print_json, shown
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.pipeline.run import ScanSettings
    from tagger.pipeline.tally import Tally
    from tagger.store import Store

TOP_GENRES = 8


def scan(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Music files and folders.")],
    jobs: options.Jobs = None,
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
    log_format: Annotated[str, typer.Option(help="Of the messages on stderr: text or json.")] = "text",
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
    with ends_told(log_format):
        card = _checked(paths, device, model, metrics_file)
        setup = Setup(
            database=options.database_path(db),
            card=card,
            load_predictor=predictor_loader(card, device),
            settings=_settings(jobs, batch_size, full, retry_failed, limit, budget, forget_after),
            log_format=log_format,
            is_quiet=quiet or json,
        )
        if nice:
            leave_processor_to_others()

        def report(store: Store, tally: Tally, events: Events) -> None:
            _report(store, card.id, tally, events, json, quiet, metrics_file)

        tally = scan_once(paths, setup, report)
    if tally.failed or tally.unmounted:
        raise typer.Exit(SOME_FAILED)


def _checked(paths: Sequence[str], device: str, model: str | None, metrics_file: str | None) -> ModelCard:
    """The model; raises before any work what would end it anyway, or at its end."""
    from tagger.model_card import DEFAULT_MODEL, load_card

    check(paths, device)
    if metrics_file:
        from tagger.files import check_holds_text

        if not os.path.isdir(os.path.dirname(os.path.abspath(metrics_file))):
            raise TaggerError(
                f"--metrics-file {shown(metrics_file)}: its folder does not exist; make it first"
            )
        check_holds_text(metrics_file)
    return load_card(model or DEFAULT_MODEL)


def _settings(
    jobs: int | None,
    batch_size: int,
    full: bool,
    retry_failed: bool,
    limit: int | None,
    budget: str | None,
    forget_after: str,
) -> ScanSettings:
    from tagger.pipeline.run import ScanSettings

    return ScanSettings(
        jobs=jobs or cores(),
        batch_size=batch_size,
        full=full,
        retry_failed=retry_failed,
        limit=limit,
        budget_s=options.duration("--budget", budget).total_seconds() if budget is not None else None,
        forget_after=options.duration("--forget-after", forget_after),
    )


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
    if metrics_file and not tally.unmounted:
        from tagger.cli.metrics import metrics_text
        from tagger.files import replace_atomically

        replace_atomically(metrics_file, metrics_text(counts, store.count(model)))
    if as_json:
        print_json(counts)
    elif not quiet:
        _print_table(counts, store.genre_counts(model)[:TOP_GENRES])
    if events.as_json:
        events.tell("finished", "", left=tally.left, **counts)
        return
    if tally.left and not quiet:
        message(f"{counted(tally.left, 'files')} left to the next scan")
    if tally.failed:
        message(f"{tally.failed} could not be heard; `tagger failures` says why")
    elif not tally.found and not tally.left:
        message("no audio files there")


def _print_table(counts: Mapping[str, float], genres: Sequence[tuple[str, int]]) -> None:
    rows = [
        (name.replace("_per_s", "/s"), f"{value:,}" if isinstance(value, int) else f"{value:,.1f}", "")
        for name, value in counts.items()
    ]
    total = max((count for _, count in genres), default=1)
    for i, (genre, count) in enumerate(genres):
        rows.append(("top genres" if i == 0 else "", f"{count:,}", f"   {bar(count / total)} {genre}"))
    width = max(len(value) for _, value, _ in rows)
    for name, value, drawn in rows:
        print(f"  {name:<10}   {value:>{width}}{drawn}")
