"""`tagger undo`: take back what a run of write-tags wrote."""

from __future__ import annotations

from typing import Annotated

import typer

from tagger.cli import options
from tagger.cli.interrupts import asked_to_stop
from tagger.cli.output import counted, message, print_json, shown


def undo(
    run: Annotated[
        int | None, typer.Argument(metavar="[RUN]", help="Its number. Default: the last one not yet undone.")
    ] = None,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """Put back what the files' tags held before a run of write-tags.

    A field that somebody has changed since is left and told. `tagger runs` lists the runs.

        tagger undo
        tagger undo 12
    """
    from tagger.store import Store, scan_lock
    from tagger.tag_runs import Skip, UndoTally, undo_tags

    def say(skip: Skip) -> None:
        message(f"{shown(skip.path)}: {skip.reason}")

    tally = UndoTally(say)
    database = options.database_path(db)
    with Store.open(database, create=False) as store, scan_lock(database), asked_to_stop() as is_stopped:
        undone = undo_tags(store, run, tally, is_stopped)
    if is_stopped():
        message(f"interrupted after {counted(tally.files_restored, 'files')}; `tagger undo {undone}` goes on")
        raise KeyboardInterrupt
    if json:
        print_json({"run": undone, **tally.counts()})
    else:
        print(f"run {undone}: {counted(tally.files_restored, 'files restored')}, {tally.skipped:,} skipped")
    if tally.errors:
        message(f"{tally.errors:,} could not be restored; mend that, then `tagger undo {undone}` again")
        raise typer.Exit(1)
