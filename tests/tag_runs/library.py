"""A folder of real small files, and a database that says they were analysed."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tagger import tag_runs
from tagger.audio import identify
from tagger.errors import AudioError
from tagger.files import AudioFile, fingerprint
from tagger.model_card import DEFAULT_MODEL
from tagger.store import Store
from tagger.tag_runs import TagSettings, UndoCounts, WriteCounts
from tagger.tags import Policy
from tagger.types import Analysis, Mood, Prediction, Recording
from tests.tags import samples

MODEL = DEFAULT_MODEL
KINDS = ("mp3", "flac", "ogg", "aac", "wav")
REPLACE = TagSettings(Policy("replace"))
NO_WORDS: Mapping[str, float] = MappingProxyType({})

_bytes_of = functools.cache(samples.make)


def make_files(folder: Path, kinds: Iterable[str] = KINDS) -> list[str]:
    """One untagged file of each kind of `samples.NAMES`, named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{kind}.{samples.extension(kind)}" for kind in kinds]
    for kind, path in zip(kinds, paths, strict=True):
        path.write_bytes(_bytes_of(kind))
    return [str(path) for path in paths]


def store_analyses(
    db: Path | str,
    paths: Iterable[str],
    genres: Mapping[str, float] | None = None,
    energy: float = 0.734,
    silent: bool = False,
    tempo: tuple[float, float] | None = None,
    mood: tuple[Mood, float] | None = None,
    words: Mapping[str, float] = NO_WORDS,
    key: tuple[str, float] | None = None,
) -> None:
    """Store one answer for all `paths`, as a scan does that finds them as they are now.

    `tempo` is (BPM, confidence), `mood` (mood, confidence) and `key` (key, confidence).
    """
    with Store.open(str(db), create=True) as store:
        genres = genres or {"Rock": 0.9}
        said = (genres, energy, silent, tempo, mood, words, key)
        answers = [analysed_as(path, _sound_of(path), *said) for path in paths]
        store.record_batch(answers, [])


def analysed_as(
    path: str,
    audio_id: str,
    genres: Mapping[str, float] = MappingProxyType({"Rock": 0.9}),
    energy: float = 0.734,
    silent: bool = False,
    tempo: tuple[float, float] | None = None,
    mood: tuple[Mood, float] | None = None,
    words: Mapping[str, float] = NO_WORDS,
    key: tuple[str, float] | None = None,
) -> Analysis:
    """An answer for a file as it is now, with the sound of that id."""
    status, best = os.stat(path), max(genres, key=genres.__getitem__)
    answer = Prediction(
        MODEL,
        genres,
        best,
        genres[best],
        energy,
        (),
        np.zeros(4, np.float16),
        silent,
        *(tempo or (None, None)),
        words,
        0.5 if mood else None,
        *(mood or (None, None)),
        key=key[0] if key else None,
        key_confidence=key[1] if key else None,
    )
    recording = Recording(audio_id, 1.0, "any", 44_100, 2)
    return Analysis(AudioFile(path, status.st_size, status.st_mtime_ns), recording, answer)


def write_tags(
    store: Store,
    paths: Sequence[str],
    model: str,
    settings: TagSettings,
    counts: WriteCounts,
    is_stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Write tags as `Library` does, with a store that is open already; returns the number of the run."""
    _recover(store)
    run = store.runs.begin("write-tags")
    tag_runs.write_tags(store, run, tag_runs.Selection(model, paths), settings, counts, is_stopped=is_stopped)
    store.runs.end(run, counts.as_dict())
    return run


def undo_tags(store: Store, run: int | None, counts: UndoCounts) -> int:
    """Take tags back, likewise; returns the number of the run that was undone."""
    _recover(store)
    chosen = tag_runs.run_to_undo(store, run)
    undo_run = store.runs.begin("undo")
    tag_runs.undo_tags(store, undo_run, chosen, counts)
    store.runs.end(undo_run, {"run": chosen, **counts.as_dict()})
    return chosen


def _recover(store: Store) -> None:
    if not store.tag_changes.nothing_is_open():
        tag_runs.recover(store)


def _sound_of(path: str) -> str:
    """The id of its sound, or of its name where it holds none."""
    try:
        return identify(path, window_s=10.0).audio_id
    except AudioError:
        return hashlib.md5(os.fsencode(os.path.realpath(path))).hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file beneath a folder, hidden ones too, with its bytes."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def stale_stamps(db: Path | str) -> list[str]:
    """The tracks that the next scan would analyse again."""
    with Store.open(str(db), create=False) as store:
        known = store.files.tracked() - store.files.unanswered(MODEL)
        states = {path: fingerprint(path, s.st_size, s.st_mtime_ns) for path, s in _stats(store)}
        return sorted(path for path, state in states.items() if state not in known)


def _stats(store: Store) -> list[tuple[str, os.stat_result]]:
    return [
        (row.path, os.stat(row.path)) for row in store.answers.tracks(model=MODEL) if os.path.exists(row.path)
    ]
