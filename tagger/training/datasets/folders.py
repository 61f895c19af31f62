"""Any folder of folders named after genres: `genre/file`, `genre/album/file`, `genre/artist/album/file`."""

from __future__ import annotations

import os

from tagger.errors import TaggerError
from tagger.tags.fields import numbered_genre
from tagger.training.clips import GENRES, Clip
from tagger.training.datasets.genres import SAME, folded
from tagger.training.datasets.music import music_in, split_of
from tagger.walk import is_skipped_folder

N_NUMBERED_GENRES = 192
"""Those of ID3v1 with Winamp's extensions."""


def read(folder: str) -> list[Clip]:
    """A clip for each music file below a sub-folder of `folder`, whose name is its label as it stands.

    Files beneath one artist's or album's folder form a group, under whichever genres that name lies;
    a file right in the genre's folder is a group by its own name. 80/10/10 by group, see `split_of`.
    Raises `TaggerError` where there is no such file.
    """
    clips = [_clip(path) for path in music_in(folder) if os.path.dirname(path)]
    if not clips:
        raise TaggerError(f"--data: {folder}: no music in folders named after genres")
    return clips


def looks_so(folder: str) -> bool:
    """Whether there are two or more sub-folders, and at least half of them have the name of a known genre."""
    with os.scandir(folder) as listing:
        names = [entry.name for entry in listing if entry.is_dir() and not is_skipped_folder(entry.name)]
    known = {folded(name) for name in (*GENRES, *map(numbered_genre, range(N_NUMBERED_GENRES))) if name}
    return len(names) >= 2 and 2 * sum(folded(name) in known | SAME.keys() for name in names) >= len(names)


def _clip(path: str) -> Clip:
    genre, *between, name = path.split(os.sep)
    group = between[0] if between else os.path.splitext(name)[0]
    return Clip(path, "folders", split_of(group), (genre,), group=group)
