"""FMA (Defferrard et al. 2017, https://github.com/mdeff/fma): small, medium, large or full as downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.datasets.fma_tables import metadata_folder, rows
from tagger.training.datasets.music import music_in

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


def read(folder: str) -> list[Clip]:
    """The tracks that are there, in the order of their ids, with the official splits; artists are groups.

    `folder` holds `fma_small` (or another size) and `fma_metadata`, or is that folder itself. Labels
    are FMA's 16 root genres: the track's top genre, or where it has several, each of them. `BROKEN`
    tracks are left out. Raises `TaggerError` where tables or audio are missing.
    """
    metadata = metadata_folder(folder)
    if metadata is None:
        raise TaggerError(f"--data: {folder}: no tracks.csv; unpack fma_metadata.zip beside the audio")
    # Of a track in several sizes the last path stays: fma_small sorts behind medium, large and full.
    paths = {int(match[2]): path for path in sorted(music_in(folder)) if (match := TRACK.fullmatch(path))}
    roots = _root_genres(os.path.join(metadata, "genres.csv"))
    clips = [
        _clip(paths[track_id], cells, roots)
        for track_id, cells in rows(os.path.join(metadata, "tracks.csv"), COLUMNS)
        if track_id in paths and track_id not in BROKEN
    ]
    if not clips:
        raise TaggerError(f"--data: {folder}: tracks.csv, but no audio; unpack fma_small.zip beside it")
    return clips


def _clip(path: str, cells: list[str], roots: Mapping[str, str]) -> Clip:
    split, top, genre_ids, artist_id = cells
    genres = (top,) if top else tuple(sorted({roots[i] for i in re.findall(r"\d+", genre_ids) if i in roots}))
    return Clip(path, "fma", SPLITS.get(split, "unlabelled"), genres, group=f"artist {artist_id}")


def _root_genres(path: str) -> dict[str, str]:
    """The title of the root above each genre, by id."""
    table = {str(i): cells for i, cells in rows(path, [("title",), ("top_level",)])}
    return {i: table[root][0] for i, (_, root) in table.items() if root in table}
