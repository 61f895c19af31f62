"""A folder of real small files, and a database that says they were heard."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from tagger.store import Heard, Store
from tagger.tagging import TagSettings
from tagger.tags import Policy
from tagger.types import AudioFile, Prediction, Recording
from tests.tags import samples

MODEL = "crnn-1"
KINDS = ("mp3", "flac", "ogg", "aac", "wav")
REPLACE = TagSettings(Policy("replace"))

_bytes_of = functools.cache(samples.make)


def make_files(folder: Path, kinds: Iterable[str] = KINDS) -> list[str]:
    """One untagged file of each kind of `samples.NAMES`, named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{kind}.{samples.extension(kind)}" for kind in kinds]
    for kind, path in zip(kinds, paths, strict=True):
        path.write_bytes(_bytes_of(kind))
    return [str(path) for path in paths]


def store_heard(
    db: Path | str,
    paths: Iterable[str],
    genres: Mapping[str, float] | None = None,
    energy: float = 0.734,
    silent: bool = False,
) -> None:
    """Store one answer for all `paths`, as a scan does that finds them as they are now."""
    with Store.open(str(db), create=True) as store:
        store.record_batch([_heard(path, genres or {"Rock": 0.9}, energy, silent) for path in paths], [])


def _heard(path: str, genres: Mapping[str, float], energy: float, silent: bool) -> Heard:
    status = os.stat(path)
    best = max(genres, key=genres.__getitem__)
    answer = Prediction(MODEL, genres, best, genres[best], energy, (), np.zeros(4, np.float16), silent)
    # One file under two names is one recording; a scan tells it by the sound.
    audio_id = hashlib.md5(os.fsencode(os.path.realpath(path))).hexdigest()
    if status.st_nlink > 1:
        audio_id = f"{status.st_ino:032x}"
    recording = Recording(audio_id, 1.0, "any", 44_100, 2)
    return AudioFile(path, status.st_size, status.st_mtime_ns), recording, answer


def contents(folder: Path) -> dict[str, bytes]:
    """Every file beneath a folder, hidden ones too, with its bytes."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def stale_stamps(db: Path | str) -> list[str]:
    """The tracks that the next scan would hear again."""
    with Store.open(str(db), create=False) as store:
        files = [AudioFile(p, s.st_size, s.st_mtime_ns) for p, s in _stats(store)]
        return sorted({file.path for file in files} - store.states(files, MODEL).keys())


def _stats(store: Store) -> list[tuple[str, os.stat_result]]:
    return [(row.path, os.stat(row.path)) for row in store.tracks(model=MODEL) if os.path.exists(row.path)]
