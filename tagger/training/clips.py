"""The labelled clips: what is known of each, and their log-mels, kept in a cache file."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import librosa
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from tagger.audio import listen
from tagger.audio.spans import WHOLE_S
from tagger.errors import AudioError, TaggerError
from tagger.features import log_mel
from tagger.types import FrontEnd

FRONT_END = FrontEnd(sample_rate_hz=22_050, window_s=10.0, n_fft=2048, hop_length=512, n_mels=96)

# fmt: off
GENRES = (
    "Blues", "Classical", "Country", "Disco", "Electronic", "Experimental", "Folk", "Hip-Hop",
    "International", "Jazz", "Latin", "Metal", "New Age", "Pop", "R&B", "Reggae", "Rock",
)
# fmt: on

EITHER = {"Pop/Rock": ("Pop", "Rock", "Metal")}
"""Labels that mean one of several genres: whoever labelled did not say which."""

NUMBERS = ("arousal", "arousal_high", "power", "calmness", "bpm", "length_s")
"""The columns of `clips.csv` that hold numbers, empty where unknown."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of `clips.csv`. `genres` as labelled; ratings are 0–1 or NaN where nobody rated.

    `bpm` is the annotated tempo and `length_s` the clip's length in seconds, NaN where unknown. Clips of
    one `group` share an artist, song or package.
    """

    path: str
    dataset: str
    split: str
    genres: tuple[str, ...]
    arousal: float
    arousal_high: float
    power_minus_calmness: float
    bpm: float = math.nan
    length_s: float = math.nan
    group: str = ""


def read_clips(data: str) -> list[Clip]:
    """All clips of the folder's `clips.csv`, in its order. Raises `TaggerError` if it is not there."""
    try:
        with open(os.path.join(data, "clips.csv"), encoding="utf-8", newline="") as file:
            return [_clip(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise TaggerError(
            f"{error.filename}: {error.strerror}; --data is the folder with clips.csv"
        ) from None


def label_sets(genres: Sequence[str]) -> list[set[int]]:
    """Each label as the set of genre indices that would satisfy it: {i}, or several for `Pop/Rock`."""
    return [{GENRES.index(name) for name in EITHER.get(label, (label,))} for label in genres]


def filter_bank() -> NDArray[np.float32]:
    """The mel filter bank of the front end, (n_mels, 1 + n_fft // 2), as librosa defines it (Slaney)."""
    bank: NDArray[np.float32] = librosa.filters.mel(
        sr=FRONT_END.sample_rate_hz, n_fft=FRONT_END.n_fft, n_mels=FRONT_END.n_mels, dtype=np.float32
    )
    return bank


def cached_log_mels(data: str, clips: Sequence[Clip], cache: str, jobs: int) -> list[NDArray[np.float16]]:
    """The log-mel of each whole clip, (n_mels, n_frames) float16 in dB, from `cache` or made into it."""
    if not os.path.exists(cache):
        bank = filter_bank()
        tasks = (delayed(_whole_log_mel)(os.path.join(data, clip.path), bank) for clip in clips)
        spectrograms: list[NDArray[np.float16]] = Parallel(n_jobs=jobs)(tasks)
        os.makedirs(os.path.dirname(os.path.abspath(cache)), exist_ok=True)
        with open(cache, "wb") as file:
            lengths = np.array([s.shape[1] for s in spectrograms])
            np.savez(file, paths=[c.path for c in clips], lengths=lengths, frames=np.hstack(spectrograms))
    stored = np.load(cache)
    if list(stored["paths"]) != [clip.path for clip in clips]:
        raise TaggerError(f"{cache}: made from other clips; delete it")
    return np.split(stored["frames"], np.cumsum(stored["lengths"])[:-1], axis=1)


def _whole_log_mel(path: str, bank: NDArray[np.float32]) -> NDArray[np.float16]:
    try:
        excerpt = listen(path, sample_rate_hz=FRONT_END.sample_rate_hz, window_s=WHOLE_S)
    except AudioError as error:
        raise TaggerError(f"{path}: {error}") from None
    return log_mel(excerpt.windows[0].samples, bank, FRONT_END).astype(np.float16)


def _clip(row: dict[str, str]) -> Clip:
    number = {key: float(row[key] or "nan") for key in NUMBERS}
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
        group=row["group"],
    )
