"""`tagger write-tags`: put what was heard into the files' own tags."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.interrupts import asked_to_stop
from tagger.cli.output import counted, message
from tagger.cli.progress import writing_bar
from tagger.cli.written import field_counts, print_change, report, say_skip
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.store import Store
    from tagger.tag_runs import Planned, TagSettings, WriteTally
    from tagger.tags import Policy
    from tagger.types import Aspect

    What = tuple[Store, Sequence[str], str, TagSettings]

N_EXAMPLES = 3

MIN_CONFIDENCE = 0.6
"""Of a genre, where nothing else is asked for."""


def write_tags(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these. Default: all.")
    ] = None,
    genre: Annotated[
        str,
        typer.Option(metavar="POLICY", help="missing (only where none is), replace, add or never."),
    ] = "missing",
    energy: Annotated[bool, typer.Option("--energy/--no-energy", help="Where absent or ours.")] = True,
    bpm: Annotated[
        str, typer.Option(metavar="POLICY", help="missing (where none is, or ours), replace or never.")
    ] = "missing",
    min_confidence: Annotated[
        float | None, typer.Option(metavar="0-1", help="Of genres and tempos. Default: 0.6.")
    ] = None,
    min_bpm_confidence: Annotated[
        float | None, typer.Option(metavar="0-1", help="Of tempos alone, if not the same.")
    ] = None,
    target_precision: Annotated[
        float | None,
        typer.Option(metavar="0.5-0.99", help="Instead: share of written genres to be right."),
    ] = None,
    max_genres: Annotated[int, typer.Option(min=1, metavar="N", help="Genres a file, likeliest first.")] = 1,
    keep_mtime: Annotated[bool, typer.Option("--keep-mtime", help="Keep the files' dates.")] = False,
    hard_links: Annotated[
        str,
        typer.Option(metavar="RULE", help="A file of several names: skip, break or in-place."),
    ] = "skip",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print each change, write none.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    model: options.Model = None,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """Write genre, energy and tempo into the files' own tags; `undo` takes it back.

    Your genres and tempos are kept unless you say otherwise. Each file is
    copied, the copy changed and verified, then put in its place. A file with
    hard links is skipped unless --hard-links says `break` (the other names keep
    the old tags) or `in-place` (all names get the new ones).

        tagger write-tags --dry-run
        tagger write-tags ~/Music/New --genre add --yes
        tagger write-tags --target-precision 0.9
    """
    from tagger.model_choice import require_aspect
    from tagger.store import Store

    if target_precision is not None and min_confidence is not None:
        raise TaggerError("--target-precision and --min-confidence exclude each other; give one of them")
    options.check_share("--target-precision", target_precision, 0.5, 0.99)
    at_least = MIN_CONFIDENCE if min_confidence is None else min_confidence
    bpm_at_least = at_least if min_bpm_confidence is None else min_bpm_confidence
    settings = _settings(genre, energy, bpm, at_least, bpm_at_least, max_genres, keep_mtime, hard_links)
    _check(paths, may_ask=not (dry_run or yes))
    database = options.database_path(db)
    with Store.open(database, create=False) as store:
        answering = options.answering_model(store, model)
        _check_hearing(settings.policy, store, answering)
        if target_precision is not None:
            require_aspect(store, answering, "genre", "leave out --target-precision")
            settings = _held_to(target_precision, settings, model or answering)
        options.warn_of_unknown(paths, store)
        what = store, paths or (), answering, settings
        if dry_run:
            planned, tally = _previewed(what, as_json=json)
            report(None, tally, json, planned)
        elif yes or _is_wanted(what):
            run, tally = _written(what, database, quiet=json)
            report(run, tally, json)
        else:
            message("nothing was written")
            return
    if tally.errors:
        raise typer.Exit(1)


def _settings(
    genre: str,
    energy: bool,
    bpm: str,
    min_confidence: float,
    min_bpm_confidence: float,
    max_genres: int,
    keep_mtime: bool,
    hard_links: str,
) -> TagSettings:
    from tagger.tag_runs import TagSettings
    from tagger.tags import BpmPolicy, GenrePolicy, HardLinks, Policy

    options.check_share("--min-confidence", min_confidence)
    options.check_share("--min-bpm-confidence", min_bpm_confidence)
    of_genre = options.one_of("--genre", genre, GenrePolicy)
    policy = Policy(of_genre, max_genres, energy, options.one_of("--bpm", bpm, BpmPolicy))
    links = options.one_of("--hard-links", hard_links, HardLinks)
    return TagSettings(policy, min_confidence, keep_mtime, links, min_bpm_confidence)


def _check(paths: Sequence[str] | None, may_ask: bool) -> None:
    """Raises before any work what would end it anyway."""
    options.check_paths(paths or ())
    if may_ask and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TaggerError("nobody to ask without a terminal; give --yes to write, or --dry-run to look first")


def _check_hearing(policy: Policy, store: Store, model: str) -> None:
    """Raises `TaggerError` where the policy forbids all that the model hears."""
    from tagger.model_choice import predicts

    allowed: dict[Aspect, bool] = {
        "genre": policy.genre != "never",
        "energy": policy.energy,
        "tempo": policy.bpm != "never",
    }
    heard = [aspect for aspect in allowed if predicts(store, model, aspect)]
    if not any(allowed[aspect] for aspect in heard):
        known = ", ".join(heard)
        raise TaggerError(
            f"nothing to write: the options forbid all that {model} hears ({known}); allow some"
        )


def _held_to(target_precision: float, settings: TagSettings, model: str) -> TagSettings:
    """With the thresholds of `model` (an id or a folder) that reached the precision; tells what never did."""
    from tagger.model_card import genre_thresholds, load_card

    thresholds = genre_thresholds(load_card(model), target_precision)
    if never := [genre for genre, threshold in thresholds.items() if threshold is None]:
        message(f"not written, as they never reached precision {target_precision:g}: {', '.join(never)}")
    return replace(settings, genre_thresholds=thresholds)


def _previewed(what: What, as_json: bool) -> tuple[list[Planned], WriteTally]:
    """What would be done: printed change by change, or in a list for JSON."""
    from tagger.tag_runs import WriteTally, preview

    tally = WriteTally(say_skip)
    if not what[0].tag_changes.are_settled():
        message("an earlier run was cut off; the next one that writes settles it, and may count otherwise")
    planned: list[Planned] = []
    preview(*what, tally, planned.append if as_json else print_change)
    return planned, tally


def _is_wanted(what: What) -> bool:
    """Whether the owner of the music, who is shown what would be done, says yes to it."""
    from tagger.tag_runs import WriteTally, preview

    examples: list[Planned] = []
    tally = WriteTally()
    preview(*what, tally, lambda planned: examples.append(planned) if len(examples) < N_EXAMPLES else None)
    if not tally.files_written:
        return True  # there is nothing to ask, and the run says why
    for name, count in field_counts(tally).items():
        print(f"{name:<14} {counted(count, 'files', width=9)}", file=sys.stderr)
    print("for example", file=sys.stderr)
    for planned in examples:
        print_change(planned, sys.stderr)
    question = f"Write tags into {tally.files_written:,} of {counted(tally.done, 'files')}? [y/N] "
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _written(what: What, database: str, quiet: bool) -> tuple[int, WriteTally]:
    from tagger import tag_runs
    from tagger.store import scan_lock

    tally = tag_runs.WriteTally(say_skip)
    watched = sys.stderr.isatty() and not quiet
    with (
        scan_lock(database),
        asked_to_stop() as is_stopped,
        writing_bar(tally) if watched else nullcontext(lambda: None) as advance,
    ):
        run = tag_runs.write_tags(*what, tally, advance, is_stopped)
    if is_stopped():
        message(
            f"interrupted after {counted(tally.files_written, 'files')}; `tagger undo {run}` takes them back"
        )
        raise KeyboardInterrupt
    return run, tally
