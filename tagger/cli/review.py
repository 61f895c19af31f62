"""`tagger review`: look at what write-tags would do, decide, and write it, on one screen."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from tagger.cli import configured, shared
from tagger.cli.shared import message
from tagger.errors import TaggerError
from tagger.query import Query
from tagger.types import counted


@shared.with_filters
def review(
    query: Query,
    paths: shared.Paths = None,
    model: shared.Model = None,
    db: shared.Db = None,
) -> None:
    """Go through the answers beside your own tags: accept, skip or edit them, then write.

    A table on the whole terminal, sorted by contradiction and doubt, with the
    keys below it and all of them under `?`. What you decide is kept when you
    leave. Nothing is written before you press w and say yes.

        tagger review
        tagger review ~/Music/New --artist Prince
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise TaggerError("review needs a terminal; `tagger write-tags --dry-run` prints what it would show")
    query = replace(query, paths=shared.named(paths))
    holds = configured.configuration()  # here, for another thread has none
    with configured.library(db, model) as library:
        shared.warn(library, query)

    from tagger.cli.review_screen.background import Background
    from tagger.library import Library

    background = Background(
        lambda: Library(library.path, model=model, configuration=holds), query, holds.tag_settings
    )
    beginning, reading = background.beginning(), background.review()  # while Textual is imported

    from tagger.cli.review_screen.app import ReviewApp

    app = ReviewApp(
        background, beginning, reading, [*holds.rename.values(), *holds.only], is_light=_is_light()
    )
    try:
        app.run()
    finally:
        background.close()
    if app.failure:
        raise app.failure
    if n_left := len(app.review.to_write()):
        message(f"{counted(n_left, 'decisions')} kept and not written; `tagger review`, then w, writes them")


def _is_light() -> bool:
    """Tell whether the terminal says that its background is light.

    `COLORFGBG` is what rxvt, Konsole and others set: the colours of text and ground, of 16.
    """
    ground = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return ground in ("7", "15")
