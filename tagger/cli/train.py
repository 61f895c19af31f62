"""`tagger train`: a model from a folder of labelled music."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli.shared import INTERRUPTED, message, terminated_as_interrupted
from tagger.cli.terminal import say_log
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.training.recipes import Recipe
    from tagger.training.results import Result
    from tagger.training.settings import Settings
    from tagger.training.trainer import Run


def train(
    data: Annotated[str, typer.Option("--data", metavar="FOLDER", help="Labelled music.")],
    recipe: Annotated[str, typer.Option(metavar="NAME", help="The kind of model.")] = "crnn",
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help="shared, fma, gtzan, folders, library.")
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="Default: runs/RECIPE.")] = None,
    epochs: Annotated[int | None, typer.Option(min=0, metavar="N", help="Default: the recipe's.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="Default: the recipe's.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Like mixup=0; repeatable.")
    ] = None,
    size: Annotated[str, typer.Option(metavar="NAME", help="standard or small, of crnn.")] = "standard",
    picture_size: Annotated[
        int | None, typer.Option(min=75, metavar="PIXELS", help="Of an image network's input.")
    ] = None,
    start_from: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="Repeatable: from the mean of them.")
    ] = None,
    unlabelled: Annotated[
        list[str] | None, typer.Option(metavar="FOLDER", help="With a teacher.npz; repeatable.")
    ] = None,
    tempos: Annotated[str, typer.Option(metavar="FILE", help="Another network's tempos.")] = "",
    seed: Annotated[int, typer.Option(metavar="N", show_default=False, help="Of random numbers.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Processes that decode.")] = 2,
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda or mps.")] = "cpu",
    cache: Annotated[
        str, typer.Option(metavar="FOLDER", show_default=False, help="Default: .cache/log-mels.")
    ] = ".cache/log-mels",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run cut off.")] = False,
    results: Annotated[str | None, typer.Option(metavar="FOLDER", help="Also write RECIPES.md.")] = None,
) -> None:
    """Train a model on labelled music, and measure it on music held back.

    The last line is a JSON object with its figures; `tagger models add` installs
    the model. `tagger help training` lists the recipes. The checkpoint lies
    beside the cache.

        tagger train --data gtzan --recipe window-vote-cnn --out my-model
        tagger train --data ~/Music --layout library --device cuda --resume
    """
    from tagger.training import check_libraries

    check_libraries()
    from tagger.nets import tune_process
    from tagger.training.corpus import Sources
    from tagger.training.settings import changed
    from tagger.training.trainer import Run

    tune_process()
    chosen = _recipe(recipe)
    network = _network(chosen, size, picture_size, tempos)
    given = {"epochs": epochs, "learning_rate": _rate(learning_rate)}
    settings = replace(
        chosen.settings,
        network=network,
        seed=seed,
        start_from=tuple(start_from or ()),
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    if epochs == 0 and not start_from:
        raise TaggerError("--epochs 0 is for the mean of models; name them by --start-from")
    sources = Sources(data, cache, jobs, check_layout(layout), tuple(unlabelled or ()), tempos)
    run = Run(sources, out or f"runs/{recipe}", device, resume)
    result = _train(chosen, run, changed(settings, changes or ()), results)
    print(json.dumps(result.row()))


def _train(recipe: Recipe, run: Run, settings: Settings, results: str | None) -> Result:
    """Train, and keep the figures in the folder `results`; log what happens on stderr."""
    from tagger.training.loop import log_path, read_log
    from tagger.training.results import check_results, record
    from tagger.training.trainer import train_recipe

    say_log(logging.INFO, "%(asctime)s %(message)s")
    try:
        with terminated_as_interrupted():
            if results:
                check_results(results)
            result = train_recipe(recipe, run, settings)
            if results:
                record(results, result, read_log(log_path(run.checkpoint)))
            return result
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        raise TaggerError(f"{named}{error.strerror or error}") from None
    except KeyboardInterrupt:
        message("interrupted; --resume goes on after the last whole epoch")
        raise typer.Exit(INTERRUPTED) from None


def _recipe(name: str) -> Recipe:
    from tagger.training.recipes import RECIPES

    if name not in RECIPES:
        raise TaggerError(f"--recipe {name}: give one of {', '.join(RECIPES)}")
    return RECIPES[name]


def check_layout(name: str | None) -> str | None:
    """Give the layout back. Raises `TaggerError` for a name that no layout has."""
    from tagger.training.datasets import LAYOUTS

    if name is not None and name not in LAYOUTS:
        raise TaggerError(f"--layout {name}: give one of {', '.join(LAYOUTS)}")
    return name


def _rate(number: float | None) -> float | None:
    if number is not None and not 0 < number < math.inf:
        raise TaggerError(f"--learning-rate {number:g}: give a number above 0")
    return number


def _network(recipe: Recipe, size: str, picture_size: int | None, tempos: str) -> dict[str, Any]:
    """Give the network of the recipe in its size. Raises `TaggerError` for an option of other networks."""
    from tagger.training.settings import SIZES

    kind = recipe.settings.network["name"]
    if size not in SIZES:
        raise TaggerError(f"--size {size}: give one of {', '.join(SIZES)}")
    if picture_size and kind != "backbone":
        raise TaggerError(f"{recipe.name}: --picture-size is for image networks")
    if size != "standard" and kind != "crnn":
        raise TaggerError(f"{recipe.name}: --size is for the crnn")
    if tempos and kind not in ("crnn", "tempo-regression"):
        raise TaggerError(f"{recipe.name}: --tempos is for the crnn and tempo-regression")
    network = SIZES[size] if kind == "crnn" else recipe.settings.network
    return {**network, "size": picture_size} if picture_size else network
