"""Excerpts of many data sets in one table: `clips.csv` with the audio beside it."""

from __future__ import annotations

import csv
import os

from tagger.errors import TaggerError
from tagger.training.clips import Clip

TABLE = "clips.csv"
SPLITS = ("train", "valid", "test", "unlabelled")


def read(folder: str) -> list[Clip]:
    """All clips of the folder's `clips.csv`, in its order.

    Columns `path` (relative to the folder), `dataset`, `split` and `genres` (`;` between them) must be
    there; `group`, `arousal`, `arousal_high`, `power`, `calmness`, `bpm` and `length_s` may be, as `Clip`
    knows them. Raises `TaggerError` if the table is not there or damaged.
    """
    try:
        with open(os.path.join(folder, TABLE), encoding="utf-8-sig", newline="") as file:
            return [_clip(row) for row in csv.DictReader(file, restval="")]
    except (KeyError, ValueError, csv.Error) as error:
        raise TaggerError(
            f"{os.path.join(folder, TABLE)}: damaged, or a column is missing: {error}"
        ) from None
    except OSError as error:
        raise TaggerError(f"{error.filename}: {error.strerror}; --data is the folder with {TABLE}") from None


def _clip(row: dict[str, str]) -> Clip:
    if row["split"] not in SPLITS:
        raise ValueError(f"{row['path']} is in split {row['split']!r}, not in {', '.join(SPLITS)}")
    columns = ("arousal", "arousal_high", "power", "calmness", "bpm", "length_s")
    number = {column: float(row.get(column) or "nan") for column in columns}
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
    )
