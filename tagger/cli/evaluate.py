"""`tagger evaluate`: how often a model is right on labelled music."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import completion
from tagger.cli.shared import terminated_as_interrupted
from tagger.cli.terminal import say, say_log, say_on_stderr
from tagger.cli.train import check_layout
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.training.evaluation import Evaluation

SPLITS = ("train", "valid", "test")


def evaluate(
    data: Annotated[str, typer.Option("--data", metavar="FOLDER", help="Labelled music.")],
    split: Annotated[str, typer.Option(metavar="NAME", help="train, valid or test.")] = "test",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", autocompletion=completion.models, help="An id or a folder. Default: standard."
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="shared, fma, gtzan, folders, library."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Processes that decode.")] = 2,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")] = "auto",
    card: Annotated[bool, typer.Option("--card", help="Write CARD.md into the model's folder.")] = False,
) -> None:
    """Print a model's figures on labelled music, as a table and as JSON.

    The clips are analysed by the path of a scan. The last line is a JSON object.

        tagger evaluate --data gtzan
        tagger evaluate --data gtzan --model my-model --split valid
    """
    from tagger.training import check_libraries

    check_libraries()
    from tagger.model_card import DEFAULT_MODEL
    from tagger.nets import tune_process
    from tagger.training.card_page import write_card
    from tagger.training.evaluation import evaluate as measure
    from tagger.training.metrics import measured

    if split not in SPLITS:
        raise TaggerError(f"--split {split}: give one of {', '.join(SPLITS)}")
    check_layout(layout)
    tune_process()
    say_log(logging.WARNING, "tagger: %(message)s")
    with terminated_as_interrupted():
        evaluation = measure(data, split, model or DEFAULT_MODEL, jobs, device, layout)
        figures = measured(evaluation.figures() | evaluation.album_figures() | _by_artist(data, evaluation))
        say(_table(figures))
        print(json.dumps(figures), flush=True)
        labelled = sum(bool(clip.genres) for clip in evaluation.clips)
        of_these = f", {labelled:,} with a genre of the model's" if evaluation.card.genres else ""
        say_on_stderr(f"{len(evaluation.clips):,} clips{of_these}")
        say_on_stderr(f"prediction alone: {evaluation.predict_ms:.1f} ms a track on one core")
        if not figures:
            raise TaggerError("these clips have no annotations of anything that the model predicts")
        if card:
            say_on_stderr(write_card(data, evaluation, jobs, device, layout=layout))


def _by_artist(data: str, evaluation: Evaluation) -> dict[str, float]:
    """Measure genres, moods and words, these beside a teacher's answers, with each artist counting once."""
    from tagger.training.heads.measure import mood_of, said_words

    genres, mood = evaluation.figures_by_artist(n_resamples=0), mood_of(evaluation, n_resamples=0)
    words = said_words(data, evaluation, n_resamples=0)
    return {
        **{f"{name}_by_artist": estimate.value for name, estimate in genres.items()},
        **{name: estimate.value for name, estimate in mood.items()},
        **(words.summary() if words else {}),
    }


def _table(figures: Mapping[str, float]) -> str:
    """Write figures as a Markdown table."""
    rows = [f"| {name} | {value:.3f} |" for name, value in figures.items()]
    return "\n".join(["| figure | value |", "|---|---|", *rows])
