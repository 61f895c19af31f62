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
"""Tracks by which it is decided whether there is a column for artists and titles."""

MOST_NAME_CELLS, LEAST_PATH_CELLS, LEAST_CELLS_FOR_NAMES = 44, 20, 36

_HEADER = f"{'genre':<14} {'sure':>5}  energy     bpm  "
_COLOURS = {"low": "blue", "medium": "yellow", "high": "red"}


def answer_cells(track: Track) -> tuple[str, str, str, str]:
    """Give genre, its confidence, energy with its level, and tempo, as lists show them."""
    genre = "(silent)" if track.silent else track.genre or "–"
    sure = "–" if track.genre_confidence is None else f"{track.genre_confidence:.0%}"
    energy = "–" if track.energy is None else f"{track.energy:.2f} {energy_level(track.energy):>2}"
    bpm = "–" if track.bpm is None else f"{track.bpm:.1f}"
    return genre, sure, energy, bpm


def print_table(tracks: Iterable[Track]) -> None:
    """Print a line for each track on the terminal, while they are read.

    Paths are shortened from the left, artists and titles from the right. No colour where `NO_COLOR` is set.
    """
    from rich.console import Console

    console = Console(highlight=False)
    tracks = iter(tracks)
    first = [*islice(tracks, LOOKED_AT)]
    left = max(console.width - len(_HEADER), LEAST_PATH_CELLS)
    has_names = left >= LEAST_CELLS_FOR_NAMES and any(names_of(track) for track in first)
    for_names = min(MOST_NAME_CELLS, left // 2) if has_names else 0
    for_path = left - for_names - 2 if has_names else left
    console.print(
        _HEADER + "artist – title".ljust(for_names + 2) * has_names + "path", style="bold", soft_wrap=True
    )
    for track in chain(first, tracks):
        console.print(_line(track, for_names, for_path), soft_wrap=True)


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


def _line(track: Track, for_names: int, for_path: int) -> Text:
    from rich.cells import cell_len
    from rich.text import Text

    genre, sure, energy, bpm = answer_cells(track)
    line = Text()
    line.append(beginning(for_terminal(genre), 14).ljust(14), style="cyan" if track.genre else "dim")
    line.append(f" {sure:>5}", style="" if (track.genre_confidence or 0) >= MIN_CONFIDENCE else "dim")
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
