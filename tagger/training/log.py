"""The log of a training run: a CSV file with a row for each epoch, to draw curves from."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def log_path(checkpoint: str) -> str:
    """Where the log of the run with that checkpoint lies: beside it."""
    return os.path.splitext(checkpoint)[0] + ".csv"


def log_row(path: str, row: Mapping[str, float]) -> None:
    """Adds the row of one epoch; `row` holds `epoch`, and whatever else was measured.

    Rows of the same and of later epochs are dropped first, so a run that goes on from a checkpoint, or
    begins anew, leaves no row twice. Columns may come later; they are empty above. The file is whole
    at every moment.
    """
    rows = [old for old in _rows(path) if float(old["epoch"]) < row["epoch"]]
    rows.append({name: f"{value:.6g}" for name, value in row.items()})
    columns = list(dict.fromkeys(name for each in rows for name in each))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(path + ".new", path)


def read_log(path: str) -> dict[str, NDArray[np.float64]]:
    """The columns of the log, each (n_epochs,), NaN where a row has none; no columns without a log."""
    rows = _rows(path)
    names = rows[0] if rows else {}
    return {name: np.array([float(row[name] or math.nan) for row in rows]) for name in names}


def logged_seconds(path: str) -> float:
    """How long all epochs of the log took together; NaN without a log that says so."""
    seconds = read_log(path).get("seconds")
    return math.nan if seconds is None else float(np.nansum(seconds))


def _rows(path: str) -> list[dict[str, str]]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []
