"""`tagger models`: the installed models, and under it what another one would change."""

from __future__ import annotations

import os

import typer

from tagger.cli import options
from tagger.cli.compare import compare
from tagger.cli.output import print_json_array
from tagger.errors import TaggerError

app = typer.Typer()
app.command("compare")(compare)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, db: options.Db = None, json: options.Json = False) -> None:
    """List the installed models, their genres and their measured figures; or compare two.

    tagger models
    tagger models compare small standard
    """
    if context.invoked_subcommand is None:
        _list(db, json)
        return
    source = context.get_parameter_source("db")  # an enumeration of Click's, or of the copy in newer Typers
    if json or (source and source.name == "COMMANDLINE"):
        raise TaggerError(f"--db and --json belong behind `{context.invoked_subcommand}`")


def _list(db: str | None, json: bool) -> None:
    from tagger.model_card import installed_models, load_card

    cards = [load_card(name) for name in installed_models()]
    answers = _answers(options.database_path(db))
    if json:
        print_json_array(
            {
                "id": card.id,
                "version": card.version,
                "genres": card.genres,
                "energy": card.hears_energy,
                "tempo": card.tempo is not None,
                "figures": card.figures,
                "tracks": answers.get(card.id, 0),
            }
            for card in cards
        )
        return
    for card in cards:
        print(f"{card.id} {card.version}: {answers.get(card.id, 0):,} tracks in the database")
        if card.genres:
            print(f"  genres: {', '.join(card.genres)}")
        print(f"  hears: {', '.join(card.hears)}")
        print(
            "  on the test split: " + ", ".join(f"{name} {value:.3f}" for name, value in card.figures.items())
        )


def _answers(database: str) -> dict[str, int]:
    """Tracks in the database by the model that heard them; none where there is no database yet."""
    from tagger.store import Store

    if not os.path.exists(database):
        return {}
    with Store.open(database, create=False) as store:
        return {model: store.count(model) for model in store.models()}
