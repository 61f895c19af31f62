"""Measured figures as Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tagger.training.bootstrap import Estimate
from tagger.training.breakdown import ENERGY_TRUTH, Part
from tagger.types import Failure, Prediction

MEANINGS = {
    "hit": "the first genre is among the labels",
    "hit_top3": "one of the first three genres is",
    "genre_map": "mean over the genres of the average precision",
    "calibration_error": "expected calibration error of the confidence, ten bins (less is better)",
    "deam_r": "Pearson's r of energy with DEAM's arousal",
    "4q_auc": "area under the ROC curve of energy, high against low arousal of 4Q",
    "tempo_acc1": "tempo within 4 % of the annotation, clips of 10 s and more",
    "tempo_acc2": "the same, or two, three, half or a third of it",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a `|` in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def figure_table(figures: Mapping[str, Estimate]) -> str:
    """All figures, three places, with what each means."""
    rows = [
        (f"`{name}`", f"{e.value:.3f}", interval(e, 3), MEANINGS.get(name, "")) for name, e in figures.items()
    ]
    return table(("figure", "value", "95 % interval", "meaning"), rows)


def dataset_table(parts: Mapping[str, Part]) -> str:
    """By data set; a dash where it has no genres or no ratings."""
    rows = [
        (
            f"`{name}`",
            str(part.n_clips),
            _shown(part, "hit"),
            _shown(part, "hit_top3"),
            _shown(part, "energy"),
            ENERGY_TRUTH[name][0] if "energy" in part.figures else "",
        )
        for name, part in parts.items()
    ]
    return table(("data set", "clips", "hit", "top 3", "energy", "which is"), rows)


def genre_table(parts: Mapping[str, Part], trained: Mapping[str, int]) -> str:
    """By genre, in the order given; `trained` counts the training clips with each label."""
    names = ("recall", "recall_top3", "precision", "average_precision")
    rows = []
    for genre, part in parts.items():
        counts = (trained.get(genre, 0), part.n_clips, part.n_called)
        rows.append((genre, *map(str, counts), *(_shown(part, name) for name in names)))
    measures = ("recall", "in the first three", "precision", "average precision")
    return table(("genre", "in training", "labelled", "called so", *measures), rows)


def odd_table(answers: Mapping[str, Prediction | Failure]) -> str:
    """What was said of each odd sound."""
    return table(("input", "genre", "confidence", "energy"), [_odd_row(*pair) for pair in answers.items()])


def changed_table(figures: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Hit and confidence of the same clips in each state."""
    rows = [
        (name, *(f"{e[key].value:.3f} {interval(e[key], 3)}" for key in ("hit", "confidence")))
        for name, e in figures.items()
    ]
    return table(("clips", "hit", "mean confidence"), rows)


def interval(estimate: Estimate, places: int) -> str:
    """The ends of an interval, or nothing where it is not defined."""
    if math.isnan(estimate.low):
        return ""
    return f"({estimate.low:.{places}f} to {estimate.high:.{places}f})"


def _shown(part: Part, name: str) -> str:
    estimate = part.figures.get(name)
    if estimate is None or math.isnan(estimate.value):
        return "–"
    return f"{estimate.value:.2f} {interval(estimate, 2)}"


def _odd_row(name: str, answer: Prediction | Failure) -> tuple[str, ...]:
    if isinstance(answer, Failure):
        return name, f"refused: {answer.reason}", "", ""
    genre = "none (silent)" if answer.silent else answer.genre or "–"
    figures = (answer.genre_confidence, answer.energy)
    return name, genre, *("–" if value is None else f"{value:.2f}" for value in figures)
