"""`tagger models`: the installed models; under it what another one would change, and the owner's own ones."""

from __future__ import annotations

import math
import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import completion, shared
from tagger.cli.compare import compare
from tagger.cli.shared import SOME_FAILED, message, print_json, print_json_array
from tagger.cli.terminal import say, shown
from tagger.errors import ModelError, TaggerError
from tagger.types import WORD_KINDS, counted

if TYPE_CHECKING:
    from tagger.model_card import ModelCard
    from tagger.types import TrackFeatures

app = typer.Typer()
app.command("compare")(compare)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, db: shared.Db = None, json: shared.Json = False) -> None:
    """List the installed models, their genres, words and measured figures; compare two; or add your own.

    tagger models
    tagger models compare small
    tagger models add ~/trained/my-model
    """
    if context.invoked_subcommand is None:
        _list(db, json)
        return
    source = context.get_parameter_source("db")  # an enumeration of Click's, or of the copy in newer Typers
    if json or (source and source.name == "COMMANDLINE"):
        raise TaggerError(
            f"--db and --json belong behind `{context.invoked_subcommand}`, where it takes them"
        )


@app.command("add")
def add(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Its folder, with model.json and weights.")],
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of one with its id.")] = False,
    json: shared.Json = False,
) -> None:
    """Install a model that you trained, so that --model finds it by the id in its model.json.

    It is tried out, then copied to the user data folder, or to TAGGER_MODELS.

        tagger models add ~/trained/my-model
        tagger scan ~/Music --model my-model
    """
    from tagger.model_card import load_card
    from tagger.model_card.install import check_id, install

    if not os.path.isfile(os.path.join(folder, "model.json")):
        raise ModelError(f"{shown(folder)}: no model.json in it; name the folder of a trained model")
    card = load_card(os.path.abspath(folder))
    check_id(card.id)
    _try_out(card)
    outcome = install(card, replace)
    if json:
        print_json({"id": card.id, "version": card.version, "outcome": outcome})
    else:
        say(f"{card.id} {shown(card.version)}: {outcome}")
    if outcome == "replaced":
        message(
            f"answers of the earlier {card.id} are kept; `tagger scan --full --model {card.id}` analyses anew"
        )


@app.command("remove")
def remove(
    model: Annotated[
        str,
        typer.Argument(
            metavar="ID", autocompletion=completion.added_models, help="Its id, as `tagger models` lists it."
        ),
    ],
    json: shared.Json = False,
) -> None:
    """Remove a model that `tagger models add` installed; its answers stay in the database.

    tagger models remove my-model
    """
    from tagger.model_card.install import uninstall

    uninstall(model)
    if json:
        print_json({"id": model, "outcome": "removed"})
    else:
        say(f"{model}: removed")


def _list(db: str | None, json: bool) -> None:
    from tagger.model_card import installed_models, shipped_models

    names, shipped = installed_models(), shipped_models()
    cards = _cards(names)
    answers = _answers(shared.database_path(db))
    if json:
        print_json_array(
            {
                "id": card.id,
                "version": card.version,
                "added": card.id not in shipped,
                "genres": card.genres,
                "energy": card.predicts_energy,
                "tempo": card.tempo is not None,
                "mood": card.mood is not None,
                "words": [word.name for word in card.all_words],
                "figures": card.figures,
                "tracks": answers.get(card.id, 0),
            }
            for card in cards
        )
    else:
        for card in cards:
            _print(card, answers.get(card.id, 0), added=card.id not in shipped)
    if len(cards) < len(names):
        raise typer.Exit(SOME_FAILED)


def _cards(names: Sequence[str]) -> list[ModelCard]:
    """Those that can be used; of each other a line on stderr."""
    from tagger.model_card import load_card

    cards = []
    for name in names:
        try:
            cards.append(load_card(name))
        except ModelError as error:
            message(str(error))
    return cards


def _print(card: ModelCard, n_tracks: int, added: bool) -> None:
    from tagger.model_card import DEFAULT_MODEL

    whose = ", added by you" if added else ", the default" if card.id == DEFAULT_MODEL else ""
    say(f"{shown(card.id)} {shown(card.version)}{whose}: {counted(n_tracks, 'tracks')} in the database")
    if card.genres:
        _print_listed("genres", map(shown, card.genres))
    for kind in WORD_KINDS:
        if words := [shown(word.name) for word in card.all_words if word.kind == kind]:
            _print_listed(f"words of {kind}", words)
    _print_listed("predicts", card.aspects)
    if card.figures:
        _print_listed("on the test split", map(shown, _in_words(card.figures)))


FIGURES = {
    "hit": "right first time {} %",
    "hit_top3": "among the first three {} %",
    "calibration_error": "confidence off by {} %",
    "tempo_acc1": "tempo within 4 % for {} %",
    "tempo_acc2": "or of half or double for {} %",
}
"""What figures of a model say, in words with a percentage."""

ONLY_ON_THE_CARD = ("genre_map", "deam_r", "4q_auc")
"""Figures that a sentence does not explain; JSON has them too."""


def _in_words(figures: Mapping[str, float]) -> Iterator[str]:
    for name, value in figures.items():
        if name in FIGURES:
            yield FIGURES[name].format(int(100 * value + 0.5 + 1e-9))
        elif name not in ONLY_ON_THE_CARD:
            yield f"{name} {value:.3f}"


def _print_listed(title: str, values: Iterable[str]) -> None:
    """A line, or as many as the terminal's width asks for, none broken within a value."""
    listed = ", ".join(value.replace(" ", "\N{NO-BREAK SPACE}") for value in values)
    width = max(40, shutil.get_terminal_size().columns)
    lines = textwrap.fill(
        f"  {title}: {listed}",
        width,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    say(lines.replace("\N{NO-BREAK SPACE}", " "))


def _answers(database: str) -> dict[str, int]:
    """Tracks in the database by the model that analysed them; none where there is no database yet."""
    from tagger.store import Store

    if not os.path.exists(database):
        return {}
    with Store.open(database, create=False) as store:
        return {model: store.answers.count(model) for model in store.answers.models()}


def _try_out(card: ModelCard) -> None:
    """Analyse a second of noise with it. Raise ModelError where that does not work."""
    from tagger.predict import Predictor

    try:
        (answer,) = Predictor(card, "cpu").predict([_noise(card)])
        works = all(math.isfinite(probability) for probability in answer.genres.values())
    except TaggerError:
        raise
    except ImportError as error:
        missing = error.name or str(error)
        raise ModelError(
            f"{shown(card.folder)}: its network needs {missing}, which is not installed"
        ) from None
    except Exception as error:  # whatever a model.json can get wrong: better now than in a nightly scan
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"{shown(card.folder)}: cannot analyse with it ({reason})") from None
    if not works:
        raise ModelError(f"{shown(card.folder)}: its answers are no numbers; train it again")


def _noise(card: ModelCard) -> TrackFeatures:
    """The features of a file of one second."""
    import numpy as np

    from tagger.files import AudioFile
    from tagger.model_card import load_filter_bank
    from tagger.pipeline.extract import log_mels_of
    from tagger.types import Recording, TrackFeatures

    for trunk in (card, card.second):
        if trunk is None:
            continue
        front_end, bank = trunk.front_end, load_filter_bank(card, of_the_second=trunk is card.second)
        if bank.shape != (front_end.n_mels, 1 + front_end.n_fft // 2):
            raise ValueError(f"a filter bank of {bank.shape} is not that of its front end")
    rate_hz = card.front_end.sample_rate_hz
    samples = np.random.default_rng(0).normal(0, 0.1, rate_hz).astype(np.float32)
    log_mels, second_log_mels = log_mels_of([samples], card.folder)
    return TrackFeatures(
        file=AudioFile("noise", 0, 0),
        recording=Recording("", 1.0, "", rate_hz, 1),
        starts_s=(0.0,),
        silent=(False,),
        log_mels=log_mels,
        second_log_mels=second_log_mels,
    )
