"""Rock against Electronic from the eight features of Echo Nest: no sound, a table."""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import replace

import numpy as np

from tagger.errors import TaggerError
from tagger.training.clips import Clip
from tagger.training.corpus import Corpus, LogMels
from tagger.training.datasets.echonest import read_echonest
from tagger.training.recipes.recipe import Recipe
from tagger.training.settings import Settings
from tagger.training.sources import Sources
from tagger.training.targets import make_targets
from tagger.training.tasks import TWO_GENRES

log = logging.getLogger(__name__)

TWO = ("Rock", "Electronic")


def corpus(sources: Sources, genres: tuple[str, ...]) -> Corpus:
    """The tracks of two genres with a value for each feature, 60/20/20, as spectrograms of eight bands
    and one frame."""
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
        Clip(str(i), "echonest", _split(place[i]), (genre,), group=str(i))
        for i, (_, genre) in enumerate(tracks)
    ]
    features = [np.array(f, np.float16)[:, None] for f, _ in tracks]
    targets = make_targets([(sources.data, clips)], genres, taught=False)
    return Corpus(clips, LogMels(features), targets, genres)


def _split(share: float) -> str:
    return "train" if share < 0.6 else "valid" if share < 0.8 else "test"


AS_PUBLISHED = Settings(
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
    AS_PUBLISHED,
    TWO_GENRES,
    corpus,
    TWO,
    "table",
)

ECHONEST_MLP_DEEPER = Recipe(
    "echonest-mlp-deeper",
    "the same features with two hidden layers and AdamW",
    "(none: the one above, done better)",
    replace(
        AS_PUBLISHED,
        network={"name": "echonest-mlp", "hidden": [128, 128], "dropout": 0.2},
        epochs=60,
        optimiser="adamw",
        learning_rate=3e-3,
        average_decay=0.99,
    ),
    TWO_GENRES,
    corpus,
    TWO,
    "table",
)
