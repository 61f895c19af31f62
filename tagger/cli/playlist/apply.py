"""`tagger playlists apply`: every playlist that a file describes, in one go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.output import counted, message, shown
from tagger.cli.playlist.deliver import deliver
from tagger.cli.playlist.recipe import Table, plan_of, tables_of
from tagger.errors import TaggerError
from tagger.files import absolute

if TYPE_CHECKING:
    from tagger.store import Store

app = typer.Typer(no_args_is_help=True, help="Write many playlists at once, described in a file.")


@app.callback()
def _group() -> None:  # keeps `apply` a command of its own while it is the only one
    pass


@app.command("apply")
def apply(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Playlists in TOML, a table each.")],
    model: options.Model = None,
    db: options.Db = None,
) -> None:
    """Write all playlists that FILE describes: what cron calls after a scan.

    Each table is a playlist, its keys the options of `tagger playlist`.
    Paths in FILE are relative to its folder. One that fails is named
    and stops no other; the exit code is 1.

        [Loud]
        genre = ["Rock", "Metal"]
        energy = "high"
        output = "loud.m3u8"
    """
    from tagger.store import Store

    tables = tables_of(file)
    folder = os.path.dirname(absolute(file))
    with Store.open(options.database_path(db), create=False) as store:
        answering = options.answering_model(store, model)
        written: dict[str, str] = {}
        n_failed = sum(not _applied(name, table, folder, store, answering, written) for name, table in tables)
    if n_failed:
        message(
            f"{n_failed} of {counted(len(tables), 'playlists')} in {shown(file)} could not be written in full"
        )
        raise typer.Exit(1)


def _applied(name: str, table: Table, folder: str, store: Store, model: str, written: dict[str, str]) -> bool:
    """Whether the playlist was written whole. `written` has the names of those before by their files."""
    try:
        plan = plan_of(name, table, folder)
        file = os.path.realpath(plan.output or "")
        if file in written:
            raise TaggerError(f"its output is that of [{written[file]}]; give it one of its own")
        n_skipped = deliver(plan, store, model)
        written[file] = name
    except TaggerError as error:
        message(f"[{shown(name)}] {error}")
        return False
    return not n_skipped
