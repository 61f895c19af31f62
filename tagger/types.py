"""The values that move through the program, from a path to a prediction."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # a `tagger --help` must not wait for numpy
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

FloatArray: TypeAlias = "NDArray[np.floating[Any]]"
EnergyBand = Literal["low", "medium", "high"]
Aspect = Literal["genre", "energy", "tempo"]
TrackOrder = Literal["path", "energy", "-energy"]


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """How sound becomes what a model sees; every model brings its own in `model.json`."""

    sample_rate_hz: int
    window_s: float
    n_fft: int
    hop_length: int
    n_mels: int

    @property
    def n_frames(self) -> int:
        """Frames of one whole window, its first centred on the first sample."""
        return 1 + int(self.window_s * self.sample_rate_hz) // self.hop_length


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file as the walk found it; it is heard again only when `size` (bytes) or `mtime_ns` differs.

    `path` is absolute and as the operating system gives it: bytes that are not valid in the file
    system's encoding stand as lone surrogates (PEP 383).
    """

    path: str
    size: int
    mtime_ns: int


Fingerprint = int
"""The hash of a file's path, size and mtime_ns: true within one process only, a tenth of their memory."""


def fingerprint(path: str, size: int, mtime_ns: int) -> Fingerprint:
    """The same for a file in the same state."""
    return hash((path, size, mtime_ns))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file has no answer. `stage` is `scan`, `decode`, `predict` or `tags`."""

    path: str
    stage: str
    reason: str
    size: int = -1
    mtime_ns: int = -1


@dataclass(frozen=True, slots=True)
class Recording:
    """What the container says of the sound, and who the sound is.

    `audio_id` is 32 hex digits over codec, duration and the compressed packets of the decoded
    windows, so it survives moving and retagging. `duration_s` is 0.0 where nothing tells it.
    `title`, `artist`, `album` and `year` (1000–2999) are what the tags say, None where they are silent.
    """

    audio_id: str
    duration_s: float
    codec: str
    sample_rate_hz: int
    channels: int
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One decoded stretch: `samples` is (n,) float32 mono, nominally −1…1, starting at `start_s`."""

    start_s: float
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TrackFeatures:
    """What a worker hands to the model: one log-mel per window.

    `log_mels` is (n_windows, n_mels, n_frames) float16 in dB; `starts_s` and `silent` have one
    entry per window.
    """

    file: AudioFile
    recording: Recording
    starts_s: tuple[float, ...]
    silent: tuple[bool, ...]
    log_mels: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Identified:
    """A file whose sound (`audio_id`) is known already, so that it was not decoded."""

    file: AudioFile
    recording: Recording


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """What the model heard in one window alone; units as in `Prediction`, and None likewise."""

    start_s: float
    genre: str | None
    genre_confidence: float | None
    energy: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The model's answer for a track.

    `genres` maps every genre of the model to its calibrated probability (0–1); `genre` is the
    likeliest and `genre_confidence` its probability. All three are empty or None where the model hears
    no genre. `energy` is 0–1, the track's quantile in the model's reference set, None where it hears no
    energy. `embedding` is (d,) float16, d being 0 for a model that makes none. `silent` says that no
    window held sound: the answer is then a guess of low confidence. `bpm` is the tempo and
    `bpm_confidence` the probability (0–1) that it is right within 4 %; both are None where the model
    hears no tempo, and of silence.
    """

    model: str
    genres: Mapping[str, float]
    genre: str | None
    genre_confidence: float | None
    energy: float | None
    windows: tuple[WindowAnswer, ...]
    embedding: NDArray[np.float16]
    silent: bool
    bpm: float | None = None
    bpm_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Which tracks are asked for: all filters must hold, and what is left out holds for every track.

    Of several `genres`, `artists`, `albums` or `path_parts` one must match, and none of `not_genres`
    may. Genres match exactly; the others as a part of the text, letter case and Unicode form set
    aside. `energy` is half-open, [low, high), as `ENERGY_BANDS` are; `bpm` and `year` hold both their
    ends. `min_confidence` is 0–1. No filter, `not_genres` included, matches what is not known. `paths`
    are files, and folders with all beneath them. `order` by path is that of the bytes; equal energies
    stand as first heard, tracks without one last.
    """

    genres: tuple[str, ...] = ()
    not_genres: tuple[str, ...] = ()
    energy: tuple[float, float] | None = None
    bpm: tuple[float, float] | None = None
    min_confidence: float | None = None
    artists: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    path_parts: tuple[str, ...] = ()
    year: tuple[int, int] | None = None
    paths: tuple[str, ...] = ()
    limit: int | None = None
    order: TrackOrder = "path"


def absolute(path: str) -> str:
    """`path` from the root on, with the name that the shell has for the current folder.

    A folder that was entered through a symbolic link goes by the link's name, as in `pwd`: the library
    was scanned by it. `os.path.abspath` knows only the folder behind the link, to which `..` leads.
    """
    named = os.environ.get("PWD", "")
    if not os.path.isabs(path) and os.pardir not in path.split(os.sep) and _leads_to(named, os.getcwd()):
        path = os.path.join(named, path)
    return os.path.abspath(path)


@lru_cache(maxsize=1)  # asked for each of the files that a shell's `*` names
def _leads_to(named: str, folder: str) -> bool:
    """Whether nothing but symbolic links stands between this name and the folder's own."""
    is_plain = os.path.isabs(named) and os.path.normpath(named) == named and not named.startswith("//")
    return is_plain and os.path.realpath(named) == folder


def energy_level(energy: float) -> int:
    """The 1–10 level of an energy 0–1, as DJ software shows it: `ceil(10·energy)`, at least 1."""
    return min(10, max(1, math.ceil(10 * energy)))


def rounded(value: float | None, digits: int) -> float | None:
    """For JSON; None stays None."""
    return None if value is None else round(value, digits)


ENERGY_BANDS: Mapping[EnergyBand, tuple[float, float]] = {
    "low": (0.0, 1 / 3),
    "medium": (1 / 3, 2 / 3),
    "high": (2 / 3, math.inf),
}
"""The half-open range [low, high) of energies that each name covers; `high` includes 1.0."""
