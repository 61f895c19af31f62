"""`tagger list`: what is known of the tracks, a line each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from tagger.cli import configured, shared
from tagger.cli.completion import values_of
from tagger.cli.shared import print_csv, print_json_array
from tagger.cli.table import GENRE_CELLS, OWN_CELLS, answer_cells, header, own_cell, print_table
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.query import Query, TrackOrder
from tagger.types import track_json

if TYPE_CHECKING:
    from tagger.types import Track

CSV_COLUMNS = [
    "path",
    "genre",
    "genre_confidence",
    "energy",
    "energy_level",
    "bpm",
    "missing",
    "title",
    "artist",
    "album",
    "year",
    "duration_s",
    "bpm_confidence",
    "silent",
    "damaged",
    "tag_genres",
    "tag_energy_level",
    "tag_bpm",
]
"""Names of `track_json`; a new one goes to the end, for programs that count columns."""


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
            help="path, energy, bpm, genre, confidence, artist, album, title, year or length; "
            "-energy and so on: the other way round.",
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

    A genre in doubt stands with the next likely one and a `?`. A terminal
    shows artist and title, too, and the ends of long paths; a pipe gets
    whole paths, a line each.

        tagger list --genre rock --energy 7-10 --year 90s
        tagger list --sort -confidence --limit 20
        tagger list ~/Music/New --csv > new.csv
    """
    if missing and duplicates:
        raise TaggerError("--missing and --duplicates exclude each other; give one of them")
    places = shared.named(paths)
    query = replace(query, paths=places, limit=limit, order=sort, missing=missing, duplicates=duplicates)
    with configured.library(db, model) as library:
        tracks = library.tracks(query, with_second=not (json or as_csv or csv_safe))
        sure_from = library.store.names.sure_from
        shared.warn(library, query)
        if json:
            print_json_array(map(track_json, tracks))
        elif as_csv or csv_safe:
            print_csv(CSV_COLUMNS, map(track_json, tracks), no_formulas=csv_safe)
        elif sys.stdout.isatty():
            print_table(tracks, sure_from, bool(query.tag_genres or query.agrees or query.differs))
        else:
            _print_lines(tracks, sure_from)


def _print_lines(tracks: Iterable[Track], sure_from: float) -> None:
    say(f"{header(GENRE_CELLS, OWN_CELLS)}path")
    for track in tracks:
        genre, sure, energy, bpm = answer_cells(track, sure_from)
        missing = "  (missing)" if track.missing else ""
        own = f"{shown(own_cell(track, OWN_CELLS)):<{OWN_CELLS}}"
        say(f"{genre:<{GENRE_CELLS}} {sure:>5}  {own}  {energy:<7}  {bpm:>5}  {shown(track.path)}{missing}")
