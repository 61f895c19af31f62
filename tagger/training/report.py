"""The report of a training run: pictures and a page that shows them, for whoever trains."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagger.training.card import draw_answers
from tagger.training.card.tables import table
from tagger.training.clips import Clip
from tagger.training.log import read_log
from tagger.training.metrics import figures, measured
from tagger.training.pictures import draw_curves, draw_log_mels
from tagger.types import FloatArray

N_EXAMPLES = 9


def write_report(
    folder: str,
    log: str,
    clips: Sequence[Clip],
    probabilities: FloatArray,
    energy: FloatArray,
    log_mels: Sequence[NDArray[np.float16]],
) -> str:
    """Writes `report.md` and its pictures into `folder`, which is made; the path of the page.

    `log` is the run's CSV log. The rest are the validation clips, the network's answers to them
    (calibrated probabilities (n, n_genres), energy (n,) on any scale) and their log-mels.
    """
    os.makedirs(folder, exist_ok=True)
    columns = read_log(log)
    if columns:
        draw_curves(os.path.join(folder, "curves.svg"), columns)
    draw_answers(folder, clips, probabilities, energy)
    examples = _examples(clips)
    titles = [_title(clips[i]) for i in examples]
    draw_log_mels(os.path.join(folder, "log-mels.webp"), titles, [log_mels[i] for i in examples])
    path = os.path.join(folder, "report.md")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(_page(columns, measured(figures(clips, probabilities, energy)), os.listdir(folder)))
    return path


def _examples(clips: Sequence[Clip]) -> list[int]:
    """Up to nine clips, as far as possible of as many genres: the first with each first label."""
    first = {clip.genres[0]: i for i, clip in reversed(list(enumerate(clips))) if clip.genres}
    rest = [i for i in range(len(clips)) if i not in first.values()]
    return ([first[genre] for genre in sorted(first)] + rest)[:N_EXAMPLES]


def _title(clip: Clip) -> str:
    return f"{', '.join(clip.genres) or 'no label'} ({clip.dataset})"


def _page(columns: dict[str, NDArray[np.float64]], told: dict[str, float], there: list[str]) -> str:
    rows = [(name, f"{value:.3f}") for name, value in told.items()]
    parts = ["# Training report", "On the validation split, with the weights at the end:"]
    parts.append(table(("figure", "value"), rows))
    if columns:
        seconds = columns.get("seconds")
        took = "" if seconds is None else f", {np.nansum(seconds) / 60:.1f} minutes"
        parts.append(f"{len(columns['epoch'])} epochs{took}; the last loss was {columns['loss'][-1]:.3f}.")
    pictures = {
        "curves.svg": "Loss and figures over the epochs",
        "confusion.svg": "Confusion matrix",
        "reliability.svg": "Reliability diagram",
        "energy.svg": "Energy against arousal",
        "log-mels.webp": "Example log-mels",
    }
    parts += [f"## {text}\n\n![{text}]({name})" for name, text in pictures.items() if name in there]
    return "\n\n".join(parts) + "\n"
