"""Tracks on a terminal: in colour, with artist and title, and each line within the terminal's width."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from tagger.cli.terminal import for_terminal
from tagger.types import ENERGY_BANDS, energy_level, genre_said

if TYPE_CHECKING:
    from rich.text import Text

    from tagger.types import Track

LOOKED_AT = 200
"""Tracks by which it is decided whether there are columns for own tags, and for artists and titles."""

MOST_NAME_CELLS, LEAST_PATH_CELLS, LEAST_CELLS_FOR_NAMES = 44, 20, 36
GENRE_CELLS, OWN_CELLS = 26, 16

NARROWER = ((70, 14, 13), (110, 19, 13))
"""Below so many cells of the terminal, the columns of the answer and of own tags have these."""

_COLOURS = {"low": "blue", "medium": "yellow", "high": "red"}


def answer_cells(track: Track, sure_from: float, genre_cells: int = GENRE_CELLS) -> tuple[str, str, str, str]:
    """Give genre, its confidence, energy with its level, and tempo, as lists show them.

    In doubt the next likely genre stands there, too, if there is room.
    """
    genre = "(silent)" if track.silent else track.genre or "–"
    if track.genre:
        both = genre_said(track.genre, track.genre_confidence, track.second_genre, sure_from)
        alone = genre_said(track.genre, track.genre_confidence, None, sure_from)
        genre = both if len(both) <= genre_cells else alone
    sure = "–" if track.genre_confidence is None else f"{track.genre_confidence:.0%}"
    energy = "–" if track.energy is None else f"{track.energy:.2f} {energy_level(track.energy):>2}"
    bpm = "–" if track.bpm is None else f"{track.bpm:.1f}"
    return genre, sure, energy, bpm


def own_cell(track: Track, cells: int) -> str:
    """Give the owner's genres, as lists show them beside the answer: at most so many characters."""
    own = ", ".join(track.tag_genres) or "–"
    return own if len(own) <= cells else own[: cells - 1] + "…"


def header(genre_cells: int, own_cells: int) -> str:
    """Give the names of the columns before the artist's; without `own_cells` there is none for own tags."""
    own = "own tag".ljust(own_cells + 2) if own_cells else ""
    return f"{'genre':<{genre_cells}} {'sure':>5}  {own}energy     bpm  "


def print_table(tracks: Iterable[Track], sure_from: float, asks_for_own: bool) -> None:
    """Print a line for each track on the terminal, while they are read.

    Paths are shortened from the left, artists and titles from the right. The owner's genres have a column
    where that takes no artists and titles away, or the question `asks_for_own`. No colour where `NO_COLOR`
    is set.
    """
    from rich.console import Console

    console = Console(highlight=False)
    tracks = iter(tracks)
    first = [*islice(tracks, LOOKED_AT)]
    narrower = ((genre, own) for below, genre, own in NARROWER if console.width < below)
    for_genre, for_own = next(narrower, (GENRE_CELLS, OWN_CELLS))
    left = max(console.width - len(header(for_genre, for_own)), LEAST_PATH_CELLS)
    has_own = any(track.tag_genres for track in first) or asks_for_own
    is_named = any(names_of(track) for track in first)
    with_own = asks_for_own or (has_own and (left >= LEAST_CELLS_FOR_NAMES or not is_named))
    if not with_own:
        for_own = 0
        left = max(console.width - len(header(for_genre, for_own)), LEAST_PATH_CELLS)
    has_names = left >= LEAST_CELLS_FOR_NAMES and is_named
    for_names = min(MOST_NAME_CELLS, left // 2) if has_names else 0
    for_path = left - for_names - 2 if has_names else left
    names = "artist – title".ljust(for_names + 2) * has_names
    console.print(f"{header(for_genre, for_own)}{names}path", style="bold", soft_wrap=True)
    cells = _Cells(for_genre, for_own, for_names, for_path)
    for track in chain(first, tracks):
        console.print(_line(track, sure_from, cells), soft_wrap=True)


def names_of(track: Track) -> str:
    """Give `artist – title` as far as they are known."""
    return " – ".join(for_terminal(name) for name in (track.artist, track.title) if name)


def beginning(text: str, cells: int) -> str:
    """Shorten a text from the right to so many cells of a terminal.

    >>> beginning("Concierto", 6), beginning("short", 6)
    ('Conci…', 'short')
    """
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"


def end(text: str, cells: int) -> str:
    """Shorten a text from the left to so many cells of a terminal.

    >>> end("/music/Jazz/a.mp3", 11), end("/a.mp3", 11)
    ('…Jazz/a.mp3', '/a.mp3')
    """
    from rich.cells import cell_len

    if cell_len(text) <= cells:
        return text
    kept, width = len(text), 1
    while kept and width + cell_len(text[kept - 1]) <= cells:
        kept -= 1
        width += cell_len(text[kept])
    return f"…{text[kept:]}"


@dataclass(frozen=True, slots=True)
class _Cells:
    """The widths of the columns that are not always the same; 0: the column is not there."""

    genre: int
    own: int
    names: int
    path: int


def _line(track: Track, sure_from: float, cells: _Cells) -> Text:
    from rich.text import Text

    genre, sure, energy, bpm = answer_cells(track, sure_from, cells.genre)
    is_sure = (track.genre_confidence or 0.0) >= sure_from
    line = Text()
    line.append(_filled(for_terminal(genre), cells.genre), style="cyan" if track.genre and is_sure else "dim")
    line.append(f" {sure:>5}", style="" if is_sure else "dim")
    if cells.own:
        own = _filled(for_terminal(own_cell(track, cells.own)), cells.own)
        line.append(f"  {own}", style="" if track.tag_genres else "dim")
    line.append(f"  {energy:<7}", style=_colour(track.energy))
    line.append(f"  {bpm:>5}  ", style="")
    if cells.names:
        line.append(_filled(names_of(track), cells.names) + "  ", style="")
    missing = "  (missing)" if track.missing else ""
    path = end(for_terminal(track.path), cells.path - len(missing))
    name = os.path.basename(path)
    line.append(path.removesuffix(name), style="dim")
    line.append(name, style="")
    return line.append(missing, style="red")


def _filled(text: str, cells: int) -> str:
    """The text in just so many cells, whatever the width of its letters."""
    from rich.cells import cell_len

    short = beginning(text, cells)
    return short + " " * (cells - cell_len(short))


def _colour(energy: float | None) -> str:
    """The colour of a band of energies."""
    if energy is None:
        return "dim"
    return next(_COLOURS[band] for band, (low, high) in ENERGY_BANDS.items() if low <= energy < high)
