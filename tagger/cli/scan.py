"""`tagger scan`: analyse new and changed music."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import configured, shared
from tagger.cli.completion import words
from tagger.cli.events import Events, end_reported, metrics_text
from tagger.cli.shared import SOME_FAILED, bar, message, print_json, terminated_as_interrupted
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.files import absolute
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.library import Library, LoadPredictor
    from tagger.model_card import ModelCard
    from tagger.pipeline.ingest import ScanCounts
    from tagger.pipeline.scan import ScanSettings
    from tagger.predict import Predictor

NICENESS = 10
TOP_GENRES = 8


def scan(
    paths: shared.Music = None,
    jobs: shared.Jobs = None,
    device: shared.Device = "auto",
    model: shared.Model = None,
    full: Annotated[bool, typer.Option("--full", help="Analyse unchanged files again.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed files again.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Analyse at most this many files.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after e.g. 2h or 45m; newest files first.")
    ] = None,
    forget_after: Annotated[
        str, typer.Option(metavar="TIME", help="Forget tracks missing for so long.")
    ] = "30d",
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Work on a Dask cluster: tcp://host:8786, or local.")
    ] = None,
    path_map: Annotated[
        list[str] | None, typer.Option(metavar="HERE=THERE", help="Where its workers see a folder.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only this part of the files, such as 3/10.")
    ] = None,
    nice: Annotated[bool, typer.Option("--nice", help="Leave the processor to other programs.")] = False,
    log_format: Annotated[
        str,
        typer.Option(autocompletion=words("text", "json"), help="Of the messages on stderr: text or json."),
    ] = "text",
    metrics_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write figures for Prometheus.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Analyse every new or changed track and remember its genre, energy and tempo.

    Unchanged files cost one look at their size and date. Stop it at any time; the next scan goes on.

        tagger scan ~/Music
        tagger scan ~/Music --budget 2h --nice --log-format json
    """
    with end_reported(log_format), terminated_as_interrupted():
        places = configured.folders("scan", paths)
        _check(places, metrics_file)
        library = configured.library(db, model, device, predictor_loader(device))
        _ = library.card  # before any work
        settings = replace(
            _settings(jobs, full, retry_failed, limit, budget, forget_after),
            dask=dask,
            path_map=_path_map(path_map or [], dask),
            shard=None if shard is None else _shard(shard),
        )
        if nice:
            leave_processor_to_others()
        is_first = not os.path.exists(library.path)
        with library, Events(log_format, not (quiet or json), quiet, limit) as events:
            counts = library.scan(*places, settings=settings, observer=events)
            _report(library, counts, events, json, quiet, metrics_file)
        if is_first and counts.analysed and not (quiet or json or events.as_json):
            _say_what_next(library.path)
    if counts.new_failures or counts.unmounted:
        raise typer.Exit(SOME_FAILED)


def predictor_loader(device: str) -> LoadPredictor:
    """Load a model when it is called, once: a watch keeps it. Where PyTorch runs it, it has one core."""

    loaded: dict[str, Predictor] = {}

    def load(card: ModelCard) -> Predictor:
        from tagger.predict import Predictor

        if card.folder not in loaded:
            if not card.is_light(device):
                from tagger.nets import tune_process  # and with it torch, a second

                tune_process(threads=1)
            loaded[card.folder] = Predictor(card, device)
        return loaded[card.folder]

    return load


def leave_processor_to_others() -> None:
    """Lower the priority of this process and its workers, where the system can (POSIX)."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def _check(paths: Sequence[str], metrics_file: str | None) -> None:
    """Validate the arguments before any work."""
    shared.check_paths(paths)
    if metrics_file:
        from tagger.files import check_holds_text

        if not os.path.isdir(os.path.dirname(os.path.abspath(metrics_file))):
            raise TaggerError(
                f"--metrics-file {shown(metrics_file)}: its folder does not exist; make it first"
            )
        check_holds_text(metrics_file)


def _settings(
    jobs: int | None,
    full: bool,
    retry_failed: bool,
    limit: int | None,
    budget: str | None,
    forget_after: str,
) -> ScanSettings:
    from tagger.pipeline.scan import ScanSettings

    return ScanSettings(
        jobs=jobs,
        full=full,
        retry_failed=retry_failed,
        limit=limit,
        budget_s=shared.duration("--budget", budget).total_seconds() if budget is not None else None,
        forget_after=shared.duration("--forget-after", forget_after),
    )


def _path_map(pairs: Sequence[str], dask: str | None) -> tuple[tuple[str, str], ...]:
    """Read `--path-map`; raise TaggerError for what is no pair of folders."""
    if pairs and not dask:
        raise TaggerError("--path-map is for --dask; give both")
    found = [pair.partition("=") for pair in pairs]
    if wrong := next((pair for pair, parts in zip(pairs, found, strict=True) if not all(parts)), None):
        raise TaggerError(f"--path-map {shown(wrong)}: give HERE=THERE, such as /music=/mnt/music")
    return tuple((absolute(here), there) for here, _, there in found)


def _shard(text: str) -> tuple[int, int]:
    """Read `--shard`; raise TaggerError for what is no part of a whole."""
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise TaggerError(f"--shard {shown(text)}: give a part of a whole, such as 3/10")
    return int(number), int(of)


def _report(
    library: Library, counts: ScanCounts, events: Events, as_json: bool, quiet: bool, metrics_file: str | None
) -> None:
    model, fields = library.card.id, counts.as_dict()
    if metrics_file and not counts.unmounted:
        from tagger.files import replace_atomically

        replace_atomically(metrics_file, metrics_text(fields, library.store.answers.count(model)))
    if as_json:
        print_json(fields)
    elif not quiet:
        _print_table(fields, library.store.answers.shown_genres(library.card.id).most_common(TOP_GENRES))
    if events.as_json:
        events.report("finished", "", left=counts.left, **fields)
        return
    if counts.left and not quiet:
        message(f"{counted(counts.left, 'files')} left to the next scan")
    if counts.corrected and not quiet:
        edits = counted(counts.corrected, "fields that you have changed in tags")
        message(f"{edits} since `tagger write-tags`: your word from now on (`tagger corrections`)")
    if counts.new_failures or (counts.failed and not quiet):
        message(f"{_failed(counts)}; `tagger failures` says why")
    elif not quiet and counts.ignored:
        message(f"{counted(counts.ignored, 'files')} ignored; `tagger ignore` lists what is")
    elif not counts.found and not counts.left and not counts.ignored:
        is_all = not library.configuration.exclude
        message("no audio files there" + ("" if is_all else ", but for what the configuration excludes"))


def _say_what_next(database: str) -> None:
    """After the first scan of all."""
    message(
        "`tagger list` shows the answers, `tagger write-tags --dry-run` what would go into the files; "
        f"all is kept in {database}"
    )


def _failed(counts: ScanCounts) -> str:
    """How many files have failed, and how many of them are news."""
    news = "as before" if not counts.new_failures else f"{counts.new_failures:,} of them for the first time"
    is_all_news = counts.new_failures == counts.failed
    return f"{counts.failed:,} could not be analysed" + ("" if is_all_news else f", {news}")


def _print_table(counts: Mapping[str, float], genres: Sequence[tuple[str, int]]) -> None:
    rows = [
        (name.replace("_per_s", "/s"), f"{value:,}" if isinstance(value, int) else f"{value:,.1f}", "")
        for name, value in counts.items()
        if name != "new_failures"  # a message says it
        and (name not in ("reread", "corrected") or value)
    ]
    total = max((count for _, count in genres), default=1)
    for i, (genre, count) in enumerate(genres):
        rows.append(("top genres" if i == 0 else "", f"{count:,}", f"   {bar(count / total)} {genre}"))
    width = max(len(value) for _, value, _ in rows)
    for name, value, drawn in rows:
        say(f"  {name:<10}   {value:>{width}}{drawn}")
