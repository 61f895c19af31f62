"""Hearing one file on the spot, for the commands that are asked about a file that no scan has met."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tagger.cli.output import shown
from tagger.errors import AudioError, TaggerError

if TYPE_CHECKING:
    from tagger.types import Prediction, Recording


def hear_now(path: str, model: str | None, device: str = "auto") -> tuple[Recording, Prediction]:
    """What `model` (an id or a folder; None: the default) hears in the file, which is not stored.

    Raises `TaggerError` where there is no such file, or it holds no sound.
    """
    from tagger.model_card import DEFAULT_MODEL, load_card
    from tagger.pipeline.hear import hear
    from tagger.predict import Predictor
    from tagger.types import AudioFile, Failure, TrackFeatures

    if not os.path.lexists(path):
        raise TaggerError(f"{shown(path)}: no such file; check the name")
    if os.path.isdir(path):
        raise TaggerError(f"{shown(path)}: a folder; name one file, or use `tagger scan` and `tagger list`")
    card = load_card(model or DEFAULT_MODEL)
    outcome = hear(AudioFile(path, -1, -1), card.folder)
    if isinstance(outcome, Failure):
        raise AudioError(f"{shown(path)}: {outcome.reason}")
    assert isinstance(outcome, TrackFeatures)  # without a table of identities nothing is only identified
    return outcome.recording, Predictor(card, device).predict([outcome])[0]
