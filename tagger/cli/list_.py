"""`tagger list`: what is known of the tracks, a line each."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import options
from tagger.cli.output import print_json_array, shown
from tagger.types import energy_level

if TYPE_CHECKING:
    from tagger.store import TrackRow

FIELDS = ("path", "genre", "genre_confidence", "energy", "energy_level")


def list_tracks(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these.")] = None,
    genre: Annotated[str | None, typer.Option(help="Only this genre, in any case.")] = None,
    energy: Annotated[str | None, typer.Option(help="low, medium, high, or a range such as 0.4-0.7.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    model: options.Model = None,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """List tracks with their genre, its confidence, and their energy.

    tagger list --genre rock --energy high
    tagger list ~/Music/New --csv > new.csv
    """
    from tagger.store import Store

    between = options.energy_between(energy) if energy else None
    with Store.open(options.database_path(db), create=False) as store:
        model = options.answering_model(store, model)
        genre = options.genre_named(genre, store, model) if genre else None
        rows = store.tracks(paths or (), model=model, genre=genre, energy=between, limit=limit)
        if json:
            print_json_array(fields(row) for row in rows)
        elif as_csv:
            _print_csv(rows)
        else:
            _print_lines(rows)


def fields(row: TrackRow) -> dict[str, Any]:
    """A track by the names that JSON and CSV use."""
    return {
        "path": row.path,
        "genre": row.genre,
        "genre_confidence": round(row.genre_confidence, 4),
        "energy": round(row.energy, 4),
        "energy_level": energy_level(row.energy),
    }


def _print_csv(rows: Iterable[TrackRow]) -> None:
    writer = csv.DictWriter(sys.stdout, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(fields(row) for row in rows)


def _print_lines(rows: Iterable[TrackRow]) -> None:
    print(f"{'genre':<14} {'sure':>5}  energy  path")
    for row in rows:
        genre = "(silent)" if row.silent else row.genre
        level = energy_level(row.energy)
        print(f"{genre:<14} {row.genre_confidence:>5.0%}  {row.energy:.2f} {level:>2}  {shown(row.path)}")
