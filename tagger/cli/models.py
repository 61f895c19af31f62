"""`tagger models`: the installed models."""

from __future__ import annotations

import os

from tagger.cli import options
from tagger.cli.output import print_json_array


def models(db: options.Db = None, json: options.Json = False) -> None:
    """List the installed models, their genres and their measured figures."""
    from tagger.model_card import installed_models, load_card

    cards = [load_card(name) for name in installed_models()]
    answers = _answers(options.database_path(db))
    if json:
        print_json_array(
            {
                "id": card.id,
                "version": card.version,
                "genres": card.genres,
                "tempo": card.tempo is not None,
                "figures": card.figures,
                "tracks": answers.get(card.id, 0),
            }
            for card in cards
        )
        return
    for card in cards:
        print(f"{card.id} {card.version}: {answers.get(card.id, 0):,} tracks in the database")
        print(f"  genres: {', '.join(card.genres)}")
        print("  hears: genre, energy" + (", tempo" if card.tempo else ""))
        print(
            "  on the test split: " + ", ".join(f"{name} {value:.3f}" for name, value in card.figures.items())
        )


def _answers(database: str) -> dict[str, int]:
    """Tracks in the database by the model that heard them; none where there is no database yet."""
    from tagger.store import Store

    if not os.path.exists(database):
        return {}
    with Store.open(database, create=False) as store:
        return {model: sum(n for _, n in store.genre_counts(model)) for model in store.models()}
