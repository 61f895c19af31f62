"""The layout of a data folder: which one it has, and the readers of `clips.csv` and of GTZAN."""

from __future__ import annotations

import csv
import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.datasets.fma import metadata_folder, read_fma
from tagger.training.datasets.music_folders import (
    has_genre_folders,
    has_genre_tags,
    read_genre_folders,
    read_library,
)

log = logging.getLogger(__name__)

TABLE = "clips.csv"
SPLITS = ("train", "valid", "test", "unlabelled")

RATINGS = ("arousal", "arousal_high", "power", "calmness", "bpm")
"""The columns with a number that listeners gave."""

GTZAN_ROOTS = ("", "genres", "genres_original", os.path.join("Data", "genres_original"))
"""Where GTZAN's genre folders lie: in the first release, and in the one most often downloaded."""

GTZAN_EXTENSIONS = (".wav", ".au")

GTZAN_BROKEN = frozenset({"jazz/jazz.00054"})
"""Not a wav file in the usual download."""

GTZAN_NAMES = {"hiphop": "Hip-Hop"}
"""The genres whose folder is not their name in lower case."""


def read(folder: str, layout: str | None = None) -> list[Clip]:
    """Read all clips of `folder`; the layout is guessed where it is not given.

    Raises `TaggerError` where the folder does not hold what the layout says.
    """
    if not os.path.isdir(folder):
        raise TaggerError(f"--data: {folder}: no such folder")
    return LAYOUTS[layout or guess_layout(folder)](folder)


def guess_layout(folder: str) -> str:
    """Give the key in `LAYOUTS` that fits the files in `folder`. Raises `TaggerError` where none does."""
    if os.path.isfile(os.path.join(folder, TABLE)):
        return "shared"
    if metadata_folder(folder):
        return "fma"
    if gtzan_root(folder) is not None:
        return "gtzan"
    if has_genre_folders(folder):
        return "folders"
    if has_genre_tags(folder):
        return "library"
    raise TaggerError(
        f"--data: {folder}: neither {TABLE}, tracks.csv of FMA, GTZAN's folders, folders named"
        " after genres nor files with genre tags; name the --layout"
    )


def read_table(folder: str, ratings: Sequence[str] = RATINGS) -> list[Clip]:
    """Read the clips that the folder's `clips.csv` lists, in its order; the audio lies beside it.

    Columns `path` (relative to the folder), `dataset`, `split` and `genres` (`;` between them) must be
    there; `group`, `quadrant`, `subgenre`, `length_s` and `RATINGS` may be, as `Clip` knows them. Of the
    last, only `ratings` are read. Raises `TaggerError` if the table is not there or damaged.
    """
    try:
        with open(os.path.join(folder, TABLE), encoding="utf-8-sig", newline="") as file:
            return [_table_clip(row, ratings) for row in csv.DictReader(file, restval="")]
    except (KeyError, ValueError, csv.Error) as error:
        path = os.path.join(folder, TABLE)
        raise TaggerError(f"{path}: damaged, or a column is missing: {error}") from None
    except OSError as error:
        raise TaggerError(f"{error.filename}: {error.strerror}; --data is the folder with {TABLE}") from None


def read_gtzan(folder: str) -> list[Clip]:
    """Read GTZAN (Tzanetakis & Cook 2002): the clips of its fault-filtered split that are there.

    The lists of that split (Kereliuk, Sturm & Larsen 2015) ship with the program. They leave out repeated,
    distorted and mislabelled excerpts and keep artists apart; so clips that they do not name are not used,
    and every clip is its own group. Raises `TaggerError` where none of the files is there.
    """
    root = gtzan_root(folder)
    if root is None:
        raise TaggerError(f"--data: {folder}: no blues/blues.00000.wav and so on; name the folder of GTZAN")
    found = {name: _gtzan_path(folder, root, name) for name in gtzan_splits()}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        log.warning("GTZAN: %d of %d clips are not there, %s first", len(missing), len(found), missing[0])
    return [_gtzan_clip(path, name, split) for name, split in gtzan_splits().items() if (path := found[name])]


LAYOUTS: Mapping[str, Callable[[str], list[Clip]]] = {
    "shared": read_table,
    "fma": read_fma,
    "gtzan": read_gtzan,
    "folders": read_genre_folders,
    "library": read_library,
}
"""The reader of each layout; paths of clips are relative to the folder that it was given."""


def gtzan_root(folder: str) -> str | None:
    """Give the one of `GTZAN_ROOTS` that holds clips of the split; None where this is not GTZAN."""
    for root in GTZAN_ROOTS:
        if any(_gtzan_path(folder, root, name) for name in gtzan_splits()):
            return root
    return None


def gtzan_splits() -> dict[str, str]:
    """Give `train`, `valid` or `test` for each clip, as `blues/blues.00029`, that is not `GTZAN_BROKEN`."""
    lists = files("tagger.training.datasets") / "gtzan_fault_filtered"
    names = {
        line.removesuffix(".wav"): split
        for split in ("train", "valid", "test")
        for line in (lists / f"{split}.txt").read_text("ascii").split()
    }
    return {name: split for name, split in names.items() if name not in GTZAN_BROKEN}


def _table_clip(row: dict[str, str], ratings: Sequence[str]) -> Clip:
    if row["split"] not in SPLITS:
        raise ValueError(f"{row['path']} is in split {row['split']!r}, not in {', '.join(SPLITS)}")
    number = dict.fromkeys(RATINGS, math.nan)
    number |= {column: float(row.get(column) or "nan") for column in (*ratings, "length_s")}
    return Clip(
        path=row["path"],
        dataset=row["dataset"],
        split=row["split"],
        genres=tuple(filter(None, row["genres"].split(";"))),
        arousal=number["arousal"],
        arousal_high=number["arousal_high"],
        power_minus_calmness=number["power"] - number["calmness"],
        bpm=number["bpm"],
        length_s=number["length_s"],
        group=row.get("group") or row["path"],
        quadrant=_quadrant(row.get("quadrant") or "0"),
        subgenre=row.get("subgenre") or "",
    )


def _quadrant(text: str) -> int:
    if text not in ("0", "1", "2", "3", "4"):
        raise ValueError(f"quadrant {text!r} is not 1 to 4")
    return int(text)


def _gtzan_path(folder: str, root: str, name: str) -> str | None:
    """Give the clip's path relative to `folder`; None where it is not there."""
    paths = (os.path.join(root, *name.split("/")) + extension for extension in GTZAN_EXTENSIONS)
    return next((path for path in paths if os.path.isfile(os.path.join(folder, path))), None)


def _gtzan_clip(path: str, name: str, split: str) -> Clip:
    genre, clip = name.split("/")
    return Clip(path, "gtzan", split, (GTZAN_NAMES.get(genre, genre.capitalize()),), group=clip)
