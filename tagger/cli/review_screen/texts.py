"""What the screen says of a row: plain texts, which can hold no markup and no escape code."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from tagger.cli.table import beginning
from tagger.cli.terminal import for_terminal
from tagger.review import Review, Row
from tagger.store import Correction
from tagger.types import Track, energy_level

MARKS = {"accepted": "✓", "set": "✎", "skipped": "✗"}
"""Beside a row of which the owner has decided."""

STYLES = {"accepted": "row--accepted", "set": "row--set", "skipped": "row--skipped"}


def plain(text: str) -> str:
    r"""Give a text from anywhere as one line that a terminal shows and no more; bytes that are no UTF-8 too.

    >>> plain("a\x1b[2Jb\udcff [bold]")
    'a\\x1b[2Jb\\udcff [bold]'
    """
    return for_terminal(text).encode("utf-8", "backslashreplace").decode()


def cell(text: str, width: int, right: bool = False) -> str:
    """Give a text in just so many cells of a terminal.

    >>> cell("Jazz", 6), cell("42", 4, right=True), cell("Concierto", 6)
    ('Jazz  ', '  42', 'Conci…')
    """
    short = beginning(text, width)
    space = " " * (width - cell_len(short))
    return space + short if right else short + space


def own_of(track: Track) -> str:
    """Give the owner's own genres in one line."""
    return plain("; ".join(track.tag_genres)) or "–"


def answer_of(row: Row, said: Correction | None) -> str:
    """Give the genre of a row: what the owner has set in place of the answer, or the answer."""
    if said is not None and said.kind == "set":
        return plain("; ".join(said.value or ()))
    return "(silent)" if row.track.silent else plain(row.track.genre or "–")


def sure_of(track: Track) -> str:
    """Give how sure the genre is, in per cent."""
    return "–" if track.genre_confidence is None else f"{track.genre_confidence:.0%}"


def level_of(track: Track) -> str:
    """Give the energy level."""
    return "–" if track.energy is None else str(energy_level(track.energy))


def bpm_of(track: Track) -> str:
    """Give the tempo in whole BPM, as it is written."""
    return "–" if track.bpm is None else f"{track.bpm:.0f}"


def names_of(track: Track) -> str:
    """Give `artist – title`, or the end of the path where there is neither."""
    names = " – ".join(name for name in (track.artist, track.title) if name)
    return plain(names or track.path.replace("\\", "/").rsplit("/", 1)[-1])


def decided(row: Row, said: Correction | None) -> str:
    """Say in words what was decided of a row."""
    if said is None:
        return "not decided" + (": the answer is unsure" if row.is_unsure else "")
    if said.kind == "skipped":
        return "✗ skipped: the file stays as it is"
    done = "written" if said.is_written else "to be written"
    kept = ", beside your genre" if row.standing == "agrees" and said.kind == "accepted" else ""
    genres = plain("; ".join(said.value or ())) or "no genre"
    return f"{MARKS[said.kind]} {'accepted' if said.kind == 'accepted' else 'yours'}: {genres}{kept} ({done})"


def summary(review: Review) -> str:
    """Say how much was decided and is not settled yet."""
    open_ones = [said for one, said in review.said.items() if one not in review.settled]
    counts = {kind: sum(said.kind == kind for said in open_ones) for kind in MARKS}
    parts = [f"{MARKS[kind]} {count:,}" for kind, count in counts.items() if count]
    return "  ".join(parts) or "nothing decided"


def joined(*lines: Text) -> Text:
    """Put lines under each other."""
    return Text("\n").join(lines)
