"""`tagger set` and `tagger unset`: the owner's word on files and folders, in the place of the model's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import completion, configured, shared
from tagger.cli.shared import message
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.types import CorrectedField, OwnersWord, counted, energy_level

if TYPE_CHECKING:
    from tagger.correct import OwnersWords

MANY = 200
"""Sounds from which on a slip would take long to mend, so that they are asked for."""

Music = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Files, and folders with all beneath them.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=f"Do not ask, for more than {MANY} tracks either.")]


def set_words(
    paths: Music,
    genre: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", autocompletion=completion.genres, help="Any genre. Repeats: the first leads."
        ),
    ] = None,
    energy: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="2 to 10, or a number below 1 such as 0.65.")
    ] = None,
    bpm: Annotated[str | None, typer.Option(metavar="BPM", help="Such as 87.5.")] = None,
    yes: Yes = False,
    db: shared.Db = None,
) -> None:
    """Say what a genre, an energy or a tempo is: your word counts in the place of any model's.

    It is of the sound: it holds in lists, playlists and statistics, for every
    copy, after a move and with another model. Files get it by `write-tags`,
    where it takes the place of what they have.

        tagger set song.mp3 --genre Surf --energy 7
        tagger set ~/Music/Ventures --genre "Surf Rock" --genre Rock
        tagger set song.mp3 --bpm 87.5
    """
    with configured.library(db) as library:
        words = library.corrections
        word = words.word(genre or (), energy, bpm)
        if not word.fields:
            raise TaggerError("nothing to set; give --genre, --energy or --bpm")
        _ask(words, paths, yes, f"Set the {_listed(word.fields)} of")
        words.set(*paths, genre=word.genres, energy=energy, bpm=bpm)
        for path, sounds in words.sounds(*paths).items():
            of = f" ({counted(len(sounds), 'sounds')})" if os.path.isdir(path) or len(sounds) > 1 else ""
            say(f"{shown(path)}: {shown('; '.join(in_words(word)))}{of}")


def unset_words(
    paths: Music,
    genre: Annotated[bool, typer.Option("--genre", help="Only the genre.")] = False,
    energy: Annotated[bool, typer.Option("--energy", help="Only the energy.")] = False,
    bpm: Annotated[bool, typer.Option("--bpm", help="Only the tempo.")] = False,
    yes: Yes = False,
    db: shared.Db = None,
) -> None:
    """Take back what you said of files and folders, by `set`, in a review or in your player.

    The answers of the models hold again at once; tags stay until `write-tags`.

        tagger unset song.mp3
        tagger unset ~/Music/Ventures --energy
    """
    given: dict[CorrectedField, bool] = {"genre": genre, "energy": energy, "bpm": bpm}
    fields = [field for field, is_given in given.items() if is_given] or [*given]
    with configured.library(db) as library:
        words = library.corrections
        _ask(words, paths, yes, f"Take back the {_listed(fields)} of")
        n_removed = words.unset(*paths, fields=fields)
        say(f"{counted(n_removed, 'corrections')} taken back")
        if not n_removed:
            message("nothing was corrected there; `tagger corrections` lists what is")


def in_words(word: OwnersWord) -> Iterator[str]:
    """Yield what the owner says of each field."""
    if word.genres:
        yield f"genre {', '.join(word.genres)}"
    if word.energy is not None:
        yield f"energy {word.energy:g}, level {energy_level(word.energy)}"
    if word.bpm is not None:
        yield f"{word.bpm:g} BPM"


def _listed(fields: tuple[CorrectedField, ...] | list[CorrectedField]) -> str:
    names = {"genre": "genre", "energy": "energy", "bpm": "tempo"}
    *first, last = (names[field] for field in fields)
    return f"{', '.join(first)} and {last}" if first else last


def _ask(words: OwnersWords, paths: list[str], yes: bool, do: str) -> None:
    """Ask before a word is for many sounds; raise TaggerError for a no, and where nobody can be asked."""
    n_sounds = len(frozenset[str]().union(*words.sounds(*paths).values()))
    if yes or n_sounds <= MANY:
        return
    sounds = f"{n_sounds:,} sounds"
    if not shared.can_ask():
        raise TaggerError(f"{do[:1].lower()}{do[1:]} {sounds}? Nobody to ask without a terminal; give --yes")
    if not shared.is_yes(f"{do} {sounds}?"):
        raise TaggerError("left as it was")
