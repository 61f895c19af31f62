"""What the shell completes by Tab, beside the names of commands and options: the values they take.

Typer asks these functions and keeps what begins like the word that is being typed. They look at no database,
but for the genres that the owner has said, and import nothing heavy: somebody is waiting. A fault in one
completes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, get_args

import typer

from tagger.errors import TaggerError
from tagger.musical_key import KEYS


def values_of(choices: Any) -> Callable[[], list[str]]:
    """Complete the values of a `Literal` type."""
    return words(*get_args(choices))


def words(*values: str) -> Callable[[], list[str]]:
    """Complete these values."""
    return lambda: [*values]


def models() -> list[str]:
    """Complete the ids of the installed models."""
    from tagger.model_card import installed_models

    return installed_models()


def added_models() -> list[str]:
    """Complete the ids of the models that the owner has added."""
    from tagger.model_card import installed_models, shipped_models

    return [name for name in installed_models() if name not in shipped_models()]


def genres(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the owner's own genres, and those of the model that stands before, else of all.

    They are spelled so that no shell takes a sign in them for its own, and in lower case where that is typed.
    """
    from tagger.configuration import read_configuration
    from tagger.model_card import installed_models, load_card

    named = context.params.get("model")
    try:
        holds = read_configuration(context.find_root().params.get("config"))
        cards = [load_card(name) for name in ([named] if named else installed_models())]
    except TaggerError:
        return []
    known = {plain(holds.names.shown(genre)) for card in cards for genre in card.genres}
    spelled = sorted(known | {*map(plain, _said(context.params.get("db"), holds.db))})
    return [genre.lower() for genre in spelled] if incomplete.islower() else spelled


def _said(named: str | None, configured: str | None) -> list[str]:
    """The genres that the owner has said, by the database."""
    from tagger.store import default_path, genres_said

    return genres_said(named or os.environ.get("TAGGER_DB") or configured or default_path())


def music_words(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the words of the model that stands before, else of all."""
    from tagger.model_card import installed_models, load_card

    named = context.params.get("model")
    try:
        cards = [load_card(name) for name in ([named] if named else installed_models())]
    except TaggerError:
        return []
    spelled = sorted({plain(word.name) for card in cards for word in card.all_words})
    return [word.lower() for word in spelled] if incomplete.islower() else spelled


def moods() -> list[str]:
    """Complete the names of the moods."""
    from tagger.types import MOODS

    return [*MOODS]


def sounds() -> list[str]:
    """Complete the names of the sounds."""
    from tagger.types import SOUNDS

    return [*SOUNDS]


def energies() -> list[str]:
    """Complete the names of the bands of energy."""
    from tagger.types import ENERGY_BANDS

    return [*ENERGY_BANDS]


def players() -> list[str]:
    """Complete the players that `tagger doctor` knows."""
    from tagger.tags import PLAYERS

    return [*PLAYERS]


def topics() -> list[str]:
    """Complete the pages of the manual and the commands."""
    from tagger.cli import COMMANDS
    from tagger.cli.help import TOPICS

    return [*dict.fromkeys([*TOPICS, *COMMANDS])]


def plain(genre: str) -> str:
    """Spell a genre with letters, digits and hyphens alone, as filters understand it.

    >>> plain("R&B"), plain("New Age"), plain("Hip-Hop")
    ('R-and-B', 'New-Age', 'Hip-Hop')
    """
    return re.sub(r"[\W_]+", "-", genre.replace("&", " and ")).strip("-")


OF_FILTERS: dict[str, Callable[..., list[str]]] = {
    "genre": genres,
    "not_genre": genres,
    "energy": energies,
    "word": music_words,
    "not_word": music_words,
    "key": words(*KEYS),
    "mixes_with": words(*KEYS),
    "mood": moods,
    "sound": sounds,
    "tag_genre": genres,
}
"""What completes the value of a filter, by its name."""
