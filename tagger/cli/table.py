"""Tracks on a terminal: in colour, with artist and title, and each line within the terminal's width."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING

from tagger.cli.terminal import for_terminal
from tagger.types import ENERGY_BANDS, MIN_CONFIDENCE, energy_level

if TYPE_CHECKING:
    from rich.text import Text

    from tagger.types import Track

LOOKED_AT = 200
"""Tracks by which it is decided whether there are columns for own tags, and for artists and titles."""

MOST_NAME_CELLS, LEAST_PATH_CELLS, LEAST_CELLS_FOR_NAMES = 44, 20, 36
OWN_CELLS = 16

_COLOURS = {"low": "blue", "medium": "yellow", "high": "red"}


def answer_cells(track: Track) -> tuple[str, str, str, str]:
    """Give genre, its confidence, energy with its level, and tempo, as lists show them."""
    genre = "(silent)" if track.silent else track.genre or "–"
    sure = "–" if track.genre_confidence is None else f"{track.genre_confidence:.0%}"
    energy = "–" if track.energy is None else f"{track.energy:.2f} {energy_level(track.energy):>2}"
    bpm = "–" if track.bpm is None else f"{track.bpm:.1f}"
    return genre, sure, energy, bpm


def own_cell(track: Track) -> str:
    """Give the owner's genres, as lists show them beside the answer: at most `OWN_CELLS` characters."""
    own = ", ".join(track.tag_genres) or "–"
    return own if len(own) <= OWN_CELLS else own[: OWN_CELLS - 1] + "…"


def header(with_own: bool) -> str:
    """Give the names of the columns before the artist's."""
    own = "own tag".ljust(OWN_CELLS + 2) * with_own
    return f"{'genre':<14} {'sure':>5}  {own}energy     bpm  "


def print_table(tracks: Iterable[Track], asks_for_own: bool) -> None:
    """Print a line for each track on the terminal, while they are read.

    Paths are shortened from the left, artists and titles from the right. The owner's genres have a column
    where that takes no artists and titles away, or the question `asks_for_own`. No colour where `NO_COLOR`
    is set.
    """
    from rich.console import Console

    console = Console(highlight=False)
    tracks = iter(tracks)
    first = [*islice(tracks, LOOKED_AT)]
    left = max(console.width - len(header(with_own=True)), LEAST_PATH_CELLS)
    has_own = any(track.tag_genres for track in first) or asks_for_own
    is_named = any(names_of(track) for track in first)
    with_own = asks_for_own or (has_own and (left >= LEAST_CELLS_FOR_NAMES or not is_named))
    if not with_own:
        left = max(console.width - len(header(with_own=False)), LEAST_PATH_CELLS)
    has_names = left >= LEAST_CELLS_FOR_NAMES and is_named
    for_names = min(MOST_NAME_CELLS, left // 2) if has_names else 0
    for_path = left - for_names - 2 if has_names else left
    names = "artist – title".ljust(for_names + 2) * has_names
    console.print(f"{header(with_own)}{names}path", style="bold", soft_wrap=True)
    for track in chain(first, tracks):
        console.print(_line(track, with_own, for_names, for_path), soft_wrap=True)


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


def _line(track: Track, with_own: bool, for_names: int, for_path: int) -> Text:
    from rich.cells import cell_len
    from rich.text import Text

    genre, sure, energy, bpm = answer_cells(track)
    line = Text()
    line.append(beginning(for_terminal(genre), 14).ljust(14), style="cyan" if track.genre else "dim")
    line.append(f" {sure:>5}", style="" if (track.genre_confidence or 0) >= MIN_CONFIDENCE else "dim")
    if with_own:
        own = beginning(for_terminal(own_cell(track)), OWN_CELLS)
        line.append("  " + own + " " * (OWN_CELLS - cell_len(own)), style="" if track.tag_genres else "dim")
    line.append(f"  {energy:<7}", style=_colour(track.energy))
    line.append(f"  {bpm:>5}  ", style="")
    if for_names:
        names = beginning(names_of(track), for_names)
        line.append(names + " " * (for_names - cell_len(names) + 2), style="")
    missing = "  (missing)" if track.missing else ""
    path = end(for_terminal(track.path), for_path - len(missing))
    name = os.path.basename(path)
    line.append(path.removesuffix(name), style="dim")
    line.append(name, style="")
    return line.append(missing, style="red")


def _colour(energy: float | None) -> str:
    """The colour of a band of energies."""
    if energy is None:
        return "dim"
    return next(_COLOURS[band] for band, (low, high) in ENERGY_BANDS.items() if low <= energy < high)
