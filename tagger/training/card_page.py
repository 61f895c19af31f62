"""The card of a model: `CARD.md` and its pictures, made from a fresh measurement by `CARD.md.j2`."""

from __future__ import annotations

import json
import math
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from safetensors.numpy import load_file

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.model_card import WEIGHTS_FILE, ModelCard, of_second
from tagger.nets import build
from tagger.training.album_figures import AlbumFigures, album_figures
from tagger.training.breakdown import (
    ENERGY_TRUTH,
    N_RESAMPLES,
    Estimate,
    Part,
    by_dataset,
    by_genre,
    confusion,
    hit_and_confidence,
    overall,
)
from tagger.training.clips import GENRES, LEARNED, Clip
from tagger.training.datasets import in_genres, read
from tagger.training.evaluation import Evaluation, evaluate
from tagger.training.heads.measure import SaidWords, mood_of, said_words
from tagger.training.metrics import top_hits
from tagger.training.pictures import draw_confusion, draw_energy, draw_reliability
from tagger.training.robustness import CHANGES, answers_to_unmusical_sounds, evaluate_changed
from tagger.types import Failure, FloatArray, Prediction

TEMPLATE = "CARD.md.j2"

NOT_RECORDED = "not recorded"

N_RAREST = 4
"""Genres with the fewest training clips that the card names."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures with intervals: of all clips, by data set, by genre, and of the clips when `changed`.

    `unmusical` are the model's answers to sounds that are no music. `albums` has by split what pooling the
    clips of an artist is worth. `by_artist` and `mood` count each artist once; `mood` is empty and `words`
    None where there is nothing to hold the answers to.
    """

    overall: Mapping[str, Estimate]
    by_dataset: Mapping[str, Part]
    by_genre: Mapping[str, Part]
    changed: Mapping[str, Mapping[str, Estimate]]
    unmusical: Mapping[str, Prediction | Failure]
    albums: Mapping[str, AlbumFigures]
    by_artist: Mapping[str, Estimate]
    mood: Mapping[str, Estimate]
    words: SaidWords | None


def can_have_card(card: ModelCard) -> bool:
    """Tell whether a model predicts the genres of the shipped ones, and energy: the card describes both."""
    return card.genres == GENRES and card.predicts_energy


def write_card(
    data: str,
    evaluation: Evaluation,
    jobs: int,
    device: str,
    n_resamples: int = N_RESAMPLES,
    layout: str | None = None,
) -> str:
    """Write `CARD.md` with its pictures into the model's folder; gives the path of the card.

    `evaluation` is the model's on one split of the clips in `data`, whose `layout` is guessed where it is
    None; its answers to sounds that are no music and to clips in a poor state are measured here. Raises
    `TaggerError` for a model that cannot have such a card.
    """
    folder = evaluation.card.folder
    if not can_have_card(evaluation.card):
        raise TaggerError(
            f"{evaluation.card.id}: a card is written for models of all {len(GENRES)} genres and energy"
        )
    measured = measure(data, evaluation, jobs, device, n_resamples)
    draw_answers(folder, evaluation.clips, evaluation.probabilities, evaluation.energy)
    path = os.path.join(folder, "CARD.md")
    replace_atomically(path, card_text(evaluation, measured, in_genres(read(data, layout))).encode())
    return path


def draw_answers(folder: str, clips: Sequence[Clip], probabilities: FloatArray, energy: FloatArray) -> None:
    """Draw `confusion.svg`, `reliability.svg` and, if there are clips of DEAM, `energy.svg` in `folder`."""
    known = np.array([bool(clip.genres) for clip in clips])
    hits = top_hits(clips, probabilities)
    draw_confusion(os.path.join(folder, "confusion.svg"), confusion(clips, probabilities), GENRES)
    draw_reliability(os.path.join(folder, "reliability.svg"), probabilities[known].max(axis=1), hits[known])
    rated = np.array([clip.dataset == "deam" and not np.isnan(clip.arousal) for clip in clips])
    if rated.any():
        arousal = np.array([clip.arousal for clip in clips])
        draw_energy(os.path.join(folder, "energy.svg"), arousal[rated], energy[rated])


def measure(data: str, evaluation: Evaluation, jobs: int, device: str, n_resamples: int) -> Measured:
    """Measure all that the card shows; takes minutes, for the clips are analysed again after each change."""
    clips, probabilities, energy = evaluation.clips, evaluation.probabilities, evaluation.energy
    changed = {"as they are": hit_and_confidence(clips, probabilities, n_resamples)}
    for name, change in CHANGES.items():
        again = evaluate_changed(data, evaluation, change, jobs, device)
        changed[name] = hit_and_confidence(again.clips, again.probabilities, n_resamples)
    return Measured(
        overall=overall(clips, probabilities, energy, evaluation.bpm, n_resamples),
        by_dataset=by_dataset(clips, probabilities, energy, n_resamples),
        by_genre=by_genre(clips, probabilities, n_resamples),
        changed=changed,
        unmusical=answers_to_unmusical_sounds(evaluation.card, jobs, device),
        albums=_albums(data, evaluation, jobs, device, n_resamples),
        by_artist=evaluation.figures_by_artist(n_resamples),
        mood=mood_of(evaluation, n_resamples),
        words=said_words(data, evaluation, n_resamples),
    )


def _albums(
    data: str, evaluation: Evaluation, jobs: int, device: str, n_resamples: int
) -> dict[str, AlbumFigures]:
    """Measure pooled answers on the split of `evaluation`, and on that where the pooling was fitted."""
    split, card, found = evaluation.clips[0].split, evaluation.card, {}
    for name in dict.fromkeys(("valid", split)):
        try:
            one = evaluation if name == split else evaluate(data, name, card.folder, jobs, device)
        except TaggerError:  # the data has no such split
            continue
        figures = album_figures(one.clips, one.probabilities, card.base_rates, card.genres, n_resamples)
        if figures:
            found[name] = figures
    return found


def card_text(evaluation: Evaluation, measured: Measured, every_clip: Sequence[Clip]) -> str:
    """Fill in the template; `every_clip` of the data folder gives the counts of the training data."""
    card, split = evaluation.card, evaluation.clips[0].split
    trained = Counter(genre for clip in every_clip if clip.split in LEARNED for genre in clip.genres)
    text: str = _template(TEMPLATE).render(
        card=card,
        training=card.training,
        heads=card.training.get("heads", {}),
        measured=measured,
        not_recorded=NOT_RECORDED,
        energy_truth=ENERGY_TRUTH,
        parameters=_n_parameters(card),
        megabytes=os.path.getsize(os.path.join(card.folder, WEIGHTS_FILE)) / 1e6,
        predict_ms=evaluation.predict_ms,
        machine=platform.machine(),
        shortest_s=min(clip.length_s for clip in every_clip),
        longest_s=max(clip.length_s for clip in every_clip),
        sources=_sources(every_clip, split),
        run=_run(card.training),
        settings=_settings(card.training),
        split=split,
        n_measured=len(evaluation.clips),
        n_labelled=sum(bool(clip.genres) for clip in evaluation.clips),
        n_trained_with=trained,
        rarest=sorted(card.genres, key=lambda genre: trained[genre])[:N_RAREST],
    )
    return text


def _template(name: str) -> Any:
    # Markdown is no HTML, so nothing is escaped; a name that is not given is a fault of ours, not a blank.
    environment = Environment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "answered": _answered,
        "figure": _figure,
        "share": _share,
        "interval": _interval,
        "json": json.dumps,
        "kept": _kept,
        "number": _number,
    }
    return environment.from_string((files("tagger.training") / name).read_text(encoding="utf-8"))


def _n_parameters(card: ModelCard) -> int:
    network = build(card.network, card.front_end.n_mels, len(card.genres))
    weights = load_file(os.path.join(card.folder, WEIGHTS_FILE)) if card.second else {}
    return sum(p.numel() for p in network.parameters()) + sum(p.size for p in of_second(weights).values())


def _sources(clips: Sequence[Clip], split: str) -> list[tuple[str, int, int]]:
    """Count by data set the clips to train on and those of the split."""
    trained = Counter(clip.dataset for clip in clips if clip.split in LEARNED)
    measured = Counter(clip.dataset for clip in clips if clip.split == split)
    return [(name, trained[name], measured[name]) for name in sorted(trained | measured)]


def _run(training: Mapping[str, object]) -> str:
    parts = [f"{training['epochs']} epochs"] if "epochs" in training else []
    parts += [f"on {training['device']}"] if "device" in training else []
    parts += [f"finished {training['finished']}"] if "finished" in training else []
    return ", ".join(parts) or NOT_RECORDED


def _settings(training: Mapping[str, object]) -> dict[str, object] | None:
    settings = training.get("settings")
    if not isinstance(settings, Mapping):
        return None
    return {name: value for name, value in settings.items() if name != "network"}


def _number(value: object) -> str:
    """Write a count with commas; a fact that `model.json` does not hold is "not recorded"."""
    return f"{value:,}" if isinstance(value, int) else NOT_RECORDED


def _interval(estimate: Estimate, places: int) -> str:
    """Write the ends of an interval, or nothing where it is not defined."""
    if math.isnan(estimate.low):
        return ""
    return f"({estimate.low:.{places}f} to {estimate.high:.{places}f})"


def _figure(part: Part, name: str) -> str:
    """Write a figure of a part with its interval; a dash where it is not defined."""
    estimate = part.figures.get(name)
    if estimate is None or math.isnan(estimate.value):
        return "–"
    return f"{estimate.value:.2f} {_interval(estimate, 2)}"


def _share(value: float | None) -> str:
    """Write a share; a dash where it is not defined."""
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def _kept(shares: tuple[float, float] | None) -> str:
    """Write the share that was right, and of how many; a dash where nothing was so sure."""
    return "–" if shares is None else f"{shares[0]:.3f} of {shares[1]:.0%}".replace("%", " %")


def _answered(answer: Prediction | Failure) -> tuple[str, str, str]:
    """Write genre, confidence and energy of an answer, or why there is none."""
    if isinstance(answer, Failure):
        return f"refused: {answer.reason}".replace("|", "\\|"), "", ""
    genre = "none (silent)" if answer.silent else answer.genre or "–"
    if answer.sound != "music":
        genre = f"no music: {answer.sound}"
    confidence, energy = (
        "–" if value is None else f"{value:.2f}" for value in (answer.genre_confidence, answer.energy)
    )
    return genre, confidence, energy
