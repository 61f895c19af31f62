"""The features that Echo Nest measured of FMA's tracks, with the genre of each."""

from __future__ import annotations

import os

from tagger.errors import TaggerError
from tagger.training.datasets.fma_tables import EchoNest, echonest, metadata_folder, rows

EXTRACT = ("echonest_13129.csv", "fma_labels.csv")
"""The two tables as an extract without audio: one row of header each, in `labels` or in the folder itself."""


def read_echonest(folder: str) -> list[tuple[tuple[float, ...], str]]:
    """(features in the order of `EchoNest`, top genre) of all tracks that have both, by id.

    `folder` is FMA's, with `fma_metadata`, or holds the `EXTRACT`. Raises `TaggerError` where neither is.
    """
    places = [os.path.join(folder, "labels"), folder]
    place = next((p for p in places if all(os.path.isfile(os.path.join(p, name)) for name in EXTRACT)), None)
    if place is not None:
        features = dict(rows(os.path.join(place, EXTRACT[0]), [(name,) for name in EchoNest.__slots__]))
        genres = dict(rows(os.path.join(place, EXTRACT[1]), [("genre_top",)]))
        measured = {i: tuple(float(cell or "nan") for cell in cells) for i, cells in features.items()}
    elif metadata := metadata_folder(folder):
        genres = dict(rows(os.path.join(metadata, "tracks.csv"), [("track", "genre_top")]))
        measured = {
            i: tuple(getattr(values, name) for name in EchoNest.__slots__)
            for i, values in echonest(folder).items()
        }
    else:
        raise TaggerError(f"--data: {folder}: no echonest.csv and tracks.csv; unpack fma_metadata.zip there")
    both = sorted(measured.keys() & genres.keys())
    return [(measured[i], genres[i][0]) for i in both if genres[i][0]]
