"""What a model's words and moods are worth, by its answers to the clips of one split."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.training.breakdown import N_RESAMPLES, Estimate
from tagger.training.by_artist import artist_counts
from tagger.training.clips import GENRES, LEARNED, Clip
from tagger.training.datasets.layouts import TABLE, read_table
from tagger.training.evaluation import Evaluation
from tagger.training.heads.mood import mood_figures
from tagger.training.heads.taught_words import agreements, margins_of
from tagger.training.heads.word_list import WORDS, TaughtWord
from tagger.training.metrics import calibration_error, labels_of, ranking
from tagger.training.targets import teacher_answers
from tagger.types import HAS_WORD, MOODS, FloatArray, WordKind


@dataclass(frozen=True, slots=True)
class SaidWord:
    """How a word is said beside the teacher, each artist counting once.

    `agreement` is as `taught_words.agreements` measures it. `said` is the share of the clips that the word is
    said of, `precision` the share of these of which the teacher says it, NaN for none, `recall` the share of
    those of which the teacher says it. `near` is the genre label of people that goes with the word, `people`
    how well the word finds the clips with that label among all labelled ones: the area under the ROC curve,
    NaN where there is no such label.
    """

    kind: WordKind
    agreement: Estimate
    near: str
    people: float
    said: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class SaidWords:
    """All words of a model beside the teacher; the figures are over all pairs of a clip and a word."""

    words: Mapping[str, SaidWord]
    precision: float
    recall: float
    calibration_error: float

    def summary(self) -> dict[str, float]:
        """Give the mean agreement over the words, and the figures over all pairs."""
        return {
            "words_agreement": float(np.mean([word.agreement.value for word in self.words.values()])),
            "words_precision": self.precision,
            "words_recall": self.recall,
            "words_calibration_error": self.calibration_error,
        }


def said_words(data: str, evaluation: Evaluation, n_resamples: int = N_RESAMPLES) -> SaidWords | None:
    """Hold the words of a model's answers to those of the teacher; None where there are none of either.

    What the teacher says of all clips of `data` decides how strong an answer must be to count. Only words of
    `WORDS` are measured, for of others nobody knows what the teacher calls them.
    """
    words = [word for word in WORDS if any(word.name == known.name for known in evaluation.card.words)]
    found = _margins(data, words)
    pairs = [
        (clip, found[clip.path], answer)
        for clip, answer in zip(evaluation.clips, evaluation.predictions, strict=True)
        if clip.path in found and answer.words
    ]
    if not pairs:
        return None
    clips = [clip for clip, _, _ in pairs]
    margins = np.array([margin for _, margin, _ in pairs])
    probabilities = np.array([[answer.words[word.name] for word in words] for _, _, answer in pairs])
    return _compared(words, clips, margins, probabilities, n_resamples)


def mood_of(evaluation: Evaluation, n_resamples: int = N_RESAMPLES) -> dict[str, Estimate]:
    """Measure the moods of a model's answers as `mood.mood_figures` does; empty where no clip has one."""
    pairs = [
        (clip, answer)
        for clip, answer in zip(evaluation.clips, evaluation.predictions, strict=True)
        if clip.quadrant and answer.mood
    ]
    if not pairs:
        return {}
    return mood_figures(
        [clip for clip, _ in pairs],
        np.array([1 + MOODS.index(answer.mood) for _, answer in pairs if answer.mood]),
        np.array([answer.mood_confidence for _, answer in pairs], float),
        np.array([answer.valence for _, answer in pairs], float),
        n_resamples,
    )


def _margins(data: str, words: list[TaughtWord]) -> dict[str, FloatArray]:
    """Give the teacher's margins (n_words,) by the path of the clip; empty where it was not asked."""
    if not words or not os.path.isfile(os.path.join(data, TABLE)):
        return {}
    clips = read_table(data)
    tags = teacher_answers(data, clips)[0].numpy().astype(np.float64)
    known = np.flatnonzero(~np.isnan(tags).any(axis=1))
    is_reference = np.array([clips[i].split in LEARNED for i in known])
    if not is_reference.any():
        return {}
    margins = margins_of(tags[known], is_reference, words)
    return {clips[i].path: margin for i, margin in zip(known, margins, strict=True)}


def _compared(
    words: list[TaughtWord],
    clips: list[Clip],
    margins: FloatArray,
    probabilities: FloatArray,
    n_resamples: int,
) -> SaidWords:
    agreement = agreements(clips, probabilities, margins, words, n_resamples)
    said, meant = probabilities >= HAS_WORD, margins > 0
    counts = np.broadcast_to(artist_counts(clips)[:, None], said.shape)
    return SaidWords(
        {
            word.name: SaidWord(
                word.kind,
                agreement[word.name],
                word.near,
                _people(word, clips, probabilities[:, i]),
                _share(said[:, i], counts[:, i]),
                _share(meant[:, i], counts[:, i] * said[:, i]),
                _share(said[:, i], counts[:, i] * meant[:, i]),
            )
            for i, word in enumerate(words)
        },
        _share(meant, counts * said),
        _share(said, counts * meant),
        calibration_error(probabilities.ravel(), meant.ravel(), counts=counts.ravel()),
    )


def _people(word: TaughtWord, clips: list[Clip], probability: FloatArray) -> float:
    named, perhaps = labels_of(clips)
    if word.near not in GENRES:
        return math.nan
    genre = GENRES.index(word.near)
    decided = (named | perhaps).any(axis=1) & ~perhaps[:, genre]
    counts = artist_counts(clips)
    return ranking(named[decided, genre].astype(float), probability[decided], counts[decided])


def _share(so: NDArray[np.bool_], counts: FloatArray) -> float:
    """The share of what counts that is so; NaN where nothing counts."""
    return float(np.average(so, weights=counts)) if counts.any() else math.nan
