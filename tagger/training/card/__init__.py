"""The card of a model: `CARD.md` and its pictures, made from a fresh measurement."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from tagger.errors import TaggerError
from tagger.model_card import ModelCard
from tagger.training.bootstrap import N_RESAMPLES
from tagger.training.breakdown import confusion
from tagger.training.card.measured import Measured, measure
from tagger.training.card.text import card_text
from tagger.training.clips import GENRES, Clip
from tagger.training.datasets import in_genres, read
from tagger.training.evaluate import Answers
from tagger.training.metrics import top_hits
from tagger.training.pictures import draw_confusion, draw_energy, draw_reliability
from tagger.types import FloatArray

__all__ = ["Measured", "can_have_card", "card_text", "draw_answers", "measure", "write_card"]


def can_have_card(card: ModelCard) -> bool:
    """Whether a model hears the genres of the shipped ones, and energy: the card speaks of both."""
    return card.genres == GENRES and card.predicts_energy


def write_card(
    data: str,
    answers: Answers,
    jobs: int,
    device: str,
    n_resamples: int = N_RESAMPLES,
    layout: str | None = None,
) -> str:
    """Writes `CARD.md` with its pictures into the model's folder; the path of the card.

    `answers` are the model's to one split of the clips in `data`, whose `layout` is guessed where it is
    None; what it says of odd sounds and of clips in a poor state is measured here. Raises `TaggerError`
    for a model that cannot have such a card.
    """
    folder = answers.card.folder
    if not can_have_card(answers.card):
        raise TaggerError(
            f"{answers.card.id}: a card is written for models of all {len(GENRES)} genres and energy"
        )
    measured = measure(data, answers, jobs, device, n_resamples)
    draw_answers(folder, answers.clips, answers.probabilities, answers.energy)
    path = os.path.join(folder, "CARD.md")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(card_text(answers, measured, in_genres(read(data, layout))))
    return path


def draw_answers(folder: str, clips: Sequence[Clip], probabilities: FloatArray, energy: FloatArray) -> None:
    """`confusion.svg`, `reliability.svg` and, if there are clips of DEAM, `energy.svg` in `folder`."""
    known = np.array([bool(clip.genres) for clip in clips])
    hits = top_hits(clips, probabilities)
    draw_confusion(os.path.join(folder, "confusion.svg"), confusion(clips, probabilities), GENRES)
    draw_reliability(os.path.join(folder, "reliability.svg"), probabilities[known].max(axis=1), hits[known])
    rated = np.array([clip.dataset == "deam" and not np.isnan(clip.arousal) for clip in clips])
    if rated.any():
        arousal = np.array([clip.arousal for clip in clips])
        draw_energy(os.path.join(folder, "energy.svg"), arousal[rated], energy[rated])
