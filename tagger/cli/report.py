"""`tagger report`: the library as a page to look at in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import message
from tagger.cli.terminal import shown
from tagger.files import absolute
from tagger.types import counted

DEFAULT = "library.html"


def report(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="A name in .html.")] = DEFAULT,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    model: shared.Model = None,
    db: shared.Db = None,
) -> None:
    """Make a page of the whole library to look at: a map of all tracks, charts, and what needs a look.

    One file, library.html unless --output gives another name; it takes the
    place of an earlier report, but never of anything else. It needs no
    network, opens from a share, and plays your files when you click them.

        tagger report --open
        tagger report -o ~/Music/library.html
    """
    options = [*(["--model", model] if model else []), *(["--db", absolute(db)] if db else [])]
    with configured.library(db, model) as library:
        shared.warn(library)
        content = library.report(output, options=options)
        n_tracks = library.store.answers.count(library.model)
    if open_it:
        _open(output)
    if sys.stderr.isatty():  # a night has no news of it
        message(_summary(output, n_tracks, len(content), open_it))


def _open(output: str) -> None:
    """Shows the page in the browser of the desktop; says so where there is none."""
    try:
        is_open = _has_desktop() and webbrowser.open(Path(absolute(output)).as_uri())
    except webbrowser.Error:
        is_open = False
    if not is_open:
        message(f"no browser is found here; open {shown(output)} in one")


def _has_desktop() -> bool:
    """Whether there is a screen for windows: without one, a browser would take over the terminal."""
    is_unix = sys.platform not in ("win32", "darwin")
    return not is_unix or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _summary(output: str, n_tracks: int, n_bytes: int, is_opened: bool) -> str:
    how = "" if is_opened else "; open it in a browser, or give --open"
    return f"{shown(output)}: {counted(n_tracks, 'tracks')}, {n_bytes / 1e6:.1f} MB{how}"
