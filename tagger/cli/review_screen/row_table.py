"""The table of rows: only the lines in sight are ever drawn, so that its length costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tagger.cli.review_screen.texts import (
    MARKS,
    STYLES,
    answer_of,
    bpm_of,
    cell,
    level_of,
    names_of,
    own_of,
    sure_of,
)
from tagger.review import Review, Row

MOST_GENRE_CELLS, LEAST_GENRE_CELLS = 22, 13

NUMBERS = (("sure", 5), ("energy", 7), ("BPM", 5))
"""The narrow columns and their cells, a space in front included."""


class RowTable(ScrollView, can_focus=True):
    """Rows of a review under a line of names, one of them under the cursor, some of them marked."""

    class Moved(Message):
        """The cursor stands on another row, or on none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("home,g", "move(-1000000000)", "First", show=False),
        Binding("tab,right", "app.next_view(1)", show=False),
        Binding("shift+tab,left", "app.next_view(-1)", show=False),
        Binding("end,G", "move(1000000000)", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row--head",
        "row--cursor",
        "row--marked",
        "row--quiet",
        "row--differs",
        "row--unsure",
        *STYLES.values(),
    }
    DEFAULT_CSS = """
    RowTable { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; }
    RowTable > .row--head { color: $foreground; text-style: bold; background: $panel; }
    RowTable > .row--cursor { background: $primary-muted; text-style: bold; }
    RowTable > .row--marked { background: $secondary-muted; }
    RowTable > .row--quiet { text-style: dim; }
    RowTable > .row--differs { color: $text-error; }
    RowTable > .row--unsure { color: $text-warning; }
    RowTable > .row--accepted { color: $text-success; }
    RowTable > .row--set { color: $text-accent; }
    RowTable > .row--skipped { text-style: dim; }
    """

    cursor = reactive(0)

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = []
        self.marked: set[Row] = set()
        self._review: Review | None = None

    @property
    def row(self) -> Row | None:
        """The row under the cursor; None where there is none."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def show(self, review: Review, rows: Sequence[Row], cursor: int = 0) -> None:
        """Show rows of a review, with the cursor on the one of that number."""
        self._review, self.rows = review, rows
        self.virtual_size = Size(0, len(rows) + 1)
        self.set_reactive(RowTable.cursor, max(0, min(cursor, len(rows) - 1)))
        self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def watch_cursor(self) -> None:
        """Keep the cursor in sight."""
        self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows, as far as there are any."""
        self.cursor = max(0, min(self.cursor + by, len(self.rows) - 1))

    def action_page(self, by: int) -> None:
        """Move the cursor by so many screens."""
        self.action_move(by * max(1, self.size.height - 2))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where it is clicked."""
        if event.y > 0:
            self.action_move(self.scroll_offset.y + event.y - 1 - self.cursor)

    def _follow(self) -> None:
        # Line 0 is the head, which covers the first line in sight, so the cursor needs two lines above it.
        self.scroll_to_region(
            Region(0, self.cursor, 1, 2), animate=False, force=True, immediate=True, x_axis=False
        )

    def render_line(self, y: int) -> Strip:
        """Draw one line of those in sight."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y == 0:
            return self._head(width, base)
        number = self.scroll_offset.y + y - 1
        if self._review is None or number >= len(self.rows):
            return Strip.blank(width, base)
        return Strip(self._segments(self._review, number, width, base), width)

    def _head(self, width: int, base: Style) -> Strip:
        genre, names = _widths(width)
        text = "   " + cell("your tag", genre) + " " + cell("answer", genre)
        text += "".join(cell(name, cells, right=True) for name, cells in NUMBERS)
        style = base + self._style("row--head")
        return Strip([Segment(text + "  " + cell("artist – title", names), style)], width)

    def _segments(self, review: Review, number: int, width: int, base: Style) -> list[Segment]:
        row = self.rows[number]
        if row in self.marked:
            base += self._style("row--marked")
        if number == self.cursor:
            base += self._style("row--cursor")
        said = review.decision(row)
        genre, names = _widths(width)
        of_answer = STYLES[said.kind] if said else _style_of(row)
        quiet = base + self._style("row--quiet")
        track = row.track
        numbers = (sure_of(track), level_of(track), bpm_of(track))
        cells = [cell(text, n, right=True) for text, (_, n) in zip(numbers, NUMBERS, strict=True)]
        mark = ("•" if row in self.marked else " ") + (MARKS[said.kind] if said else " ") + " "
        return [
            Segment(mark, base + self._style(STYLES[said.kind]) if said else base),
            Segment(cell(own_of(track), genre) + " ", base if track.tag_genres else quiet),
            Segment(cell(answer_of(row, said), genre), base + self._style(of_answer)),
            Segment(cells[0], base + self._style("row--unsure") if row.is_unsure else base),
            Segment("".join(cells[1:]) + "  ", base),
            Segment(cell(names_of(track), names), base),
        ]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True) if name else Style.null()


def _style_of(row: Row) -> str:
    if row.standing == "differs":
        return "row--differs"
    return "row--unsure" if row.is_unsure else ""


def _widths(width: int) -> tuple[int, int]:
    """The cells of a column of genres and of the column of names, in a line of `width`."""
    numbers = sum(cells for _, cells in NUMBERS)
    genre = max(LEAST_GENRE_CELLS, min(MOST_GENRE_CELLS, (width - numbers) // 4))
    return genre, max(0, width - numbers - 2 * genre - 6)
