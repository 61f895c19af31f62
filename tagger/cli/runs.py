"""`tagger runs` and `tagger failures`: what was done when, and which files could not be read."""

from __future__ import annotations

from typing import Annotated

import typer

from tagger.cli import shared
from tagger.cli.shared import message, print_json_array
from tagger.cli.terminal import say, shown


def runs(
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many.")] = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """List the runs of scan, write-tags and undo with their counts, newest first."""
    from tagger.store import Store, said

    with Store.open(shared.database_path(db), create=False) as store:
        if json:
            print_json_array(
                {
                    "run": run.id,
                    "command": run.command,
                    "started_at": run.started_at,
                    "finished_at": run.finished_at,
                    "counts": run.counts,
                    "undoable": run.undoable,
                }
                for run in store.runs.latest(limit)
            )
            return
        say(f"{'run':>5}  {'started':<16}  {'command':<10}  counts")
        for run in store.runs.latest(limit):
            started, command = shared.minute(run.started_at), shown(run.command)
            say(f"{run.id:>5}  {started:<16}  {command:<10}  {said(run)}")


def failures(
    new: Annotated[bool, typer.Option("--new", help="Only what failed first in the last scan.")] = False,
    damaged: Annotated[
        bool, typer.Option("--damaged", help="What has an answer, though a part of it is broken.")
    ] = False,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """List the files that could not be read, and why; `tagger ignore` leaves one alone.

    tagger failures
    tagger failures --new
    tagger failures --damaged
    """
    from tagger.store import Store

    with Store.open(shared.database_path(db), create=False) as store:
        since = (store.runs.last_began("scan") or "") if new else ""
        found = store.files.damaged() if damaged else store.files.failures(since)
        if json:
            print_json_array(
                {"path": failure.path, "stage": failure.stage, "reason": failure.reason} for failure in found
            )
            return
        failure = None
        for failure in found:
            say(f"{shown(failure.path)}: {failure.reason} ({failure.stage})")
        if failure is None:
            kind = "is damaged" if damaged else "has failed"
            message(f"no file {kind}" + (" that had not before" if new and not damaged else ""))
