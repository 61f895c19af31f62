"""Which adapter reads a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.datasets import fma, folders, gtzan, library, shared
from tagger.training.datasets.fma_tables import metadata_folder

LAYOUTS: Mapping[str, Callable[[str], list[Clip]]] = {
    "shared": shared.read,
    "fma": fma.read,
    "gtzan": gtzan.read,
    "folders": folders.read,
    "library": library.read,
}
"""The adapter of each layout; paths of clips are relative to the folder that it was given."""


def read(folder: str, layout: str | None = None) -> list[Clip]:
    """All clips of `folder`, whose layout is guessed where it is not given.

    Raises `TaggerError` where the folder does not hold what the layout says.
    """
    if not os.path.isdir(folder):
        raise TaggerError(f"--data: {folder}: no such folder")
    return LAYOUTS[layout or guess_layout(folder)](folder)


def guess_layout(folder: str) -> str:
    """The key in `LAYOUTS` that fits the files in `folder`. Raises `TaggerError` where none does."""
    if os.path.isfile(os.path.join(folder, shared.TABLE)):
        return "shared"
    if metadata_folder(folder):
        return "fma"
    if gtzan.root_of(folder) is not None:
        return "gtzan"
    if folders.looks_so(folder):
        return "folders"
    if library.looks_so(folder):
        return "library"
    raise TaggerError(
        f"--data: {folder}: neither {shared.TABLE}, tracks.csv of FMA, GTZAN's folders, folders named"
        " after genres nor files with genre tags; name the --layout"
    )
