"""FMA (Defferrard et al. 2017, https://github.com/mdeff/fma) as downloaded, with its tables."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.datasets.music_folders import music_in

# fmt: off
BROKEN = frozenset({
    1486, 5574, 65753, 80391, 98558, 98559, 98560, 98565, 98566, 98567, 98568, 98569, 98571, 99134,
    105247, 108924, 108925, 126981, 127336, 133297, 143992,
})
# fmt: on
"""Tracks of FMA-medium (six of them of FMA-small) whose excerpt is empty or shorter than it should be.

From https://github.com/mdeff/fma/wiki, "Excerpts shorter than 30s and erroneous audio length metadata".
"""

SPLITS = {"training": "train", "validation": "valid", "test": "test"}

COLUMNS = [("set", "split"), ("track", "genre_top"), ("track", "genres"), ("artist", "id")]

TRACK = re.compile(r"(?:.*[/\\])?(\d{3})[/\\](\1\d{3})\.mp3")
"""`fma_small/000/000002.mp3`: the id in six digits, in a folder of the first three."""

EXTRACT = ("echonest_13129.csv", "fma_labels.csv")
"""The two tables as an extract without audio: one row of header each, in `labels` or in the folder itself."""

Column = tuple[str, ...]

LONGEST_CELL = 1 << 24
"""Characters; an artist's biography may pass the 131,072 that csv allows."""


@dataclass(frozen=True, slots=True)
class EchoNest:
    """The features that Echo Nest measured in a track: all 0–1 but for `tempo`, its estimate in BPM."""

    acousticness: float
    danceability: float
    energy: float
    instrumentalness: float
    liveness: float
    speechiness: float
    tempo: float
    valence: float


def read_fma(folder: str) -> list[Clip]:
    """Read the tracks that are there, in the order of their ids, with the official splits.

    `folder` holds `fma_small` (or another size) and `fma_metadata`, or is that folder itself. Labels
    are FMA's 16 root genres: the track's top genre, or where it has several, each of them. `BROKEN`
    tracks are left out; artists are groups. Raises `TaggerError` where tables or audio are missing.
    """
    metadata = metadata_folder(folder)
    if metadata is None:
        raise TaggerError(f"--data: {folder}: no tracks.csv; unpack fma_metadata.zip beside the audio")
    # Of a track in several sizes the last path stays: fma_small sorts behind medium, large and full.
    paths = {int(match[2]): path for path in sorted(music_in(folder)) if (match := TRACK.fullmatch(path))}
    roots = _root_genres(os.path.join(metadata, "genres.csv"))
    clips = [
        _clip(paths[track_id], cells, roots)
        for track_id, cells in table_rows(os.path.join(metadata, "tracks.csv"), COLUMNS)
        if track_id in paths and track_id not in BROKEN
    ]
    if not clips:
        raise TaggerError(f"--data: {folder}: tracks.csv, but no audio; unpack fma_small.zip beside it")
    return clips


def read_echonest(folder: str) -> list[tuple[tuple[float, ...], str]]:
    """Read (features in the order of `EchoNest`, top genre) of all tracks that have both, by id.

    `folder` is FMA's, with `fma_metadata`, or holds the `EXTRACT`. Raises `TaggerError` where neither is.
    """
    places = [os.path.join(folder, "labels"), folder]
    place = next((p for p in places if all(os.path.isfile(os.path.join(p, name)) for name in EXTRACT)), None)
    if place is not None:
        features = dict(table_rows(os.path.join(place, EXTRACT[0]), [(name,) for name in EchoNest.__slots__]))
        genres = dict(table_rows(os.path.join(place, EXTRACT[1]), [("genre_top",)]))
        measured = {i: tuple(float(cell or "nan") for cell in cells) for i, cells in features.items()}
    elif metadata := metadata_folder(folder):
        genres = dict(table_rows(os.path.join(metadata, "tracks.csv"), [("track", "genre_top")]))
        measured = {
            i: tuple(getattr(values, name) for name in EchoNest.__slots__)
            for i, values in echonest_features(folder).items()
        }
    else:
        raise TaggerError(f"--data: {folder}: no echonest.csv and tracks.csv; unpack fma_metadata.zip there")
    both = sorted(measured.keys() & genres.keys())
    return [(measured[i], genres[i][0]) for i in both if genres[i][0]]


def metadata_folder(folder: str) -> str | None:
    """Find the folder of `tracks.csv`: `folder`, `fma_metadata` within or beside it, or the one around it.

    The last two only where `folder` is `fma_small` and the like. None where it is in none of them.
    """
    whole = os.path.abspath(folder)
    places = [whole, os.path.join(whole, "fma_metadata")]
    if os.path.basename(whole).startswith("fma_"):
        places += [os.path.join(os.path.dirname(whole), "fma_metadata"), os.path.dirname(whole)]
    return next((place for place in places if os.path.isfile(os.path.join(place, "tracks.csv"))), None)


def echonest_features(folder: str) -> dict[int, EchoNest]:
    """Read the features of each track in `echonest.csv`, by track id: 13,129 tracks of FMA have some.

    Raises `TaggerError` where the table is not there or not as it was published.
    """
    path = os.path.join(metadata_folder(folder) or folder, "echonest.csv")
    columns = [("echonest", "audio_features", name) for name in EchoNest.__slots__]
    return {
        track_id: EchoNest(*(float(c or "nan") for c in cells))
        for track_id, cells in table_rows(path, columns)
    }


def table_rows(path: str, columns: Sequence[Column]) -> Iterator[tuple[int, list[str]]]:
    """Read the id of each row and its cells in `columns`.

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


def _clip(path: str, cells: list[str], roots: Mapping[str, str]) -> Clip:
    split, top, genre_ids, artist_id = cells
    genres = (top,) if top else tuple(sorted({roots[i] for i in re.findall(r"\d+", genre_ids) if i in roots}))
    return Clip(path, "fma", SPLITS.get(split, "unlabelled"), genres, group=f"artist {artist_id}")


def _root_genres(path: str) -> dict[str, str]:
    """Give the title of the root above each genre, by id."""
    table = {str(i): cells for i, cells in table_rows(path, [("title",), ("top_level",)])}
    return {i: table[root][0] for i, (_, root) in table.items() if root in table}


def _places(path: str, header: Sequence[Sequence[str]], columns: Sequence[Column]) -> list[int]:
    names = [tuple(filter(None, cells)) for cells in zip(*header, strict=False)]
    missing = [column for column in columns if column not in names]
    if missing:
        raise TaggerError(f"{path}: no column {'/'.join(missing[0])}; take it from fma_metadata.zip")
    return [names.index(column) for column in columns]
