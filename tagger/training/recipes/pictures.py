"""Networks that look at pictures of spectrograms: a small one, and six that were made for photographs."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from functools import partial

from tagger.nets import Backbone, Network
from tagger.nets.backbone import imagenet_weights, load_imagenet
from tagger.training.clips import FRONT_END
from tagger.training.recipes.recipe import Recipe
from tagger.training.settings import Settings
from tagger.training.sources import labelled_corpus
from tagger.training.tasks import GENRE

log = logging.getLogger(__name__)

SIZES = {"inception-v3": 299}
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


def backbone(name: str) -> Recipe:
    """One of the six classic image networks; it starts from ImageNet's weights where the user has them."""
    network = {"name": "backbone", "backbone": name, "size": SIZES.get(name, 224)}
    settings = Settings(
        network, epochs=15, batch_size=32, crop_frames=FRONT_END.n_frames, learning_rate=5e-4, mixup=0.0
    )
    task = replace(GENRE, prepare=partial(_start_from_imagenet, name))
    reported = "66.5 % of 10 genres, GTZAN validation; 53.4 % of 8, FMA-small"
    if name == "densenet":
        reported = "about 72 % of 10 genres, GTZAN validation"
    return Recipe(
        name, "image network on pictures of spectrograms", reported, settings, task, labelled_corpus
    )


def _start_from_imagenet(name: str, network: Network) -> None:
    path = imagenet_weights(name)
    assert isinstance(network, Backbone)
    if os.path.exists(path):
        log.info("starts from the ImageNet weights in %s", path)
        load_imagenet(network, path)
    else:
        log.info("no ImageNet weights in %s: from scratch. README says how to have them", path)
