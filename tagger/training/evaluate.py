"""Measures an installed model on real clips by the path that a scan takes."""

from __future__ import annotations

import logging
import os

import numpy as np

from tagger.errors import TaggerError
from tagger.model_card import load_card
from tagger.pipeline.workers import hear_all
from tagger.predict import Predictor
from tagger.training.clips import GENRES
from tagger.training.datasets import in_genres, read
from tagger.training.metrics import figures
from tagger.types import AudioFile, Failure, Prediction, TrackFeatures

log = logging.getLogger(__name__)


def evaluate(
    data: str, split: str, model: str, jobs: int, device: str = "auto", layout: str | None = None
) -> dict[str, float]:
    """`metrics.figures` of a model on one split of the clips in `data`: decode, log-mel, predict, average.

    Clips that cannot be heard are logged and left out. Raises `TaggerError` for a split without any
    that can, or a model whose genres are not those of the labels.
    """
    clips = [clip for clip in in_genres(read(data, layout)) if clip.split == split]
    if not clips:
        raise TaggerError(f"{data}: no clips in split {split!r}")
    card = load_card(model)
    if card.genres != GENRES:
        raise TaggerError(f"{card.id}: its genres are not those of the labels")
    answers: dict[str, Prediction] = {}
    predictor = Predictor(card, device)
    files = (AudioFile(os.path.join(data, clip.path), -1, -1) for clip in clips)
    for outcome in hear_all(files, card.folder, None, jobs, ahead=4 * jobs):
        if isinstance(outcome, Failure):
            log.warning("%s: %s (left out)", outcome.path, outcome.reason)
            continue
        assert isinstance(outcome, TrackFeatures)  # without a table of identities nothing is only identified
        answers[outcome.file.path] = predictor.predict([outcome])[0]
    clips = [clip for clip in clips if os.path.join(data, clip.path) in answers]
    if not clips:
        raise TaggerError(f"{data}: no clip of split {split!r} can be heard; see the log")
    ordered = [answers[os.path.join(data, clip.path)] for clip in clips]
    probabilities = np.array([list(answer.genres.values()) for answer in ordered])
    return figures(clips, probabilities, np.array([answer.energy for answer in ordered]))
