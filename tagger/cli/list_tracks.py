"""`tagger list`: what is known of the tracks, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import shared
from tagger.cli.shared import print_csv, print_json_array, shown
from tagger.query import Query
from tagger.types import energy_level, track_json

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
]
"""Names of `track_json`; a new one goes to the end, for programs that count columns."""


@shared.with_filters
def list_tracks(
    query: Query,
    paths: shared.Paths = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    model: shared.Model = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """List tracks by path with their genre, its confidence, their energy and tempo.

    tagger list --genre rock --energy high --year 1990-1999
    tagger list ~/Music/New --csv > new.csv
    """
    from tagger.library import Library

    query = replace(query, paths=shared.named(paths), limit=limit)
    with Library(shared.database_path(db), model=model) as library:
        tracks = library.tracks(query)
        shared.warn(library, query)
        if json:
            print_json_array(map(track_json, tracks))
        elif as_csv:
            print_csv(CSV_COLUMNS, map(track_json, tracks))
        else:
            _print_lines(tracks)


def _print_lines(tracks: Iterable[Track]) -> None:
    print(f"{'genre':<14} {'sure':>5}  energy     bpm  path")
    for track in tracks:
        genre = "(silent)" if track.silent else track.genre or "–"
        sure = "–" if track.genre_confidence is None else f"{track.genre_confidence:.0%}"
        energy = "–" if track.energy is None else f"{track.energy:.2f} {energy_level(track.energy):>2}"
        bpm = "–" if track.bpm is None else f"{track.bpm:.1f}"
        missing = "  (missing)" if track.missing else ""
        print(f"{genre:<14} {sure:>5}  {energy:<7}  {bpm:>5}  {shown(track.path)}{missing}")
