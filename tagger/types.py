"""The values that move through the program, from a path to a prediction."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from tagger.files import AudioFile

if TYPE_CHECKING:  # a `tagger --help` must not wait for numpy
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

FloatArray: TypeAlias = "NDArray[np.floating[Any]]"
EnergyBand = Literal["low", "medium", "high"]
Aspect = Literal["genre", "energy", "tempo", "words", "mood"]
CorrectedField = Literal["genre", "energy", "bpm"]
WordKind = Literal["style", "voice", "instrument", "character"]
Mood = Literal["happy", "tense", "sad", "calm"]
Sound = Literal["music", "speech", "noise"]
GenrePolicy = Literal["missing", "replace", "add", "never"]
BpmPolicy = Literal["missing", "replace", "never"]
HardLinks = Literal["skip", "break", "in-place"]
"""What `write-tags` may do to a genre, a tempo and a file of several names: see `tagger.tags.Policy`."""

BpmDecimal = Literal["never", "allowed", "id3"]
"""Where a tempo has a decimal: nowhere, where a kind of tag allows it, or in ID3 too, which does not."""

EnergyPlace = Literal["comment", "grouping", "rating", "mood"]
"""Where `write-tags` tells an energy on request, because players show it there."""

Requested = Literal[
    "key", "key=replace", "key=never", "mood", "mood=replace", "mood=never",
    "words", "words=replace", "words=add", "words=never",
]  # fmt: skip
"""What `write-tags` writes on request only, and how; without a policy, as `missing` says."""


CORRECTED_FIELDS: tuple[CorrectedField, ...] = get_args(CorrectedField)
"""What the owner can say in the place of a model."""

SOUNDS: tuple[Sound, ...] = get_args(Sound)
WORD_KINDS: tuple[WordKind, ...] = ("style", "voice", "instrument", "character")
MOODS: tuple[Mood, ...] = ("happy", "tense", "sad", "calm")
"""The quadrants of Russell 1980 ("A circumplex model of affect"), from high valence and arousal on."""

HAS_WORD = 0.5
"""A track has a word whose probability is at least this: it is more likely right than wrong."""


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
class Failure:
    """Why a file has no answer.

    `stage` is `scan` (the walk did not meet it), `read` (the drive or the rights, not the file: it is tried
    again at the next scan), `decode`, `predict` or `tags`.
    """

    path: str
    stage: str
    reason: str
    size: int = -1
    mtime_ns: int = -1


@dataclass(frozen=True, slots=True)
class OwnTags:
    """What the file itself says: `genres` word for word, the energy level of a DJ program, BPM and key.

    Nothing of it is ours: what `write-tags` has put there is not the owner's word. `has_our_energy`: the
    file holds an energy that only we write, so that its tags have not been replaced since.
    """

    genres: tuple[str, ...] = ()
    energy_level: float | None = None
    bpm: float | None = None
    has_our_energy: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What the container says of the sound, and who the sound is.

    `audio_id` is 32 hex digits over codec, duration and the compressed packets of the decoded
    windows, so it survives moving and retagging. `duration_s` is None where nothing tells it. `damaged`: some
    of it could not be decoded, or it ends before the time that it states.
    `title`, `artist`, `album`, `year` (1000–2999), `album_artist` and `compilation` (whether the album is by
    several artists) are what the tags say, None or False where they are silent. `own` is what they say of the
    music; None: it was never read.
    """

    audio_id: str
    duration_s: float | None
    codec: str
    sample_rate_hz: int
    channels: int
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    damaged: bool = False
    album_artist: str | None = None
    compilation: bool = False
    own: OwnTags | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One decoded stretch: `samples` is (n,) float32 mono, nominally −1…1, starting at `start_s`."""

    start_s: float
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TrackFeatures:
    """What a worker hands to the model: one log-mel per window.

    `log_mels` is (n_windows, n_mels, n_frames) float16 in dB; `starts_s` and `silent` have one
    entry per window, and so has `lasting_s`, the seconds of sound in it: a shorter one is repeated to fill
    its log-mel. Empty: all windows are whole. `second_log_mels` are of the same windows by the front end of a
    second trunk, for a model that has one. `key` and `key_confidence` are as of `Prediction`.
    """

    file: AudioFile
    recording: Recording
    starts_s: tuple[float, ...]
    silent: tuple[bool, ...]
    log_mels: NDArray[np.float16]
    lasting_s: tuple[float, ...] = ()
    second_log_mels: NDArray[np.float16] | None = None
    key: str | None = None
    key_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A track of the library as one model answers for it: the one value that lists and playlists show.

    `path` is as the operating system gives it (PEP 383: lone surrogates stand for undecodable bytes) or,
    in a playlist, as its reader shall see it. `audio_id` is the identity of the sound. `duration_s` is None
    where nothing tells it. `genre_confidence`, `energy` and `bpm_confidence` are 0–1. What is not known,
    and the genre and tempo of silence, is None. `missing`: the file was gone at the last scan. What begins
    with `tag_` is the owner's word in the file's own tags: genres that say something, energy level, BPM, key.
    `second_genre` is the next likely one, told where it was asked for and the first is not sure. `valence`
    (0–1), `mood`, `mood_confidence` (0–1) and the `words` that it has, likeliest first with their
    probability, are told where they were asked for. The fields that are `corrected` have the owner's word in
    the place of the model's, and a confidence of 1. `sound` says what is no music, nor has been corrected.
    `key` (one of `tagger.musical_key.KEYS`), the second likely tempo and their confidences (0–1) are told
    where they were asked for; of a tempo that is corrected there is no second.
    """

    path: str
    audio_id: str = ""
    duration_s: float | None = None
    genre: str | None = None
    genre_confidence: float | None = None
    energy: float | None = None
    bpm: float | None = None
    bpm_confidence: float | None = None
    silent: bool = False
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    missing: bool = False
    damaged: bool = False
    tag_genres: tuple[str, ...] = ()
    tag_energy_level: float | None = None
    tag_bpm: float | None = None
    second_genre: str | None = None
    valence: float | None = None
    mood: Mood | None = None
    mood_confidence: float | None = None
    words: Mapping[str, float] = field(default_factory=dict, hash=False)
    corrected: tuple[CorrectedField, ...] = ()
    sound: Sound = "music"
    key: str | None = None
    key_confidence: float | None = None
    second_bpm: float | None = None
    second_bpm_confidence: float | None = None
    tag_key: str | None = None


@dataclass(frozen=True, slots=True)
class Identified:
    """A file whose sound (`audio_id`) is known already, so that it was not decoded."""

    file: AudioFile
    recording: Recording


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """The model's answer for one window alone; units as in `Prediction`, and None likewise."""

    start_s: float
    genre: str | None
    genre_confidence: float | None
    energy: float | None
    valence: float | None = None
    mood: Mood | None = None


def energy_course(windows: Sequence[WindowAnswer]) -> tuple[float | None, float | None, float | None]:
    """Give the energies (0–1) of a track's beginning, middle and end; None of what is unknown.

    They are those of its first window, of all between, and of its last; of one window alone, three times its.

    >>> energy_course([WindowAnswer(s, None, None, e) for s, e in ((10, 0.2), (50, 0.8), (90, 0.5))])
    (0.2, 0.8, 0.5)
    """
    energies = [window.energy for window in windows]
    known = [energy for energy in energies[1:-1] or energies if energy is not None]
    if not energies:
        return None, None, None
    return energies[0], sum(known) / len(known) if known else None, energies[-1]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The model's answer for a track.

    `genres` maps every genre of the model to its calibrated probability (0–1); `genre` is the
    likeliest and `genre_confidence` its probability. All three are empty or None where the model predicts
    no genre, and of silence. `energy` is 0–1, the track's quantile in the model's reference set, None where
    it predicts no energy. `embedding` is (d,) float16, d being 0 for a model that makes none. `silent` says
    that no window held sound; the energy is then 0. `bpm` is the tempo and
    `bpm_confidence` the probability (0–1) that it is right within 4 %; both are None where the model
    predicts no tempo, and of silence and sounds under four seconds. `words` maps every word of the model to
    its probability (0–1). `valence` is 0–1, from sad or tense to happy or calm, a quantile as the energy;
    `mood` is the likeliest and `mood_confidence` its probability (0–1). They are empty or None where the
    model knows none, and of silence. `sound` is music unless the model is sure of speech or noise, of which
    `sound_confidence` is the probability (0–1). `second_bpm` is the next likely tempo, mostly half or double,
    with its probability; None where there is none to speak of. `key` is one of `tagger.musical_key.KEYS`, and
    `key_confidence` the probability (0–1) that it is right; None of silence and of what has no pitch.
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
    words: Mapping[str, float] = field(default_factory=dict)
    valence: float | None = None
    mood: Mood | None = None
    mood_confidence: float | None = None
    sound: Sound = "music"
    sound_confidence: float | None = None
    second_bpm: float | None = None
    second_bpm_confidence: float | None = None
    key: str | None = None
    key_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class OwnersWord:
    """What the owner says of a sound in the place of a model: genres, energy (0–1) and tempo in BPM.

    The first of the genres stands where there is room for one. Empty or None: nothing.
    """

    genres: tuple[str, ...] = ()
    energy: float | None = None
    bpm: float | None = None

    @property
    def fields(self) -> tuple[CorrectedField, ...]:
        """The fields of which something is said."""
        said = (bool(self.genres), self.energy is not None, self.bpm is not None)
        return tuple(field for field, is_said in zip(CORRECTED_FIELDS, said, strict=True) if is_said)


@dataclass(frozen=True, slots=True)
class AlbumAnswer:
    """What an album of `n_tracks` tracks says of one of them: the probability (0–1) of each genre."""

    n_tracks: int
    genres: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything known of one file: the recording, and what a model predicts of it.

    `prediction` is of the track alone; `album`, where its album says something, is the answer in its place,
    and what the owner has `corrected` that in the place of both. `file` is the file in the state in which it
    was analysed. `scanned_at` is ISO 8601 in UTC, None for an analysis that is not stored. `missing`: the
    file was gone at the last scan.
    """

    file: AudioFile
    recording: Recording
    prediction: Prediction
    scanned_at: str | None = None
    missing: bool = False
    album: AlbumAnswer | None = None
    corrected: OwnersWord = OwnersWord()

    @property
    def genres(self) -> dict[str, float]:
        """The probability (0–1) of each genre that the model knows, likeliest first; none of silence.

        It is the album's where this says something, whatever the owner says.
        """
        return dict(by_probability(self.album.genres if self.album else self.prediction.genres))

    @property
    def track(self) -> Track:
        """The short form, as lists and playlists show it."""
        recording, answer = self.recording, self.prediction
        own = recording.own or OwnTags()
        genre, confidence = answer.genre, answer.genre_confidence
        if self.album:
            genre, confidence = next(iter(self.genres.items()))
        said = self.corrected
        if said.genres:
            genre, confidence = said.genres[0], 1.0
        return Track(
            path=self.file.path,
            audio_id=recording.audio_id,
            duration_s=recording.duration_s,
            genre=genre,
            genre_confidence=confidence,
            energy=answer.energy if said.energy is None else said.energy,
            bpm=answer.bpm if said.bpm is None else said.bpm,
            bpm_confidence=answer.bpm_confidence if said.bpm is None else 1.0,
            silent=answer.silent,
            title=recording.title,
            artist=recording.artist,
            album=recording.album,
            year=recording.year,
            missing=self.missing,
            damaged=recording.damaged,
            tag_genres=own.genres,
            tag_energy_level=own.energy_level,
            tag_bpm=own.bpm,
            tag_key=own.key,
            valence=answer.valence,
            mood=answer.mood,
            mood_confidence=answer.mood_confidence,
            words={word: p for word, p in by_probability(answer.words) if p >= HAS_WORD},
            corrected=said.fields,
            sound="music" if said.fields else answer.sound,
            key=answer.key,
            key_confidence=answer.key_confidence,
            second_bpm=answer.second_bpm if said.bpm is None else None,
            second_bpm_confidence=answer.second_bpm_confidence if said.bpm is None else None,
        )


def by_probability(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Give names with their probabilities, the likeliest first."""
    return sorted(scores.items(), key=lambda item: -item[1])


def energy_level(energy: float) -> int:
    """Give the 1–10 level of an energy 0–1, as DJ software shows it: `ceil(10·energy)`, at least 1.

    >>> [energy_level(energy) for energy in (0.0, 0.3, 0.31, 1.0)]
    [1, 3, 4, 10]
    """
    return min(10, max(1, math.ceil(10 * energy)))


def energy_of_level(level: float) -> float:
    """Give the energy (0–1) in the middle of a level (1–10).

    >>> energy_of_level(1), energy_of_level(7)
    (0.05, 0.65)
    """
    return round((level - 0.5) / 10, 4)


def number_in(text: str | None, most: float) -> float | None:
    """Read the number of a tag; None for another text, for 0, which stands for "unknown", and above `most`.

    >>> number_in("128", 999), number_in("127,98 BPM", 999), number_in("0", 999), number_in("fast", 999)
    (128.0, 127.98, None, None)
    """
    found = _NUMBER.fullmatch(text or "")
    number = float(f"{found[1]}.{found[2] or 0}") if found else 0.0
    return number if 0 < number <= most else None


def rounded(value: float | None, digits: int) -> float | None:
    """Round a number that may be unknown: None stays None."""
    return None if value is None else round(value, digits)


def counted(count: int, name: str, width: int = 0) -> str:
    """Give a number and what it counts.

    >>> counted(1200, "files written"), counted(1, "files written")
    ('1,200 files written', '1 file written')
    """
    noun, space, rest = name.partition(" ")
    return f"{count:>{width},} {noun.removesuffix('s') if count == 1 else noun}{space}{rest}"


_NUMBER = re.compile(r"\s*([0-9]{1,9})(?:[.,]([0-9]+))?\s*(?:bpm)?\s*", re.IGNORECASE)

MOST_BPM, MOST_LEVEL = 999.0, 10.0
"""Of the numbers in a file's own tags: a greater one is no tempo and no energy level."""

MIN_CONFIDENCE = 0.6
"""The confidence (0-1) from which on `write-tags` writes genres, tempos, keys, moods, by default."""

ENERGY_BANDS: Mapping[EnergyBand, tuple[float, float]] = {
    "low": (0.0, 1 / 3),
    "medium": (1 / 3, 2 / 3),
    "high": (2 / 3, math.inf),
}
"""The half-open range [low, high) of energies that each name covers; `high` includes 1.0."""

ENERGY_LEVELS: tuple[tuple[float, float], ...] = tuple(
    (
        0.0 if level == 1 else math.nextafter((level - 1) / 10, math.inf),
        math.inf if level == 10 else math.nextafter(level / 10, math.inf),
    )
    for level in range(1, 11)
)
"""The half-open range [low, high) of energies that each level has, as `energy_level` says, from 1 to 10."""
