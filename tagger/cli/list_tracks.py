"""`tagger list`: what is known of the tracks, a line each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from tagger.cli import configured, shared
from tagger.cli.completion import values_of
from tagger.cli.shared import print_csv, print_json_array
from tagger.cli.table import (
    GENRE_CELLS,
    OWN_CELLS,
    Column,
    answer_cells,
    columns_for,
    header,
    own_cell,
    print_table,
)
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.json_fields import CSV_COLUMNS, track_json
from tagger.model_choice import fitted, predicts
from tagger.query import Query, TrackOrder

if TYPE_CHECKING:
    from tagger.library import Library
    from tagger.types import Track

_ORDERS = [order for order in get_args(TrackOrder) if not order.startswith("-")]


def _order_named(text: str) -> TrackOrder:
    """Read `--sort`; raise TaggerError with what it may be."""
    if text not in get_args(TrackOrder):
        known = f"{', '.join(_ORDERS[:-1])} or {_ORDERS[-1]}"
        raise TaggerError(f"--sort {text}: give {known}, or one with a minus in front, such as -energy")
    return cast(TrackOrder, text)


@shared.with_filters
def list_tracks(
    query: Query,
    paths: shared.Paths = None,
    sort: Annotated[
        TrackOrder,
        typer.Option(
            "--sort",
            parser=_order_named,
            autocompletion=values_of(TrackOrder),
            metavar="ORDER",
            help="path, energy, bpm, genre, confidence, artist, album, title, year, length, valence, mood, "
            "key or word (of --word); -energy and so on: the other way round.",
        ),
    ] = "path",
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many.")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only those whose file was gone.")] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Only sounds that are in several files.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    csv_safe: shared.CsvSafe = False,
    model: shared.Model = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """List tracks: genre, how sure it is, your own genre, energy and tempo.

    A genre in doubt stands with the next likely one and a `?`; one that you
    have corrected is `yours`, an energy or a tempo has a `*`. A terminal shows
    artist and title, too, and the ends of long paths; a pipe gets whole paths,
    a line each.

        tagger list --genre rock --energy 7-10 --year 90s
        tagger list --sort -confidence --limit 20
        tagger list ~/Music/New --csv > new.csv
    """
    if missing and duplicates:
        raise TaggerError("--missing and --duplicates exclude each other; give one of them")
    places = shared.named(paths)
    query = replace(query, paths=places, limit=limit, order=sort, missing=missing, duplicates=duplicates)
    with configured.library(db, model) as library:
        if json or as_csv or csv_safe:
            tracks = library.tracks(query)
            shared.warn(library, query)
            if json:
                print_json_array(map(track_json, tracks))
            else:
                print_csv(CSV_COLUMNS, map(track_json, tracks), no_formulas=csv_safe)
        else:
            _print_for_people(library, query)


def _print_for_people(library: Library, query: Query) -> None:
    """Print lines: within the width of a terminal, or whole ones."""
    query = fitted(query, library.store, library.model)
    tracks = library.tracks(query, with_second=True, with_words=False)
    shared.warn(library, query)
    names = library.store.names
    columns = columns_for(query, names.sure_from, names.shown)
    if sys.stdout.isatty():
        asks_for_own = bool(query.tag_genres or query.agrees or query.differs)
        print_table(tracks, names.sure_from, asks_for_own, columns)
    else:
        knows_moods = predicts(library.store, library.model, "mood")
        _print_lines(tracks, names.sure_from, [each for each in columns if each.asked or knows_moods])


def _print_lines(tracks: Iterable[Track], sure_from: float, columns: Sequence[Column]) -> None:
    say(f"{header(GENRE_CELLS, OWN_CELLS, columns)}path")
    for track in tracks:
        genre, sure, energy, bpm = answer_cells(track, sure_from)
        missing = "  (missing)" if track.missing else ""
        own = f"{shown(own_cell(track, OWN_CELLS)):<{OWN_CELLS}}"
        more = "".join(f"{column.cell(track)}  " for column in columns)
        answer = f"{genre:<{GENRE_CELLS}} {sure:>5}  {own}  {energy} {bpm} {more}"
        say(f"{answer}{shown(track.path)}{missing}")
