"""`tagger models`: the installed models; under it what another one would change, and the owner's own ones."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from tagger.cli import options
from tagger.cli.add_model import add
from tagger.cli.compare import compare
from tagger.cli.exit_codes import SOME_FAILED
from tagger.cli.output import counted, message, print_json_array, shown
from tagger.cli.remove_model import remove
from tagger.errors import ModelError, TaggerError

if TYPE_CHECKING:
    from tagger.model_card import ModelCard

app = typer.Typer()
app.command("compare")(compare)
app.command("add")(add)
app.command("remove")(remove)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, db: options.Db = None, json: options.Json = False) -> None:
    """List the installed models, their genres and their measured figures; compare two; or add your own.

    tagger models
    tagger models compare small standard
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


def _list(db: str | None, json: bool) -> None:
    from tagger.model_card import installed_models, shipped_models

    names, shipped = installed_models(), shipped_models()
    cards = _cards(names)
    answers = _answers(options.database_path(db))
    if json:
        print_json_array(
            {
                "id": card.id,
                "version": card.version,
                "added": card.id not in shipped,
                "genres": card.genres,
                "energy": card.predicts_energy,
                "tempo": card.tempo is not None,
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
    print(f"{shown(card.id)} {shown(card.version)}{whose}: {counted(n_tracks, 'tracks')} in the database")
    if card.genres:
        _print_listed("genres", map(shown, card.genres))
    _print_listed("hears", card.aspects)
    if card.figures:
        _print_listed("on the test split", [f"{name} {value:.3f}" for name, value in card.figures.items()])


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
    print(lines.replace("\N{NO-BREAK SPACE}", " "))


def _answers(database: str) -> dict[str, int]:
    """Tracks in the database by the model that heard them; none where there is no database yet."""
    from tagger.store import Store

    if not os.path.exists(database):
        return {}
    with Store.open(database, create=False) as store:
        return {model: store.count(model) for model in store.models()}
