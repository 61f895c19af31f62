"""`tagger models compare`: what another model would change in a library."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import completion, configured, shared
from tagger.cli.progress import analysing_bar
from tagger.cli.scan import predictor_loader
from tagger.cli.shared import SOME_FAILED, message, print_json, terminated_as_interrupted
from tagger.cli.terminal import say, shown
from tagger.types import counted, rounded

if TYPE_CHECKING:
    from tagger.compare import Comparison, GenreChange
    from tagger.store import Store
    from tagger.types import Failure

TOP_CHANGES = 10


def compare(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[OLD] NEW [PATH]...",
            autocompletion=completion.models,
            help="One or two models, by id or folder; and of which files and folders.",
        ),
    ],
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Analyse at most this many tracks.")] = 200,
    device: shared.Device = "auto",
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Show which answers of the model OLD the model NEW would change, genre by genre; nothing is stored.

    Without OLD it is the model of the last scan, NEW aside. Stored answers
    of NEW are taken as they are. Where the models differ only in their
    heads, which read an embedding, no track is analysed. Else NEW analyses
    --limit tracks, a random sample that is the same each time.

        tagger models compare small
        tagger models compare small ~/Music/Jazz --limit 1000
    """
    from tagger.model_choice import unknown_paths

    loader = predictor_loader(device)
    with terminated_as_interrupted(), configured.library(db, None, device, loader) as library:
        old, new, paths = _chosen(words, library.store)
        shared.check_paths(paths)
        for line in unknown_paths(paths, library.store):
            message(line)
        with Events() as events:
            found = library.compare(old, new, *paths, limit=limit, observer=events)
    names = found.models
    if json:
        print_json(_fields(found, *names))
    else:
        say("\n".join(_lines(found, *names)))
    if found.failed:
        message(f"{found.failed:,} could not be analysed")
        raise typer.Exit(SOME_FAILED)


def _chosen(words: Sequence[str], store: Store) -> tuple[str, str, Sequence[str]]:
    """Which of `words` are OLD and NEW: the second one is a path where it is no model's name and is there."""
    from tagger.compare import is_model, last_model_but

    first, *rest = words
    is_path = rest and (os.path.lexists(rest[0]) or os.sep in rest[0]) and not is_model(rest[0], store)
    if is_path or not rest:
        return last_model_but(first, store), first, rest
    return first, rest[0], rest[1:]


class Events:
    """The observer of a comparison: a bar where a person watches, a line for each failure."""

    def __init__(self) -> None:
        self._bar = ExitStack()
        self._advance: Callable[[], None] = lambda: None

    def __enter__(self) -> Events:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._bar.close()

    def starts(self, model: str, unanswered: int, chosen: int, installed: bool) -> None:
        """Say how many tracks are analysed now."""
        tracks = counted(unanswered, "tracks")
        if not installed:
            message(f"{model}, which is not installed any more, has not analysed {tracks}")
            return
        message(f"{tracks} would have to be analysed with {model}; analyses {chosen:,} now")
        if chosen and sys.stderr.isatty():
            self._advance = self._bar.enter_context(analysing_bar(chosen))

    def failed(self, failure: Failure) -> None:
        """Name the file and why it cannot be compared."""
        message(f"{shown(failure.path)}: {failure.reason} (skipped)")

    def progress(self) -> None:
        """Redraw the bar."""
        self._advance()


def _fields(found: Comparison, old: str, new: str) -> dict[str, Any]:
    """The comparison by the names that JSON uses; `tracks` is the sum of stored, by_heads and heard."""
    overall = _row_fields(found.differences.overall())
    overall.pop("genre")
    return {
        "old": old,
        "new": new,
        "tracks": overall.pop("old"),
        "stored": found.stored,
        "by_heads": found.by_heads,
        "heard": found.analysed,
        "failed": found.failed,
        "left": _left(found),
        **{name: value for name, value in overall.items() if name != "new"},
        "genres": [_row_fields(row) for row in found.differences.by_genre()],
        "changes": [
            {"from": before, "to": after, "tracks": count}
            for (before, after), count in found.differences.changes()
        ],
    }


def _lines(found: Comparison, old: str, new: str) -> Iterator[str]:
    """The comparison as a table by genre and the most frequent changes of genre."""
    overall = found.differences.overall()
    yield f"{counted(overall.old, 'tracks compared')}: {_sources(found)}"
    if not overall.old:
        return
    widths = [max(7, len(name)) for name in (old, new)]
    yield ""
    yield f"{'genre':<14} {old:>{widths[0]}} {new:>{widths[1]}}  changed  energy  levels"
    for row in (*found.differences.by_genre(), overall):
        yield _line(row, *widths)
    if changes := found.differences.changes():
        yield "\nmost changes of genre"
    for (before, after), count in changes[:TOP_CHANGES]:
        yield f"  {count:>7,} {shown(before)} → {shown(after)}"


def _sources(found: Comparison) -> str:
    counts = {
        "by stored answers": found.stored,
        "by the heads on stored embeddings": found.by_heads,
        "analysed now": found.analysed,
        "not compared": _left(found),
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none in the database"


def _left(found: Comparison) -> int:
    """Tracks without an answer of the new model: not in the sample, or they could not be analysed."""
    return found.unanswered - found.analysed


def _line(row: GenreChange, old_width: int, new_width: int) -> str:
    counts = f"{shown(row.genre):<14} {row.old:>{old_width},} {row.new:>{new_width},}"
    changed = "–" if row.changed_share is None else f"{row.changed_share:.1%}"
    if row.energy_difference is None:
        return f"{counts} {changed:>8}       –       –"
    return f"{counts} {changed:>8}  ±{row.energy_difference:.3f} {row.levels_changed:>7,}"


def _row_fields(row: GenreChange) -> dict[str, Any]:
    share, difference = row.changed_share, row.energy_difference
    return {
        "genre": row.genre,
        "old": row.old,
        "new": row.new,
        "changed": row.changed,
        "changed_share": rounded(share, 4),
        "energy_difference": rounded(difference, 4),
        "levels_changed": row.levels_changed,
    }
