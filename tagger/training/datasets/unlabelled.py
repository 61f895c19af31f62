"""Music of which nothing is known but what a teacher says: any folder, best of pieces of 10 to 20 s."""

from __future__ import annotations

import os

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.datasets.music import music_in


def read(folder: str) -> list[Clip]:
    """A clip of the split `unlabelled` for each music file in `folder`; raises `TaggerError` without any."""
    if not os.path.isdir(folder):
        raise TaggerError(f"--unlabelled: {folder}: no such folder")
    clips = [Clip(path, "unlabelled", "unlabelled", (), group=path) for path in music_in(folder)]
    if not clips:
        raise TaggerError(f"--unlabelled: {folder}: holds no music")
    return clips
