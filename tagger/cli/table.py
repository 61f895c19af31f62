"""Tracks on a terminal: in colour, with artist and title, and each line within the terminal's width."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from tagger.cli.terminal import for_terminal
from tagger.types import ENERGY_BANDS, energy_level
from tagger.wording import genre_said, key_said, mood_said

if TYPE_CHECKING:
    from rich.text import Text

    from tagger.query import Query
    from tagger.types import Track

LOOKED_AT = 200
"""Tracks by which it is decided whether there are columns for own tags, moods, and artists and titles."""

MOST_NAME_CELLS, LEAST_PATH_CELLS, LEAST_CELLS_FOR_NAMES = 44, 20, 36
GENRE_CELLS, OWN_CELLS = 26, 16

NARROWER = ((70, 14, 13), (110, 19, 13))
"""Below so many cells of the terminal, the columns of the answer and of own tags have these."""

MOOD_CELLS = 6
"""Of the longest mood, and a question mark."""

KEY_CELLS = 8
"""Of the longest key with its place on the Camelot wheel, and a question mark."""

MOST_WORD_CELLS = 12

_COLOURS = {"low": "blue", "medium": "yellow", "high": "red"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column between tempo and path. One that is not `asked` for stands there if there is room."""

    name: str
    cells: int
    text: Callable[[Track], str]
    asked: bool = True
    is_number: bool = True

    def cell(self, track: Track) -> str:
        """Give what it says of a track, in just so many cells."""
        text = self.text(track)
        return text.rjust(self.cells) if self.is_number else text.ljust(self.cells)


def columns_for(query: Query, sure_from: float, called: Callable[[str], str] = str) -> tuple[Column, ...]:
    """Give the columns of words, key, valence and mood for a list that answers `query`.

    All but the mood have one where they are asked for, words as they are `called`.
    """
    order = query.order.removeprefix("-")
    words = tuple(map(_of_word, dict.fromkeys(map(called, query.words))))
    valence = Column("valence", 7, lambda track: _share(track.valence, ".2f"))
    asked = bool(query.moods) or order == "mood"
    mood = Column("mood", MOOD_CELLS, lambda track: _mood(track, sure_from), asked, is_number=False)
    by_valence = query.valence is not None or order == "valence"
    key = Column("key", KEY_CELLS, lambda track: _key(track, sure_from), query.is_about_keys, is_number=False)
    return (*words, *([key] if query.is_about_keys else []), *([valence] if by_valence else []), mood)


def _of_word(word: str) -> Column:
    name = word if len(word) <= MOST_WORD_CELLS else word[: MOST_WORD_CELLS - 1] + "…"
    return Column(name, max(4, len(name)), lambda track: _share(track.words.get(word), ".0%"))


def _share(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _mood(track: Track, sure_from: float) -> str:
    return "–" if track.mood is None else mood_said(track.mood, track.mood_confidence, sure_from)


def _key(track: Track, sure_from: float) -> str:
    return "–" if track.key is None else key_said(track.key, track.key_confidence, sure_from)


def answer_cells(track: Track, sure_from: float, genre_cells: int = GENRE_CELLS) -> tuple[str, str, str, str]:
    """Give genre, its confidence, energy with its level, and tempo, as lists show them; the last two filled.

    In doubt the next likely genre stands there, too, if there is room. What the owner has corrected is
    `yours` in the place of a confidence, or has an asterisk. What is no music has no genre.
    """
    genre = "(silent)" if track.silent else f"({track.sound})" if track.sound != "music" else "–"
    is_music = track.sound == "music"
    if track.genre and is_music:
        both = genre_said(track.genre, track.genre_confidence, track.second_genre, sure_from)
        alone = genre_said(track.genre, track.genre_confidence, None, sure_from)
        genre = both if len(both) <= genre_cells else alone
    sure = "–" if track.genre_confidence is None or not is_music else f"{track.genre_confidence:.0%}"
    sure = "yours" if "genre" in track.corrected else sure
    energy = "–" if track.energy is None else f"{track.energy:.2f} {energy_level(track.energy):>2}"
    bpm = "–" if track.bpm is None else f"{track.bpm:.1f}"
    marks = ("*" if field in track.corrected else " " for field in ("energy", "bpm"))
    return genre, sure, f"{energy:<7}{next(marks)}", f"{bpm:>5}{next(marks)}"


def own_cell(track: Track, cells: int) -> str:
    """Give the owner's genres, as lists show them beside the answer: at most so many characters."""
    own = ", ".join(track.tag_genres) or "–"
    return own if len(own) <= cells else own[: cells - 1] + "…"


def header(genre_cells: int, own_cells: int, columns: Iterable[Column] = ()) -> str:
    """Give the names of the columns before the artist's; without `own_cells` there is none for own tags."""
    own = "own tag".ljust(own_cells + 2) if own_cells else ""
    more = "".join(f"{column.name:<{column.cells}}  " for column in columns)
    return f"{'genre':<{genre_cells}} {'sure':>5}  {own}energy     bpm  {more}"


def print_table(
    tracks: Iterable[Track], sure_from: float, asks_for_own: bool, columns: Sequence[Column] = ()
) -> None:
    """Print a line for each track on the terminal, while they are read.

    Paths are shortened from the left, artists and titles from the right. The owner's genres have a column
    where that takes no artists and titles away, or the question `asks_for_own`, and so have the further
    `columns`, from the first on. No colour where `NO_COLOR` is set.
    """
    from rich.console import Console

    console = Console(highlight=False)
    tracks = iter(tracks)
    first = [*islice(tracks, LOOKED_AT)]
    cells = _fitting(console.width, first, asks_for_own, columns)
    names = "artist – title".ljust(cells.names + 2) * bool(cells.names)
    console.print(f"{header(cells.genre, cells.own, cells.columns)}{names}path", style="bold", soft_wrap=True)
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
    columns: Sequence[Column]
    names: int
    path: int


def _fitting(width: int, first: Sequence[Track], asks_for_own: bool, columns: Sequence[Column]) -> _Cells:
    """The columns that a terminal of this width has room for, by what the `first` tracks have."""
    narrower = ((genre, own) for below, genre, own in NARROWER if width < below)
    for_genre, for_own = next(narrower, (GENRE_CELLS, OWN_CELLS))
    is_named = any(names_of(track) for track in first)
    asked, left = _with_room([each for each in columns if each.asked], width - len(header(for_genre, 0)))
    least = LEAST_CELLS_FOR_NAMES if is_named else LEAST_PATH_CELLS
    has_own = any(track.tag_genres for track in first) and left - for_own - 2 >= least
    if not (asks_for_own or has_own):
        for_own = 0
    left -= for_own + 2 * bool(for_own)
    said = [each for each in columns if not each.asked and any(each.text(track) != "–" for track in first)]
    more, left = _with_room(said, left, LEAST_CELLS_FOR_NAMES)
    left = max(left, LEAST_PATH_CELLS)
    has_names = left >= LEAST_CELLS_FOR_NAMES and is_named
    for_names = min(MOST_NAME_CELLS, left // 2) if has_names else 0
    for_path = left - for_names - 2 if has_names else left
    return _Cells(for_genre, for_own, [*asked, *more], for_names, for_path)


def _with_room(
    columns: Iterable[Column], left: int, least: int = LEAST_PATH_CELLS
) -> tuple[list[Column], int]:
    """Those columns that leave the `least` cells of those `left`, and what they leave."""
    chosen = []
    for column in columns:
        if left - column.cells - 2 >= least:
            chosen.append(column)
            left -= column.cells + 2
    return chosen, left


def _line(track: Track, sure_from: float, cells: _Cells) -> Text:
    from rich.text import Text

    genre, sure, energy, bpm = answer_cells(track, sure_from, cells.genre)
    is_sure = (track.genre_confidence or 0.0) >= sure_from and track.sound == "music"
    line = Text()
    line.append(_filled(for_terminal(genre), cells.genre), style="cyan" if track.genre and is_sure else "dim")
    line.append(f" {sure:>5}", style="" if is_sure else "dim")
    if cells.own:
        own = _filled(for_terminal(own_cell(track, cells.own)), cells.own)
        line.append(f"  {own}", style="" if track.tag_genres else "dim")
    line.append(f"  {energy}", style=_colour(track.energy))
    line.append(f" {bpm} ", style="")
    for column in cells.columns:
        said = column.cell(track)
        line.append(f"{said}  ", style="dim" if said.rstrip().endswith(("?", "–")) else "")
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
