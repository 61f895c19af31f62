"""GTZAN (Tzanetakis & Cook 2002), ten genres, in its fault-filtered split."""

from __future__ import annotations

import logging
import os
from importlib.resources import files

from tagger.errors import TaggerError
from tagger.training.clips import Clip

log = logging.getLogger(__name__)

ROOTS = ("", "genres", "genres_original", os.path.join("Data", "genres_original"))
"""Where the folders of the genres lie: in the first release, and in the one most often downloaded."""

EXTENSIONS = (".wav", ".au")

BROKEN = frozenset({"jazz/jazz.00054"})
"""Not a wav file in the usual download."""

NAMES = {"hiphop": "Hip-Hop"}
"""The genres whose folder is not their name in lower case."""


def read(folder: str) -> list[Clip]:
    """The clips of the fault-filtered split (Kereliuk, Sturm & Larsen 2015) that are there.

    Its lists ship with the program. They leave out repeated, distorted and mislabelled excerpts and
    keep artists apart; so whatever they do not name is not used, and every clip is its own group.
    Raises `TaggerError` where none of the files is there.
    """
    root = root_of(folder)
    if root is None:
        raise TaggerError(f"--data: {folder}: no blues/blues.00000.wav and so on; name the folder of GTZAN")
    found = {name: _found(folder, root, name) for name in splits()}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        log.warning("GTZAN: %d of %d clips are not there, %s first", len(missing), len(found), missing[0])
    return [_clip(path, name, split) for name, split in splits().items() if (path := found[name])]


def root_of(folder: str) -> str | None:
    """Which of `ROOTS` holds clips of the split; None where this is not GTZAN."""
    for root in ROOTS:
        if any(_found(folder, root, name) for name in splits()):
            return root
    return None


def splits() -> dict[str, str]:
    """`train`, `valid` or `test` for each clip, `blues/blues.00029`, that is not `BROKEN`."""
    lists = files("tagger.training.datasets") / "gtzan_fault_filtered"
    names = {
        line.removesuffix(".wav"): split
        for split in ("train", "valid", "test")
        for line in (lists / f"{split}.txt").read_text("ascii").split()
    }
    return {name: split for name, split in names.items() if name not in BROKEN}


def _found(folder: str, root: str, name: str) -> str | None:
    """The clip's path relative to `folder`."""
    paths = (os.path.join(root, *name.split("/")) + extension for extension in EXTENSIONS)
    return next((path for path in paths if os.path.isfile(os.path.join(folder, path))), None)


def _clip(path: str, name: str, split: str) -> Clip:
    genre, clip = name.split("/")
    return Clip(path, "gtzan", split, (NAMES.get(genre, genre.capitalize()),), group=clip)
