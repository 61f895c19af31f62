"""A labelled clip, the genres of the shipped models, and their front end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray

from tagger.types import FrontEnd

FRONT_END = FrontEnd(sample_rate_hz=22_050, window_s=10.0, n_fft=2048, hop_length=512, n_mels=96)

# fmt: off
GENRES = (
    "Blues", "Classical", "Country", "Disco", "Electronic", "Experimental", "Folk", "Hip-Hop",
    "International", "Jazz", "Latin", "Metal", "New Age", "Pop", "R&B", "Reggae", "Rock",
)
# fmt: on

LEARNED = ("train", "unlabelled")
"""The splits of the clips to train on."""

EITHER = {"Pop/Rock": ("Pop", "Rock", "Metal")}
"""Labels that mean one of several genres, without saying which."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One excerpt or track with its annotations; ratings are 0–1, and NaN where nobody rated.

    `path` is relative to the folder of the data set. `split` is `train`, `valid`, `test` or
    `unlabelled`. `genres` are the labels as the data set names them, empty where unknown. `bpm` is
    the annotated tempo and `length_s` the clip's length in seconds, NaN where unknown. Clips of one
    `group` (an artist, an album, a song) are never on two sides of a split. `quadrant` is Russell's, of the
    mood that listeners named: 1 happy, 2 tense, 3 sad, 4 calm, 0 unknown. `subgenre` is a name of Ishkur's
    guide to electronic music, empty where unknown.
    """

    path: str
    dataset: str
    split: str
    genres: tuple[str, ...]
    arousal: float = math.nan
    arousal_high: float = math.nan
    power_minus_calmness: float = math.nan
    bpm: float = math.nan
    length_s: float = math.nan
    group: str = ""
    quadrant: int = 0
    subgenre: str = ""


def label_sets(labels: Sequence[str], genres: Sequence[str] = GENRES) -> list[set[int]]:
    """Give for each label the places in `genres` that would satisfy it: one, or several for `Pop/Rock`.

    >>> label_sets(("Jazz", "Pop/Rock"), ("Jazz", "Metal", "Pop"))
    [{0}, {1, 2}]
    """
    return [
        {genres.index(name) for name in EITHER.get(label, (label,)) if name in genres} for label in labels
    ]


def filter_bank(front_end: FrontEnd = FRONT_END) -> NDArray[np.float32]:
    """Make the mel filter bank of a front end, (n_mels, 1 + n_fft // 2), as librosa defines it (Slaney)."""
    bank: NDArray[np.float32] = librosa.filters.mel(
        sr=front_end.sample_rate_hz, n_fft=front_end.n_fft, n_mels=front_end.n_mels, dtype=np.float32
    )
    return bank
