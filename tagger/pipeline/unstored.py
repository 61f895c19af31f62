"""Hearing files without a word to the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tagger.files import AudioFile
from tagger.pipeline.recorder import Predicts
from tagger.pipeline.run import batched
from tagger.pipeline.workers import hear_all
from tagger.types import Failure, Prediction, TrackFeatures

BATCH = 16
"""Tracks between two answers: small, for somebody is watching."""


def hear_unstored(
    files: Iterable[AudioFile], model_folder: str, predictor: Predicts, jobs: int
) -> Iterator[tuple[TrackFeatures, Prediction] | Failure]:
    """Yield what the model hears in each file, or why it cannot be heard, in any order."""
    for batch in batched(hear_all(files, model_folder, None, jobs, ahead=4 * BATCH), BATCH):
        yield from (outcome for outcome in batch if isinstance(outcome, Failure))
        tracks = [outcome for outcome in batch if isinstance(outcome, TrackFeatures)]
        yield from zip(tracks, predictor.predict(tracks), strict=True)
