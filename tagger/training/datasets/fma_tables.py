"""The tables of `fma_metadata.zip`, as pandas wrote them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tagger.errors import TaggerError

Column = tuple[str, ...]

LONGEST_CELL = 1 << 24
"""Characters; an artist's biography may pass the 131,072 that csv allows."""


@dataclass(frozen=True, slots=True)
class EchoNest:
    """What Echo Nest measured in a track: all 0–1 but for `tempo`, its estimate in BPM."""

    acousticness: float
    danceability: float
    energy: float
    instrumentalness: float
    liveness: float
    speechiness: float
    tempo: float
    valence: float


def metadata_folder(folder: str) -> str | None:
    """Where `tracks.csv` lies: in `folder`, in `fma_metadata` within or beside it, or right beside it.

    Beside it only where `folder` is `fma_small` and the like. None where it is in none of them.
    """
    whole = os.path.abspath(folder)
    places = [whole, os.path.join(whole, "fma_metadata")]
    if os.path.basename(whole).startswith("fma_"):
        places += [os.path.join(os.path.dirname(whole), "fma_metadata"), os.path.dirname(whole)]
    return next((place for place in places if os.path.isfile(os.path.join(place, "tracks.csv"))), None)


def echonest(folder: str) -> dict[int, EchoNest]:
    """The features of each track in `echonest.csv`, by track id: 13,129 tracks of FMA have some.

    Raises `TaggerError` where the table is not there or not as it was published.
    """
    path = os.path.join(metadata_folder(folder) or folder, "echonest.csv")
    columns = [("echonest", "audio_features", name) for name in EchoNest.__slots__]
    return {
        track_id: EchoNest(*(float(c or "nan") for c in cells)) for track_id, cells in rows(path, columns)
    }


def rows(path: str, columns: Sequence[Column]) -> Iterator[tuple[int, list[str]]]:
    """The id of each row and its cells in `columns`.

    A column's name is what stands above it in the rows of the header, empty cells left out:
    `("set", "split")` in tracks.csv, which has three rows of header, `("title",)` in genres.csv, which
    has one. The header ends before the first row that begins with a number.
    Raises `TaggerError` where the file cannot be read or a column is missing.
    """
    csv.field_size_limit(LONGEST_CELL)
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            header: list[list[str]] = []
            places: list[int] | None = None
            for row in filter(None, csv.reader(file)):
                if not row[0].isdigit():
                    header.append(row)
                    continue
                places = _places(path, header, columns) if places is None else places
                yield int(row[0]), [row[place] for place in places]
    except OSError as error:
        raise TaggerError(f"{path}: {error.strerror}; it is part of fma_metadata.zip") from None
    except (csv.Error, IndexError, ValueError) as error:
        raise TaggerError(f"{path}: damaged ({error}); unpack fma_metadata.zip again") from None


def _places(path: str, header: Sequence[Sequence[str]], columns: Sequence[Column]) -> list[int]:
    names = [tuple(filter(None, cells)) for cells in zip(*header, strict=False)]
    missing = [column for column in columns if column not in names]
    if missing:
        raise TaggerError(f"{path}: no column {'/'.join(missing[0])}; take it from fma_metadata.zip")
    return [names.index(column) for column in columns]
