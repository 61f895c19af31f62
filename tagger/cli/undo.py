"""`tagger undo`: take back what write-tags wrote."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import asked_to_stop, message, print_json
from tagger.cli.terminal import say, shown
from tagger.cli.write_tags import N_EXAMPLES, change_object, print_changes, warn_of_open_run
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.library import Library
    from tagger.tag_runs import Restoring, UndoCounts


def undo(
    run: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="Its number. Default: the last one not yet undone.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would come back, only.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Put back what the files' tags held before a run of write-tags.

    It shows what would come back, and asks. A field that somebody has changed
    since is left and reported. `tagger runs` lists the runs.

        tagger undo --dry-run
        tagger undo
        tagger undo 12 --yes
    """
    from tagger.tag_runs import UndoCounts, run_to_undo

    counts = UndoCounts(lambda skip: message(f"{shown(skip.path)}: {skip.reason}"))
    with configured.library(db) as library:
        if not (dry_run or yes or shared.can_ask()):
            run_to_undo(library.store, run)  # a wrong number is named first
            raise shared.nobody_to_ask("restore")
        if dry_run:
            _print_preview(library, run, counts, json)
        elif yes or _is_wanted(library, run):
            _restore(library, run, counts)
            _report(counts, json)
        else:
            message("nothing was restored")
            return
    if counts.errors:
        raise typer.Exit(1)


def _print_preview(library: Library, run: int | None, counts: UndoCounts, as_json: bool) -> None:
    """Print what would come back into each file, as it is found or in one object of JSON."""
    warn_of_open_run(library)
    found: list[Restoring] = []

    def on_change(one: Restoring) -> None:
        if as_json:
            found.append(one)
        else:
            print_changes(one.path, one.changes, "←")

    library.preview_undo(run, counts=counts, on_change=on_change)
    if as_json:
        changes = [change_object(one.path, one.changes) for one in found]
        print_json({"run": counts.run, **counts.as_dict(), "changes": changes})
    else:
        _print_summary(counts, "to restore")
    if counts.errors:
        message(f"{counts.errors:,} could not be restored")


def _is_wanted(library: Library, run: int | None) -> bool:
    """Show what would come back, and ask for a yes."""
    library.recover()
    examples: list[Restoring] = []

    def keep(one: Restoring) -> None:
        if len(examples) < N_EXAMPLES:
            examples.append(one)

    counts = library.preview_undo(run, on_change=keep)
    if not counts.files_restored:
        return True  # there is nothing to ask, and the run says why
    say("for example", file=sys.stderr)
    for one in examples:
        print_changes(one.path, one.changes, "←", sys.stderr)
    files = f"{counts.files_restored:,} of {counted(counts.done, 'files')}"
    return shared.is_yes(f"Take back what run {counts.run} wrote into {files}?")


def _restore(library: Library, run: int | None, counts: UndoCounts) -> None:
    with asked_to_stop() as is_stopped:
        library.undo(run, counts=counts, is_stopped=is_stopped)
    if is_stopped():
        restored = counted(counts.files_restored, "files")
        message(f"interrupted after {restored}; `tagger undo {counts.run}` goes on")
        raise KeyboardInterrupt


def _report(counts: UndoCounts, as_json: bool) -> None:
    if as_json:
        print_json({"run": counts.run, **counts.as_dict()})
    else:
        _print_summary(counts, "restored")
    if counts.errors:
        message(f"{counts.errors:,} could not be restored; mend that, then `tagger undo {counts.run}` again")


def _print_summary(counts: UndoCounts, done: str) -> None:
    files = counted(counts.files_restored, "files")
    inexact = f" ({counts.inexact:,} but for what is said above)" if counts.inexact else ""
    say(f"run {counts.run}: {files} {done}{inexact}, {counts.skipped:,} skipped")
