"""`tagger merge`: one database of several."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tagger.cli import shared
from tagger.cli.shared import message, print_json
from tagger.cli.terminal import shown
from tagger.errors import TaggerError
from tagger.types import counted


def merge(
    databases: Annotated[list[str], typer.Argument(metavar="DATABASE...", help="Two or more databases.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The new database.")],
    json: shared.Json = False,
) -> None:
    """Make one database of several, such as those of the parts of a library.

    Of a file that two know, the later scan counts, of two corrections the
    newer. The databases stay as they are; `undo` works from the new one, too.

        tagger merge part-1.db part-2.db -o all.db
    """
    from tagger.store import merge as merge_databases
    from tagger.store import scan_lock

    if len({os.path.realpath(name) for name in databases}) < 2:
        raise TaggerError("give two databases or more")
    if os.path.lexists(output):
        raise TaggerError(f"{shown(output)}: is there already; name a new file")
    for name in databases:
        if not os.path.isfile(name):
            raise TaggerError(f"{shown(name)}: no such database")
    draft = f"{os.path.abspath(output)}.new"
    with scan_lock(output):
        try:
            merged = merge_databases([os.path.abspath(name) for name in databases], draft)
            os.replace(draft, output)
        finally:
            for ending in ("", "-wal", "-shm"):
                if os.path.exists(draft + ending):
                    os.unlink(draft + ending)
    if json:
        print_json({"tracks": merged.tracks, "shared": merged.shared, "corrections": merged.corrections})
        return
    both = f", {merged.shared:,} of them in more than one" if merged.shared else ""
    message(f"{shown(output)}: {counted(merged.tracks, 'tracks')}{both}; the next scan pools their albums")
