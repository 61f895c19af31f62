"""Hearing one file on the spot, for the commands that are asked about a file that no scan has met."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tagger.cli.output import shown
from tagger.errors import AudioError, TaggerError

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.types import Prediction, Recording, TrackFeatures


def hear_now(path: str, model: str | None, device: str = "auto") -> tuple[Recording, Prediction]:
    """What `model` (an id or a folder; None: the default) hears in the file, which is not stored.

    Raises `TaggerError` where there is no such file, or it holds no sound.
    """
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.predict import Predictor

    card = load_card(model or DEFAULT_MODEL)
    features = features_now(path, card)
    return features.recording, Predictor(card, device).predict([features])[0]


def features_now(path: str, card: ModelCard) -> TrackFeatures:
    """What the model gets to see of the file. Raises `TaggerError` as `hear_now` does."""
    from tagger.files import AudioFile
    from tagger.pipeline.extract import hear
    from tagger.types import Failure, TrackFeatures

    if not os.path.lexists(path):
        raise TaggerError(f"{shown(path)}: no such file; check the name")
    if os.path.isdir(path):
        raise TaggerError(f"{shown(path)}: a folder; name one file, or use `tagger scan` and `tagger list`")
    outcome = hear(AudioFile(path, -1, -1), card.folder)
    if isinstance(outcome, Failure):
        raise AudioError(f"{shown(path)}: {outcome.reason}")
    assert isinstance(outcome, TrackFeatures)  # without a table of identities nothing is only identified
    return outcome
