"""A folder of labelled clips with one of further clips, for heads that are fitted to real sound."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.labelled_music import RATE_HZ, clicks, tone
from tests.sounds import float_wav
from tests.training.heads.clips import TAGS

COLUMNS = ("path", "dataset", "split", "group", "genres", "bpm", "quadrant", "subgenre")
N = 60
SPLITS = ("train", "train", "train", "valid", "test")


def write_clips(folder: Path, rows: list[dict[str, object]]) -> None:
    with open(folder / "clips.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Chords, which are calm and for piano, and clicks, which are tense; in `more`, of two styles."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "more").mkdir()
    rows: list[dict[str, object]] = []
    extra: list[dict[str, object]] = []
    for i in range(N):
        fast = i % 2
        sound = clicks(100 + i, 1.5, i) if fast else tone(1.5, i % 10)
        float_wav(folder / f"{i}.wav", sound, RATE_HZ)
        row: dict[str, object] = {"path": f"{i}.wav", "dataset": "made", "group": i}
        rows.append(row | {"split": SPLITS[i // 12], "genres": "Jazz", "quadrant": 2 if fast else 4})
        if i < 24:
            shutil.copy(folder / f"{i}.wav", folder / "more")
            subgenre = "speedcore" if fast else "ambient"
            extra.append(row | {"split": "train", "genres": "Electronic", "bpm": "?", "subgenre": subgenre})
    write_clips(folder, rows)
    write_clips(folder / "more", extra)
    for part, paths in ((folder, rows), (folder / "more", extra)):
        tags = np.random.default_rng(0).uniform(0.01, 0.03, (len(paths), len(TAGS)))
        chords = np.arange(0, len(paths), 2)
        tags[chords, TAGS.index("mtt:piano")] = 0.9 - 0.04 * (chords % 10)  # the lower, the likelier
        named = {"path": [str(row["path"]) for row in paths], "embedding": np.zeros((len(paths), 200))}
        np.savez(part / "teacher.npz", msd=tags[:, :50], mtt=tags[:, 50:], **named)
    return str(folder)
