"""Analyse files without a database: on the spot, and many to compare two models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from tagger.errors import AudioError, TaggerError
from tagger.files import AudioFile
from tagger.genre_words import NOTHING, Words, says_genre
from tagger.pipeline.ingest import Predicts
from tagger.pipeline.scan import batched
from tagger.pipeline.workers import analyse, extract, extract_all
from tagger.types import Analysis, Failure, OwnTags, TrackFeatures

if TYPE_CHECKING:
    from tagger.model_card import ModelCard

BATCH = 16
"""Tracks between two answers: small, for somebody is watching."""


def analyse_file(
    path: str, card: ModelCard, load_predictor: Callable[[], Predicts], nothing: Words = NOTHING
) -> Analysis:
    """Analyse one file with the model of `card`; nothing is stored.

    `load_predictor` gives the model's predictor, and is called when the file could be read. Of the file's own
    genres, the words that say `nothing` are left out. Raises TaggerError where there is no such file, and
    AudioError where it holds no sound.
    """
    features = extract_file(path, card)
    (answer,) = load_predictor().predict([features])
    own = features.recording.own or OwnTags()
    said = replace(own, genres=tuple(genre for genre in own.genres if says_genre(genre, nothing)))
    return Analysis(features.file, replace(features.recording, own=said), answer)


def extract_file(path: str, card: ModelCard) -> TrackFeatures:
    """Extract the features of one file, as the model of `card` wants them; raise as `analyse_file` does."""
    from tagger.pipeline.extract import extract_features

    if not os.path.lexists(path):
        raise TaggerError(f"{path}: no such file; check the name")
    if os.path.isdir(path):
        raise TaggerError(f"{path}: a folder; name one file, or use `tagger scan` and `tagger list`")
    outcome = extract_features(AudioFile(path, -1, -1), card.folder)
    if isinstance(outcome, Failure):
        raise AudioError(f"{path}: {outcome.reason}")
    assert isinstance(outcome, TrackFeatures)  # without a table of known sounds nothing is only identified
    return outcome


def analyse_all(
    files: Iterable[AudioFile], card: ModelCard, load_predictor: Callable[[], Predicts] | None, jobs: int
) -> Iterator[Analysis | Failure]:
    """Yield what a model predicts of each file, or why it cannot be analysed, in any order.

    `load_predictor` gives what predicts in this process; None: the workers do.
    """
    predict = cache(load_predictor) if load_predictor else None
    work = extract if predict else analyse
    for batch in batched(extract_all(files, card.folder, jobs=jobs, ahead=4 * BATCH, work=work), BATCH):
        yield from (outcome for outcome in batch if isinstance(outcome, Failure | Analysis))
        tracks = [outcome for outcome in batch if isinstance(outcome, TrackFeatures)]
        for track, answer in zip(tracks, predict().predict(tracks) if predict else (), strict=True):
            yield Analysis(track.file, track.recording, answer)
