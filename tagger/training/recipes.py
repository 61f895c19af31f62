"""The classic systems that this program continues, each a few numbers over the same training code."""

from __future__ import annotations

import logging
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.nets import Backbone, Network
from tagger.nets.classic import BACKBONES, MfccLstm, imagenet_weights, load_imagenet
from tagger.predict import tempo_and_confidence
from tagger.runtime.rhythm import FIRST_BPM, LAST_BPM
from tagger.training.clips import FRONT_END, GENRES, LEARNED, Clip
from tagger.training.corpus import Corpus, Sources, labelled_corpus, taught_corpus
from tagger.training.datasets.fma import read_echonest
from tagger.training.log_mels import LogMels, cached_log_mels
from tagger.training.settings import Settings
from tagger.training.synthetic import MADE_UP, rhythms
from tagger.training.targets import make_targets
from tagger.training.tasks import GENRE, GENRE_AND_ENERGY, TEMPO, TWO_GENRES, Task
from tagger.training.tempo_examples import SHORTEST_S, TempoDistributions

log = logging.getLogger(__name__)

EIGHT_GENRES = (
    "Classical",
    "Electronic",
    "Experimental",
    "Folk",
    "Hip-Hop",
    "International",
    "Pop",
    "Rock",
)
"""Those of FMA-small, with Classical for Instrumental, which the excerpts of `clips.csv` do not know.

On a data set with genres of its own, as FMA, GTZAN and folders have, a recipe learns those instead.
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One system that can be trained: `tagger train --recipe NAME`.

    `about` says what it is and `reported` what its authors measured, and on what. `genres` are those
    of `clips.csv` that it learns; none for a recipe that learns no genre. `input` is sound, or a table of
    features, which no scan can extract. `corpus` reads the clips.
    """

    name: str
    about: str
    reported: str
    settings: Settings
    task: Task
    corpus: Callable[[Sources, tuple[str, ...]], Corpus]
    genres: tuple[str, ...] = EIGHT_GENRES
    input: Literal["sound", "table"] = "sound"


# The network of this project: genre, energy and tempo, taught by labels, ratings and a teacher.

CRNN = Recipe(
    "crnn",
    "convolutions, GRU and attention; genre, energy and tempo",
    "(none)",
    Settings(),
    GENRE_AND_ENERGY,
    taught_corpus,
    genres=GENRES,
)

CRNN_8 = Recipe(
    "crnn-8",
    "the same network, taught the eight genres of the recipes beside it",
    "(none)",
    Settings(epochs=40),
    GENRE_AND_ENERGY,
    taught_corpus,
    genres=EIGHT_GENRES,
)


# Convolutions over log-mels: a vote of ten short windows, and a classifier of all genres.

WINDOW_FRAMES = 129
"""3 s; ten of them in a track's three windows of 10 s."""

WINDOW_VOTE_CNN = Recipe(
    "window-vote-cnn",
    "ten windows of 3 s, each analysed alone, and their vote",
    "43.7 % a window, 49.8 % a track",
    Settings(
        {"name": "mel-cnn", "window_frames": WINDOW_FRAMES}, epochs=60, crop_frames=WINDOW_FRAMES, mixup=0.0
    ),
    GENRE,
    labelled_corpus,
)

GENRE_22 = Recipe(
    "genre-22",
    "convolutions over a log-mel; all genres",
    "68 % of 22 genres",
    Settings({"name": "mel-cnn"}, epochs=40, crop_frames=FRONT_END.n_frames, mixup=0.0),
    GENRE,
    labelled_corpus,
    genres=GENRES,
)


# An LSTM over MFCC: 384,840 parameters, as published.

WINDOWS_FRAMES = MfccLstm.n_windows * FRONT_END.n_frames
"""The windows of a track one after the other, of which the network takes the first 1,291 frames."""


def _mfcc_lstm(name: str, steps: str, about: str) -> Recipe:
    network = {"name": "mfcc-lstm", "steps": steps}
    settings = Settings(
        network, epochs=40, batch_size=32, crop_frames=WINDOWS_FRAMES, learning_rate=1e-3, mixup=0.0
    )
    reported = "28.7 % top-1, 60.8 % top-3 of 8 genres, FMA-small"
    return Recipe(name, about, reported, settings, GENRE, labelled_corpus)


MFCC_LSTM = _mfcc_lstm(
    "mfcc-lstm", "coefficients", "two LSTM layers; 20 steps, each one MFCC over 1,291 frames"
)
MFCC_LSTM_FRAMES = _mfcc_lstm(
    "mfcc-lstm-frames", "frames", "the same, the sensible way round: 1,291 steps of 20 MFCC"
)


# Networks that look at pictures of spectrograms: a small one, and six that were made for photographs.

PICTURE_SIDES = {"inception-v3": 299}
"""Sides of the pictures in pixels, where they are not 224."""

SPECTROGRAM_CNN = Recipe(
    "spectrogram-cnn",
    "pictures of 496×369 pixels; convolutions of 8 and 32, dense 128",
    "37.2 % of 8 genres, FMA-small",
    Settings(
        {"name": "spectrogram-cnn"},
        epochs=15,
        batch_size=32,
        crop_frames=FRONT_END.n_frames,
        learning_rate=3e-4,
        mixup=0.0,
    ),
    GENRE,
    labelled_corpus,
)


def _backbone(name: str) -> Recipe:
    """Make the recipe of a classic image network, which starts from ImageNet's weights if they are here."""
    network = {"name": "backbone", "backbone": name, "size": PICTURE_SIDES.get(name, 224)}
    settings = Settings(
        network, epochs=15, batch_size=32, crop_frames=FRONT_END.n_frames, learning_rate=5e-4, mixup=0.0
    )
    task = replace(GENRE, prepare=partial(_start_from_imagenet, name))
    reported = "66.5 % of 10 genres, GTZAN validation; 53.4 % of 8, FMA-small"
    if name == "densenet":
        reported = "about 72 % of 10 genres, GTZAN validation"
    about = "image network on pictures of spectrograms"
    return Recipe(name, about, reported, settings, task, labelled_corpus)


def _start_from_imagenet(name: str, network: Network) -> None:
    path = imagenet_weights(name)
    assert isinstance(network, Backbone)
    if os.path.exists(path):
        log.info("starts from the ImageNet weights in %s", path)
        load_imagenet(network, path)
    else:
        log.info(
            "no ImageNet weights in %s: from scratch; `tagger help training` says how to have them", path
        )


# Rock against Electronic from the eight features of Echo Nest: no sound, a table.

TWO_OF_THE_TABLE = ("Rock", "Electronic")


def echonest_corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """Read the tracks of `genres` that have all features, as spectrograms of eight bands and one frame.

    60/20/20 by lot, the same each time. Raises `TaggerError` where there is no such track.
    """
    tracks = [
        (features, genre)
        for features, genre in read_echonest(sources.data)
        if genre in genres and all(map(math.isfinite, features))
    ]
    if not tracks:
        raise TaggerError(f"{sources.data}: no track of {' or '.join(genres)} with all features")
    order = np.random.default_rng(0).permutation(len(tracks))
    log.info("tracks: %s", dict(Counter(genre for _, genre in tracks)))
    place = {int(i): n / len(tracks) for n, i in enumerate(order)}
    clips = [
        Clip(str(i), "echonest", _table_split(place[i]), (genre,), group=str(i))
        for i, (_, genre) in enumerate(tracks)
    ]
    features = [np.array(f, np.float16)[:, None] for f, _ in tracks]
    targets = make_targets([(sources.data, clips)], genres, taught=False)
    return Corpus(clips, LogMels(features), targets, genres)


def _table_split(share: float) -> str:
    return "train" if share < 0.6 else "valid" if share < 0.8 else "test"


_AS_PUBLISHED = Settings(
    {"name": "echonest-mlp"},
    epochs=20,
    optimiser="sgd",
    batch_size=32,
    crop_frames=1,
    stretch=0.0,
    learning_rate=0.01,
    augment=False,
    mixup=0.0,
    average_decay=0.0,
    patience=100,
)

ECHONEST_MLP = Recipe(
    "echonest-mlp",
    "8 features → 90 → 1, Rock against Electronic; squared error, SGD at 0.01",
    "76 % test",
    _AS_PUBLISHED,
    TWO_GENRES,
    echonest_corpus,
    TWO_OF_THE_TABLE,
    "table",
)

ECHONEST_MLP_DEEPER = Recipe(
    "echonest-mlp-deeper",
    "the same features with two hidden layers and AdamW",
    "(none: the one above, done better)",
    replace(
        _AS_PUBLISHED,
        network={"name": "echonest-mlp", "hidden": [128, 128], "dropout": 0.2},
        epochs=60,
        optimiser="adamw",
        learning_rate=3e-3,
        average_decay=0.99,
    ),
    TWO_GENRES,
    echonest_corpus,
    TWO_OF_THE_TABLE,
    "table",
)


# Tempo in BPM from a log-mel, as one number.

COPIES, PSEUDO_LABELLED_COPIES, SPEED_RANGE = 6, 1, 1.25
"""More of each training clip with an annotated tempo, and of each with a pseudo-label; and how much faster or
slower they run at most."""

SURE = 0.6
"""The confidence from which on another network's tempo is taken as a pseudo-label."""


def tempo_corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """Read the clips of `SHORTEST_S` or more with a tempo, and training clips with a pseudo-label of it.

    Training clips come at other speeds too, and with `sources.n_rhythms` made-up rhythms. Raises
    `TaggerError` where no clip has a tempo.
    """
    long_enough = [clip for clip in sources.clips(())[0] if not clip.length_s < SHORTEST_S]
    annotated = [clip for clip in long_enough if clip.bpm > 0]
    if not annotated:
        raise TaggerError(f"{sources.data}: no clip of {SHORTEST_S:g} s or more has a tempo")
    labelled = _with_pseudo_labels(long_enough, sources.tempo_distributions())
    clips, log_mels = cached_log_mels(sources.data, [*annotated, *labelled], sources.cache, sources.jobs)
    random, pseudo_paths = np.random.default_rng(0), {clip.path for clip in labelled}
    more = [
        _at_another_speed(clip, log_mel, random)
        for clip, log_mel in zip(clips, log_mels, strict=True)
        for _ in range(PSEUDO_LABELLED_COPIES if clip.path in pseudo_paths else COPIES)
        if clip.split in LEARNED
    ]
    made, tempos = rhythms(sources.n_rhythms, sources.jobs)
    more += [
        (Clip(str(i), MADE_UP, "train", (), bpm=bpm), log_mel)
        for i, (log_mel, bpm) in enumerate(zip(made, tempos, strict=True))
    ]
    clips = [*clips, *(clip for clip, _ in more)]
    targets = make_targets([(sources.data, clips)], (), taught=False)
    return Corpus(clips, LogMels([*log_mels, *(log_mel for _, log_mel in more)]), targets, ())


def _with_pseudo_labels(clips: Sequence[Clip], distributions: TempoDistributions) -> list[Clip]:
    """Give the training clips without a tempo, with the one that another network is `SURE` of."""
    asked = [c for c in clips if c.split in LEARNED and np.isnan(c.bpm) and c.path in distributions]
    found = [tempo_and_confidence(distributions[clip.path], FIRST_BPM) for clip in asked]
    return [replace(clip, bpm=bpm) for clip, (bpm, sure) in zip(asked, found, strict=True) if sure >= SURE]


def _at_another_speed(
    clip: Clip, log_mel: NDArray[np.float16], random: np.random.Generator
) -> tuple[Clip, NDArray[np.float16]]:
    """Copy a clip at a random speed at which its tempo still has a class."""
    speed = float(np.clip(SPEED_RANGE ** random.uniform(-1, 1), FIRST_BPM / clip.bpm, LAST_BPM / clip.bpm))
    frames = (np.arange(int(log_mel.shape[1] / speed)) * speed).astype(int)
    return replace(clip, bpm=clip.bpm * speed), np.ascontiguousarray(log_mel[:, frames])


TEMPO_REGRESSION = Recipe(
    "tempo-regression",
    "mel spectrogram → BPM, one number: the mean of what it holds possible",
    "RMSE about 21 BPM",
    Settings(
        {"name": "tempo-regression", "frame_rate_hz": FRONT_END.sample_rate_hz / FRONT_END.hop_length},
        epochs=20,
        batch_size=48,
        crop_frames=FRONT_END.n_frames,
        stretch=0.0,
        mixup=0.0,
    ),
    TEMPO,
    tempo_corpus,
    genres=(),
)

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        CRNN,
        CRNN_8,
        ECHONEST_MLP,
        ECHONEST_MLP_DEEPER,
        MFCC_LSTM,
        MFCC_LSTM_FRAMES,
        SPECTROGRAM_CNN,
        WINDOW_VOTE_CNN,
        *map(_backbone, BACKBONES),
        GENRE_22,
        TEMPO_REGRESSION,
    )
}
"""Every recipe by its name, in the order of the table of results."""
