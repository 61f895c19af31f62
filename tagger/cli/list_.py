"""`tagger list`: what is known of the tracks, a line each."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import filters, options
from tagger.cli.output import print_json_array, shown
from tagger.types import energy_level, rounded

if TYPE_CHECKING:
    from tagger.types import Track

FIELDS = ("path", "genre", "genre_confidence", "energy", "energy_level", "bpm", "missing")


def list_tracks(
    paths: filters.Paths = None,
    genre: filters.Genre = None,
    not_genre: filters.NotGenre = None,
    energy: filters.Energy = None,
    bpm: filters.Bpm = None,
    min_confidence: filters.MinConfidence = None,
    artist: filters.Artist = None,
    album: filters.Album = None,
    path: filters.PathPart = None,
    year: filters.Year = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    model: options.Model = None,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """List tracks by path with their genre, its confidence, their energy and tempo.

    tagger list --genre rock --energy high --year 1990-1999
    tagger list ~/Music/New --csv > new.csv
    """
    from tagger.store import Store

    asked = filters.Filters(genre, not_genre, energy, bpm, min_confidence, artist, album, path, year)
    with Store.open(options.database_path(db), create=False) as store:
        model = options.answering_model(store, model)
        query = asked.query(store, model, paths, limit)
        filters.warn_of_unknown(paths, store)
        filters.warn_of_no_tempo(query, store, model)
        rows = store.tracks(query, model=model)
        if json:
            print_json_array(fields(row) for row in rows)
        elif as_csv:
            _print_csv(rows)
        else:
            _print_lines(rows)


def fields(row: Track) -> dict[str, Any]:
    """A track by the names that JSON and CSV use. The genre of silence, an accident, is left out."""
    return {
        "path": row.path,
        "genre": None if row.silent else row.genre,
        "genre_confidence": None if row.silent else rounded(row.genre_confidence, 4),
        "energy": rounded(row.energy, 4),
        "energy_level": None if row.energy is None else energy_level(row.energy),
        "bpm": rounded(row.bpm, 1),
        "missing": row.missing,
    }


class _Lines:
    """Prints the rows of a `csv.writer`, which quotes only those line ends that are in its own."""

    def write(self, row: str) -> None:
        print(row.removesuffix("\r\n"))


def _print_csv(rows: Iterable[Track]) -> None:
    writer = csv.DictWriter(_Lines(), FIELDS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(fields(row) | {"missing": "true" if row.missing else "false"})


def _print_lines(rows: Iterable[Track]) -> None:
    print(f"{'genre':<14} {'sure':>5}  energy     bpm  path")
    for row in rows:
        genre = "(silent)" if row.silent else row.genre or "–"
        sure = "–" if row.silent or row.genre_confidence is None else f"{row.genre_confidence:.0%}"
        energy = "–" if row.energy is None else f"{row.energy:.2f} {energy_level(row.energy):>2}"
        bpm = "–" if row.bpm is None else f"{row.bpm:.1f}"
        missing = "  (missing)" if row.missing else ""
        print(f"{genre:<14} {sure:>5}  {energy:<7}  {bpm:>5}  {shown(row.path)}{missing}")
