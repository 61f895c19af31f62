"""Measures an installed model on real clips by the path that a scan takes."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from tagger.errors import TaggerError
from tagger.files import AudioFile
from tagger.model_card import ModelCard, load_card
from tagger.pipeline.workers import hear_all
from tagger.predict import Predictor
from tagger.training.clips import Clip
from tagger.training.datasets import in_genres, read
from tagger.training.metrics import figures
from tagger.types import Failure, FloatArray, Identified, Prediction, Recording, TrackFeatures

WINDOWS_OF_A_TRACK = 3
"""What a scan hears of a track of 30 s or more."""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a model said of labelled clips, one prediction for each.

    `predict_ms` is what the prediction alone of a track of three windows costs one core.
    """

    card: ModelCard
    clips: tuple[Clip, ...]
    predictions: tuple[Prediction, ...]
    predict_ms: float

    @property
    def probabilities(self) -> FloatArray:
        """(n, n_genres), in the order of the model's genres."""
        return np.array([list(answer.genres.values()) for answer in self.predictions])

    @property
    def energy(self) -> FloatArray:
        """(n,), quantiles 0–1; NaN if the model hears no energy."""
        return np.array([math.nan if answer.energy is None else answer.energy for answer in self.predictions])

    @property
    def bpm(self) -> FloatArray | None:
        """(n,) estimated tempi, NaN where there is none; None if the model tells no tempo at all."""
        if self.card.tempo is None:
            return None
        return np.array([math.nan if answer.bpm is None else answer.bpm for answer in self.predictions])

    def figures(self) -> dict[str, float]:
        """As `metrics.figures` defines them, of what the model hears."""
        probabilities = self.probabilities if self.card.genres else None
        energy = self.energy if self.card.energy_quantiles else None
        return figures(self.clips, probabilities, energy, self.bpm, self.card.genres)


def answers_of(
    data: str, split: str, model: str, jobs: int, device: str = "auto", layout: str | None = None
) -> Answers:
    """What a model says of the clips of one split: decode, log-mel, predict, average, as in a scan.

    Clips that cannot be heard are logged and left out. Raises `TaggerError` for a split without any
    that can, or a model none of whose genres is among the labels.
    """
    card = load_card(model)
    clips = [clip for clip in in_genres(read(data, layout), card.genres) if clip.split == split]
    if not clips:
        raise TaggerError(f"{data}: no clips in split {split!r}")
    if card.genres and not any(clip.genres for clip in clips):
        raise TaggerError(f"{data}: no clip in split {split!r} is labelled with a genre of {card.id}")
    heard, answers = [], []
    paths = [os.path.join(data, clip.path) for clip in clips]
    for clip, outcome in zip(clips, outcomes(paths, card, jobs, device), strict=True):
        if isinstance(outcome, Failure):
            log.warning("%s: %s (left out)", outcome.path, outcome.reason)
        else:
            heard.append(clip)
            answers.append(outcome)
    if not heard:
        raise TaggerError(f"{data}: no clip of split {split!r} can be heard; see the log")
    return Answers(card, tuple(heard), tuple(answers), predict_ms(card))


def outcomes(
    paths: Sequence[str], card: ModelCard, jobs: int, device: str = "auto"
) -> list[Prediction | Failure]:
    """What a scan would say of each file, in order."""
    predictor = Predictor(card, device)
    said: dict[str, Prediction | Failure] = {}
    files = (AudioFile(path, -1, -1) for path in paths)
    with _one_thread():
        for outcome in hear_all(files, card.folder, None, jobs, ahead=4 * jobs):
            if isinstance(outcome, Failure):
                said[outcome.path] = outcome
            else:
                assert not isinstance(outcome, Identified)  # without a table of identities nothing is
                said[outcome.file.path] = predictor.predict([outcome])[0]
    return [said[path] for path in paths]


def predict_ms(card: ModelCard, repeats: int = 20) -> float:
    """Milliseconds of processor time for the prediction alone of a track, on one thread of the CPU.

    The median of `repeats`. What else runs on the machine counts only as far as it slows memory and caches.
    """
    predictor = Predictor(card, "cpu")
    track, costs = _any_track(card), []
    with _one_thread():
        for _ in range(repeats + 1):
            began = time.process_time()
            predictor.predict([track])
            costs.append(1000 * (time.process_time() - began))
    return float(np.median(costs[1:]))


@contextmanager
def _one_thread() -> Iterator[None]:
    """For work in small pieces: threads that wait for the next one take the cores of those that decode."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _any_track(card: ModelCard) -> TrackFeatures:
    n, front_end = WINDOWS_OF_A_TRACK, card.front_end
    shape = (n, front_end.n_mels, front_end.n_frames)
    log_mels = np.random.default_rng(0).normal(-30, 10, shape).astype(np.float16)
    recording = Recording("", 60.0, "mp3", 44_100, 2)
    return TrackFeatures(AudioFile("", -1, -1), recording, (0.0,) * n, (False,) * n, log_mels)
