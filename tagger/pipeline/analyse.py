"""One file on the spot, for the commands that are asked about a file that no scan has met."""

from __future__ import annotations

import os
from collections.abc import Callable

from tagger.errors import AudioError, TaggerError
from tagger.files import AudioFile
from tagger.model_card import ModelCard
from tagger.pipeline.extract import hear
from tagger.pipeline.recorder import Predicts
from tagger.types import Analysis, Failure, TrackFeatures


def analyse_file(path: str, card: ModelCard, load_predictor: Callable[[], Predicts]) -> Analysis:
    """Analyse one file with the model of `card`; nothing is stored.

    `load_predictor` gives the model's predictor, and is called when the file could be read. Raises
    TaggerError where there is no such file, and AudioError where it holds no sound.
    """
    features = extract_file(path, card)
    return Analysis(features.file, features.recording, load_predictor().predict([features])[0])


def extract_file(path: str, card: ModelCard) -> TrackFeatures:
    """Extract the features of one file, as the model of `card` wants them; raise as `analyse_file` does."""
    if not os.path.lexists(path):
        raise TaggerError(f"{path}: no such file; check the name")
    if os.path.isdir(path):
        raise TaggerError(f"{path}: a folder; name one file, or use `tagger scan` and `tagger list`")
    outcome = hear(AudioFile(path, -1, -1), card.folder)
    if isinstance(outcome, Failure):
        raise AudioError(f"{path}: {outcome.reason}")
    assert isinstance(outcome, TrackFeatures)  # without a table of identities nothing is only identified
    return outcome
