"""The worth of trained recipes: figures on the test split as JSON, the table of them all, a run's report."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.nets import Network
from tagger.nets.classic import MelCnn
from tagger.training.breakdown import confusion
from tagger.training.card_page import draw_answers
from tagger.training.clips import Clip
from tagger.training.corpus import Corpus
from tagger.training.evaluation import Evaluation, answers, window_accuracy
from tagger.training.loop import read_log
from tagger.training.metrics import accuracy_figures, figures, labels_of, measured, tempo_error_figures
from tagger.training.pictures import draw_confusion, draw_curves, draw_log_mels
from tagger.training.recipes import RECIPES
from tagger.types import FloatArray

FOLDER, TABLE = "recipes", "RECIPES.md"
"""Inside the folder of results: a JSON file and two pictures for each recipe, and the table."""

N_EXAMPLES = 9
"""Log-mels in the report of a run."""

INTRODUCTION = """# Recipes

Written by `tagger train --recipe NAME --results models` from measured results (`recipes/*.json`), one
line for each recipe, data set and network, the mean over its seeds. Test split; tracks are measured by
the path that a scan takes. Where the data is "clips.csv", it is excerpts of 2 to 16 s of DEAM, 4Q, GTZAN
and Emotify: FMA and GTZAN as a whole, on which the authors reported, are other music, so their figures
stand beside the measured ones, not against them. "Commonest" is the accuracy of always answering one
genre. Macro F1 is the mean over the genres; ms is the prediction alone of a track of three windows on
one core. Curves and confusion matrices of the last run of each recipe lie in `recipes/`.

"""

HEAD = (
    "recipe", "reported by its authors", "data", "genres", "clips to train on / test", "seeds", "epochs",
    "commonest", "top-1", "top-3", "macro F1", "RMSE BPM", "Acc1", "Acc2",
    "parameters", "ms", "minutes to train", "date",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One run of a recipe, measured: `figures` begin with `test_`; `facts` are `trainer.facts_of` the run.

    `confusion` is (n_genres, n_genres), None for a recipe without genres. `predict_ms` is the time that a
    track of three windows costs one core, None for a recipe that takes no sound.
    """

    recipe: str
    figures: dict[str, float]
    facts: dict[str, Any]
    genres: tuple[str, ...]
    confusion: FloatArray | None
    parameters: int
    predict_ms: float | None

    def row(self) -> dict[str, Any]:
        """Give the figures and the facts of the run, ready for JSON."""
        figures = {name: round(f, 4) for name, f in measured(self.figures).items()}
        cost = {"parameters": self.parameters, "predict_ms": self.predict_ms and round(self.predict_ms, 1)}
        return {"recipe": self.recipe, **figures, **cost, "genres": len(self.genres), **self.facts}


def result_of_scan(
    network: Network, test: Corpus, evaluation: Evaluation, facts: Mapping[str, Any]
) -> Result:
    """Give the result of a model that was measured by the path that a scan takes."""
    clips, genres, matrix = evaluation.clips, evaluation.card.genres, None
    figures: dict[str, float] = {}
    if genres:
        figures, matrix = _classifier_figures(clips, evaluation.probabilities, genres)
    if evaluation.bpm is not None and not genres:
        asked = {clip.path for clip in test.clips}
        annotated = np.array([clip.bpm if clip.path in asked else np.nan for clip in clips])
        figures |= tempo_error_figures(annotated, evaluation.bpm)
        figures["std_bpm"] = float(np.nanstd(annotated))
    if isinstance(network, MelCnn) and network.window_frames:
        figures["window_accuracy"] = window_accuracy(network, test)
    return _result(network, figures, facts, genres, matrix, evaluation.predict_ms)


def result_of_table(network: Network, test: Corpus, facts: Mapping[str, Any]) -> Result:
    """Give the result of a network that takes no sound."""
    probabilities, _ = answers(network, test, torch.device("cpu"))
    figures, matrix = _classifier_figures(test.clips, probabilities, test.genres)
    return _result(network, figures, facts, test.genres, matrix, None)


def _classifier_figures(
    clips: Sequence[Clip], probabilities: FloatArray, genres: Sequence[str]
) -> tuple[dict[str, float], FloatArray]:
    """Measure a classifier; gives its confusion matrix too."""
    figures = accuracy_figures(clips, probabilities, genres)
    return figures | {"commonest_genre": _commonest(clips, genres)}, confusion(clips, probabilities, genres)


def _commonest(clips: Sequence[Clip], genres: Sequence[str]) -> float:
    """Give the accuracy of always answering the same genre, the best one to answer."""
    named, perhaps = labels_of(clips, genres)
    labelled = (named | perhaps)[(named | perhaps).any(axis=1)]
    return float(labelled.mean(axis=0).max())


def _result(
    network: Network,
    figures: Mapping[str, float],
    facts: Mapping[str, Any],
    genres: tuple[str, ...],
    matrix: FloatArray | None,
    predict_ms: float | None,
) -> Result:
    n_parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
    named = {f"test_{name}": value for name, value in figures.items()}
    return Result(facts["recipe"], named, dict(facts), genres, matrix, n_parameters, predict_ms)


def write_short_card(folder: str, result: Result) -> None:
    """Write the `CARD.md` of a model that is not one of those that ship: what it is, and its figures."""
    recipe, facts = RECIPES[result.recipe], result.facts
    figures = [(name.removeprefix("test_"), f"{value:.3f}") for name, value in result.figures.items()]
    parts = [
        f"# {os.path.basename(os.path.abspath(folder))}",
        f"Recipe `{recipe.name}`: {recipe.about}. {result.parameters:,} parameters.",
        f"Trained on {facts['clips']:,} clips of {facts['data']}; epochs: {facts['epochs']}.",
        f"Genres: {', '.join(result.genres) or 'none'}.",
        f"On {facts['test_clips']:,} clips of the test split:",
        markdown_table(("figure", "value"), figures),
    ]
    _write(os.path.join(folder, "CARD.md"), "\n\n".join(parts) + "\n")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; a `|` in a cell is escaped.

    >>> print(markdown_table(("figure", "value"), [("hit", "0.600")]))
    | figure | value |
    | --- | --- |
    | hit | 0.600 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# The table of all recipes.


def check_results(folder: str) -> None:
    """Raise `TaggerError` where `record` could not write into the folder, or not read the files there."""
    try:
        os.makedirs(os.path.join(folder, FOLDER), exist_ok=True)
        for name in RECIPES:
            _rows(os.path.join(folder, FOLDER, f"{name}.json"))
    except (OSError, ValueError) as error:
        raise TaggerError(f"{folder}: cannot keep results ({error}); choose another --results") from None


def record(folder: str, result: Result, log: Mapping[str, FloatArray]) -> None:
    """Add a result to those in `folder`, draw its pictures, and write the table anew.

    It takes the place of one on the same data with the same seed. `log` is that of the run.
    """
    path = os.path.join(folder, FOLDER, f"{result.recipe}.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    row = result.row()
    rows = [old for old in _rows(path) if _run_key(old) != _run_key(row)] + [row]
    _write(path, json.dumps(rows, indent=1) + "\n")
    stem = path.removesuffix(".json")
    draw_curves(f"{stem}-curves.svg", log)
    if result.confusion is not None:
        draw_confusion(f"{stem}-confusion.svg", result.confusion, result.genres)
    write_table(folder)


def write_table(folder: str) -> str:
    """Write `RECIPES.md` from the JSON files in `folder`; gives its path."""
    lines = []
    for name, recipe in RECIPES.items():
        runs = _rows(os.path.join(folder, FOLDER, f"{name}.json"))
        for key in dict.fromkeys(map(_line_key, runs)):
            lines.append(_line(name, recipe.reported, [run for run in runs if _line_key(run) == key]))
    path = os.path.join(folder, TABLE)
    _write(path, INTRODUCTION + markdown_table(HEAD, lines) + "\n" + _notes(folder))
    return path


def _line(name: str, reported: str, runs: Sequence[Mapping[str, Any]]) -> list[str]:
    def mean(column: str, digits: int) -> str:
        values = [run[column] for run in runs if run.get(column) is not None]
        return f"{np.mean(values):,.{digits}f}" if values else "–"

    last = runs[-1]
    names = ("commonest_genre", "accuracy", "top3", "macro_f1")
    figures = [mean(f"test_{name}", 3) for name in names]
    tempo = [mean("test_rmse_bpm", 1), mean("test_acc1", 3), mean("test_acc2", 3)]
    cost = [mean("parameters", 0), mean("predict_ms", 1)]
    clips = f"{last['clips']:,} / {last['test_clips']:,}"
    seeds = str(len({run["settings"]["seed"] for run in runs}))
    minutes = f"{np.mean([run['seconds'] for run in runs]) / 60:,.0f} ({last['device']})"
    described = [last["data"], str(last["genres"] or "–"), clips, seeds, str(last["epochs"])]
    return [f"`{name}`", reported, *described, *figures, *tempo, *cost, minutes, last["finished"]]


def _notes(folder: str) -> str:
    """List the facts that the table has no column for."""
    found = []
    for name, recipe in RECIPES.items():
        for run in _rows(os.path.join(folder, FOLDER, f"{name}.json"))[-1:]:
            network = ", ".join(f"{key} {value}" for key, value in run["network"].items() if key != "name")
            note = f"- `{name}`: {recipe.about}" + (f" ({network})" if network else "")
            if "test_window_accuracy" in run:
                gain = run["test_accuracy"] - run["test_window_accuracy"]
                note += f"; a window alone {run['test_window_accuracy']:.3f}, the vote gains {gain:+.3f}"
            if "test_std_bpm" in run:
                note += f"; the tempi have a standard deviation of {run['test_std_bpm']:.1f} BPM"
            if run["settings"]["epochs"] < recipe.settings.epochs:
                note += (
                    f"; {run['settings']['epochs']} of its {recipe.settings.epochs} epochs: a budget of time"
                )
            found.append(note)
    return "\n" + "\n".join(found) + "\n"


def _line_key(row: Mapping[str, Any]) -> str:
    """Give the part of a run that all runs of a line have in common: all but the seed."""
    settings = {**row["settings"], "seed": None}
    return json.dumps([row["data"], row["clips"], row["test_clips"], row["network"], settings])


def _run_key(row: Mapping[str, Any]) -> tuple[str, int]:
    return _line_key(row), row["settings"]["seed"]


def _rows(path: str) -> list[dict[str, Any]]:
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


def _write(path: str, text: str) -> None:
    replace_atomically(path, text.encode())


# The report of one run: pictures and a page that shows them, for whoever trains.


def write_report(
    folder: str,
    log: str,
    clips: Sequence[Clip],
    probabilities: FloatArray,
    energy: FloatArray,
    log_mels: Sequence[NDArray[np.float16]],
) -> str:
    """Write `report.md` and its pictures into `folder`, which is made; gives the path of the page.

    `log` is the path of the run's CSV log. The rest are the validation clips, the network's answers to them
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
    _write(path, _page(columns, measured(figures(clips, probabilities, energy)), os.listdir(folder)))
    return path


def _examples(clips: Sequence[Clip]) -> list[int]:
    """Choose up to nine clips, as far as possible of as many genres: the first with each first label."""
    first = {clip.genres[0]: i for i, clip in reversed(list(enumerate(clips))) if clip.genres}
    rest = [i for i in range(len(clips)) if i not in first.values()]
    return ([first[genre] for genre in sorted(first)] + rest)[:N_EXAMPLES]


def _title(clip: Clip) -> str:
    return f"{', '.join(clip.genres) or 'no label'} ({clip.dataset})"


def _page(columns: dict[str, NDArray[np.float64]], measured: dict[str, float], there: list[str]) -> str:
    rows = [(name, f"{value:.3f}") for name, value in measured.items()]
    parts = ["# Training report", "On the validation split, with the weights at the end:"]
    parts.append(markdown_table(("figure", "value"), rows))
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
