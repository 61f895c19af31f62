"""The pane beside the table: energy over the track, windows, top five, tempo, key, words, and the album."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from tagger.cli.review_screen.texts import cell, decided, joined, names_of, own_of, plain
from tagger.cli.shared import bar
from tagger.review import Review, Row
from tagger.types import MIN_CONFIDENCE, Analysis, Prediction, WindowAnswer, energy_level
from tagger.wording import is_sure, key_shown, second_tempo_said

TOP = 5

WINDOW_S = 10.0
"""Of a window of the models, in the drawing."""

HIGH, LOW_PANE = 3, 12
"""Lines of the drawing, unless the pane has no more lines than that."""

LEAST_CELLS, LEAST_CELLS_FOR_MOODS = 20, 38
"""Of a block, and of a line about a window that has its mood at its end."""

_STEPS = " ▁▂▃▄▅▆▇█"


class Pane(Container):
    """Three blocks about one row, under or beside each other as the screen allows."""

    DEFAULT_CSS = """
    Pane { layout: vertical; width: 44; height: 1fr; padding: 0 1; background: $surface; }
    Pane > Static {
        width: 1fr; height: 1fr; margin-bottom: 1; text-wrap: nowrap; text-overflow: ellipsis;
    }
    Pane > #sound { height: 12; }
    Pane > #genres { height: 7; }
    """

    def compose(self) -> ComposeResult:
        """Lay out the three blocks."""
        for name in ("sound", "genres", "album"):
            yield Static(id=name, markup=False)

    def show_row(self, review: Review, row: Row | None) -> None:
        """Show at once what is in memory; `show_analysis` brings the rest."""
        self._update("album", _of_album(review, row) if row else Text())
        if row is None:
            self._update("sound", Text("no track here", style="dim"))
            self._update("genres", Text())

    def show_analysis(self, review: Review, row: Row, analysis: Analysis | None) -> None:
        """Draw what the model says of a row."""
        if analysis is None:
            self._update("sound", Text("not in the database any more", style="dim"))
            return
        n_lines = HIGH if self.size.height > LOW_PANE else 1
        self._update("sound", _of_sound(review, row, analysis, self._cells("sound"), n_lines))
        self._update("genres", _of_genres(analysis, self._cells("genres")))

    def _cells(self, name: str) -> int:
        return max(LEAST_CELLS, self.query_one(f"#{name}", Static).size.width)

    def _update(self, name: str, text: Text) -> None:
        self.query_one(f"#{name}", Static).update(text, layout=False)


def _of_sound(review: Review, row: Row, analysis: Analysis, width: int, n_lines: int) -> Text:
    track, answer = row.track, analysis.prediction
    lines = [Text(names_of(track), style="bold"), Text(decided(row, review.decision(row)))]
    if answer.energy is not None:
        level = energy_level(answer.energy)
        mood = f"  {answer.mood} {answer.mood_confidence or 0:.0%}" if answer.mood else ""
        lines.append(Text.assemble("energy ", (f"{answer.energy:.2f}", "bold"), f"  level {level}{mood}"))
        lines += over_the_track(answer.windows, track.duration_s or 0.0, width, n_lines)
    return joined(*lines, *(_of_window(window, width) for window in answer.windows))


def _of_window(window: WindowAnswer, width: int) -> Text:
    energy = "" if window.energy is None else f"{window.energy:.2f}"
    sure = "" if window.genre_confidence is None else f"{window.genre_confidence:.0%}"
    mood = window.mood or "" if width >= LEAST_CELLS_FOR_MOODS else ""
    line = f"{clock(window.start_s):>6} {energy:>5} {cell(plain(window.genre or '–'), 14)} {sure:>4} {mood}"
    return Text(line.rstrip())


def over_the_track(
    windows: Sequence[WindowAnswer], duration_s: float, width: int, n_lines: int = 1
) -> list[Text]:
    """Draw the energy of windows where they lie in the track, and what is between them dimly.

    `width` cells are the whole track, `n_lines` the energies from 0 to 1; a line of times is under them.
    """
    heard = [window for window in windows if window.energy is not None]
    if not heard:
        return []
    whole = max(duration_s, max(window.start_s for window in heard) + WINDOW_S)
    lines = [Text() for _ in range(n_lines)]
    for column in range(width):
        at = whole * (column + 0.5) / width
        window = next((w for w in heard if _is_over(w, at, whole / width)), None)
        energy = window.energy if window else between(heard, at)
        steps = max(1, round((energy or 0.0) * 8 * n_lines))
        for line, text in enumerate(reversed(lines)):
            text.append(_STEPS[min(max(steps - 8 * line, 0), 8)], style="bold cyan" if window else "dim")
    end = clock(whole)
    return [*lines, Text(f"0:00{end:>{max(0, width - 4)}}", style="dim")]


def _is_over(window: WindowAnswer, at_s: float, column_s: float) -> bool:
    """Whether the middle of a column is in the window, or that of the window in the column."""
    middle = window.start_s + WINDOW_S / 2
    return abs(at_s - middle) < WINDOW_S / 2 or -column_s / 2 <= middle - at_s < column_s / 2


def between(windows: Sequence[WindowAnswer], at_s: float) -> float:
    """Give the energy on the straight line between the windows around a moment."""
    points = [(window.start_s + WINDOW_S / 2, window.energy or 0.0) for window in windows]
    before = [point for point in points if point[0] <= at_s] or points[:1]
    after = [point for point in points if point[0] > at_s] or points[-1:]
    (start, low), (end, high) = before[-1], after[0]
    return low if end <= start else low + (high - low) * (at_s - start) / (end - start)


def _of_genres(analysis: Analysis, width: int) -> Text:
    best = [*analysis.genres.items()][:TOP]
    lines = [
        Text.assemble(f"{cell(plain(name), 12)} {p:>4.0%} ", (bar(p, max(1, width - 18)), "cyan"))
        for name, p in best
    ]
    answer = analysis.prediction
    lines += map(Text, _in_lines(_tempo_and_key(answer), width))
    if words := analysis.track.words:
        lines.append(Text(", ".join(f"{plain(word)} {p:.0%}" for word, p in words.items())))
    return joined(*lines) if lines else Text("silent" if answer.silent else "no genres", style="dim")


def _in_lines(parts: Iterable[str], width: int) -> list[str]:
    """The parts with commas between them, as many in a line as there is room for."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines


def _tempo_and_key(answer: Prediction) -> Iterator[str]:
    if answer.bpm is not None:
        yield f"{answer.bpm:.1f} BPM {answer.bpm_confidence or 0:.0%}"
        yield from second_tempo_said(answer.second_bpm, answer.second_bpm_confidence)
    if answer.key is not None and is_sure(answer.key_confidence, MIN_CONFIDENCE):
        yield f"{key_shown(answer.key)} {answer.key_confidence or 0:.0%}"


def _of_album(review: Review, row: Row) -> Text:
    rows = review.album(row)
    track = row.track
    name = plain(track.album or "this folder") + (f" ({track.year})" if track.year else "")
    answers = Counter(plain(one.track.genre or "–") for one in rows)
    own = Counter(own_of(one.track) if one.track.tag_genres else "none" for one in rows)
    n_decided = sum(not review.is_open(one) for one in rows)
    return joined(
        Text.assemble((name, "bold"), f", {len(rows):,} here"),
        Text(f"answers: {_listed(answers.most_common())}"),
        Text(f"your tags: {_listed(own.most_common())}"),
        Text(f"decided: {n_decided:,}"),
        Text(plain(track.path), style="dim"),
    )


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in [*counts][:4])


def clock(seconds: float) -> str:
    """Give a time in a track.

    >>> clock(61.7)
    '1:02'
    """
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"
