"""The screen of `tagger review`: keys, views, and what is decided."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.timer import Timer
from textual.widgets import Footer, Input, Static

from tagger.cli.review_screen.background import Background, ended
from tagger.cli.review_screen.dialogs import HELP, GenreInput, Told, Working
from tagger.cli.review_screen.pane import Pane
from tagger.cli.review_screen.player import play
from tagger.cli.review_screen.row_table import RowTable
from tagger.cli.review_screen.runs import save_plan, undo_last, write
from tagger.cli.review_screen.texts import names_of, plain, summary
from tagger.cli.shared import error_text
from tagger.errors import TaggerError
from tagger.review import VIEWS, Review, Row, View
from tagger.store import Correction, CorrectionKind
from tagger.types import Analysis, counted

REST_S = 0.06
"""How long the cursor stays on a row before the pane is drawn: who scrolls waits for nothing."""


OF_THE_WHOLE = {
    *("decide", "decide_album", "edit", "edit_album", "take_back"),
    *("mark", "mark_album", "mark_artist", "mark_all", "filter", "view", "next_view"),
    *("write", "save_plan", "undo"),
}
"""Actions that have all rows before them."""


class ReviewApp(App[None]):
    """A table of what write-tags would do, in which the owner accepts, skips and edits.

    `background` has the library, of which `beginning` gives the first rows and `reading` all; until these are
    there, nothing can be decided. `failure` is the error that ended the screen, if one did.
    """

    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has them
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012
    CSS = """
    #views, #status { height: 1; background: $panel; }
    #status { color: $text-muted; }
    #filter { display: none; height: 1; border: none; padding: 0; background: $boost; }
    #filter.shown { display: block; }
    #main { layout: horizontal; height: 1fr; }
    .-narrow #main { layout: vertical; }
    .-narrow Pane { layout: horizontal; width: 1fr; height: 9; padding: 0; }
    .-narrow Pane > Static { margin: 0 0 0 1; }
    .-narrow Pane > #sound { width: 3fr; height: 1fr; }
    .-narrow Pane > #genres { width: 2fr; height: 1fr; }
    .-narrow Pane > #album { width: 2fr; }
    .-low Pane, Pane.hidden { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accepted')", "Accept"),
        Binding("s", "decide('skipped')", "Skip"),
        Binding("e", "edit", "Edit"),
        Binding("A", "decide_album('accepted')", show=False),
        Binding("S", "decide_album('skipped')", show=False),
        Binding("E", "edit_album", show=False),
        Binding("u", "take_back", show=False),
        Binding("space", "mark", "Mark", key_display="␣"),
        Binding("b", "mark_album", show=False),
        Binding("r", "mark_artist", show=False),
        Binding("asterisk,ctrl+a", "mark_all", show=False),
        Binding("escape", "clear", show=False),
        Binding("slash", "filter", "Filter", key_display="/"),
        *(Binding(str(n), f"view('{view}')", show=False) for n, view in enumerate(VIEWS, 1)),
        Binding("p", "play", "Play"),
        Binding("w", "write", "Write"),
        Binding("f", "save_plan", show=False),
        Binding("U", "undo", show=False),
        Binding("d", "pane", show=False),
        Binding("t", "theme", show=False),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
        Binding("ctrl+q,ctrl+c", "leave", show=False),
    ]

    def __init__(
        self,
        background: Background,
        beginning: Future[Review],
        reading: Future[tuple[Review, Sequence[str]]],
        names: Sequence[str] = (),
        is_light: bool = False,
    ) -> None:
        """`names` are genres of the configuration, which complete what is typed."""
        super().__init__()
        self.background, self._names = background, names
        self._beginning, self._reading = beginning, reading
        self.is_whole = False
        self.theme = "textual-light" if is_light else "textual-dark"
        self.review = Review([], {})
        self.view: View = "missing"
        self.failure: Exception | None = None
        self._words: Sequence[str] = []
        self._genres: Sequence[str] = []
        self._before: list[Mapping[str, Correction | None]] = []
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out views, table, pane, status and keys."""
        yield Static(id="views", markup=False)
        with Container(id="main"):
            yield RowTable(id="rows")
            yield Pane(id="pane")
        yield Input(id="filter", placeholder="words of artist, title, album, genre or path")
        yield Static("reading the library …", id="status", markup=False)
        yield Footer(compact=True)

    async def on_mount(self) -> None:
        """Read the library while the screen is drawn."""
        with suppress(NotImplementedError, RuntimeError):  # Windows, and a thread that is not the first
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.action_leave)
        if sys.stdin.isatty():
            self.set_interval(1.0, self._leave_if_alone)
        self.table.focus()
        self.run_worker(self._open())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let only what looks on be done as long as rows are read."""
        return True if self.is_whole or action not in OF_THE_WHOLE else None

    @property
    def table(self) -> RowTable:
        """The table of rows."""
        return self.screen_stack[0].query_one(RowTable)

    async def _open(self) -> None:
        """Show the first rows at once, then all of them, in a view that has some."""
        try:
            self.review = await ended(self._beginning)
            self.view = self._first_view()
            self.table.show(self.review, self.review.shown(self.view))
            self.review, self._genres = await ended(self._reading)
        except TaggerError as error:
            self.failure = error
            self.exit()
            return
        self.view = self._first_view()
        self._show_whole()

    def _first_view(self) -> View:
        counts = self.review.counts()
        return next((view for view in VIEWS if counts[view]), "all")

    async def read(self) -> None:
        """Read all rows anew, and show those of the view."""
        try:
            self.review, self._genres = await ended(self.background.review())
        except TaggerError as error:
            self.say(plain(str(error)))
        else:
            self._show_whole()

    def _show_whole(self) -> None:
        self._words = self.review.words([*self._names, *self._genres])
        self._before = []
        self.is_whole = True
        self.refresh_bindings()
        self.refresh_rows()
        self.say("no tracks here; `tagger scan` them first" if not self.review.rows else "")

    # What is shown

    def refresh_rows(self) -> None:
        """Show the rows of the view and the filter, with the cursor on the same row if it is still there."""
        table, row = self.table, self.table.row
        text = self.screen_stack[0].query_one("#filter", Input).value
        rows = self.review.shown(self.view, text)
        path = row.track.path if row else ""
        same = (number for number, one in enumerate(rows) if one.track.path == path)
        table.show(self.review, rows, next(same, table.cursor) if row else 0)
        self._show_views()

    def _show_views(self) -> None:
        from rich.text import Text

        line = Text(no_wrap=True, overflow="ellipsis")
        named = {
            view: f"{n} {view} {count:,}" for n, (view, count) in enumerate(self.review.counts().items(), 1)
        }
        gap = "   " if sum(map(len, named.values())) + 3 * len(named) <= self.size.width else " "
        for view, name in named.items():
            line.append(name, style="reverse bold" if view == self.view else "")
            line.append(gap)
        self.screen_stack[0].query_one("#views", Static).update(line)

    def say(self, text: str = "") -> None:
        """Show a line above the keys: `text`, or else what is decided so far."""
        marked = f"{len(self.table.marked):,} marked   " if self.table.marked else ""
        self.screen_stack[0].query_one("#status", Static).update(marked + (text or summary(self.review)))

    def on_row_table_moved(self) -> None:
        """Draw the pane anew once the cursor rests."""
        pane = self.screen_stack[0].query_one(Pane)
        pane.show_row(self.review, None) if self.table.row is None else None
        if self._rest:
            self._rest.stop()
        self._rest = self.set_timer(
            REST_S, lambda: self.run_worker(self._show_row(), group="pane", exclusive=True)
        )

    async def _show_row(self) -> None:
        row, pane = self.table.row, self.screen_stack[0].query_one(Pane)
        if row is None:
            return
        pane.show_row(self.review, row)
        try:
            about = await ended(self.background.about(row.track.path))
        except TaggerError as error:
            self.say(plain(str(error)))
            return
        if row is self.table.row:
            pane.show_analysis(self.review, row, cast("Analysis | None", about))

    def action_view(self, view: View) -> None:
        """Show another view."""
        self.view = view
        self.table.marked.clear()
        self.refresh_rows()
        self.say()

    def action_next_view(self, by: int) -> None:
        """Show the next view."""
        self.action_view(VIEWS[(VIEWS.index(self.view) + by) % len(VIEWS)])

    def action_filter(self) -> None:
        """Let a filter be typed."""
        line = self.query_one("#filter", Input)
        line.add_class("shown")
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        if event.input.id == "filter":
            self.refresh_rows()
            self.say(counted(len(self.table.rows), "tracks"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the table, and keep the filter."""
        if event.input.id == "filter":
            self.table.focus()
            event.input.set_class(bool(event.value), "shown")

    def action_clear(self) -> None:
        """Take marks away; where there are none, the filter."""
        line = self.query_one("#filter", Input)
        if self.table.marked and not line.has_focus:
            self.table.marked.clear()
        else:
            line.value = ""
            line.remove_class("shown")
            self.table.focus()
        self.table.refresh()
        self.say()

    def action_pane(self) -> None:
        """Show or hide the pane."""
        self.query_one(Pane).toggle_class("hidden")

    def action_theme(self) -> None:
        """Change between dark and light."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Told(HELP))

    # What is decided

    def chosen(self) -> list[Row]:
        """Give the marked rows, or else the one under the cursor."""
        row = self.table.row
        return list(self.table.marked) or ([row] if row else [])

    def _album(self) -> Sequence[Row]:
        row = self.table.row
        return self.review.album(row) if row else ()

    def action_decide(self, kind: CorrectionKind) -> None:
        """Accept or skip the marked rows, or the one under the cursor, and go on to the next."""
        self._decide(self.chosen(), kind)

    def action_decide_album(self, kind: CorrectionKind) -> None:
        """Accept or skip the album of the row under the cursor."""
        self._decide(self._album(), kind)

    def action_edit(self) -> None:
        """Let genres be typed for the marked rows, or the one under the cursor."""
        self.run_worker(self._edit(self.chosen()))

    def action_edit_album(self) -> None:
        """Let genres be typed for the album."""
        self.run_worker(self._edit(self._album()))

    async def _edit(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        first, of = rows[0], counted(len(rows), "tracks") if len(rows) > 1 else names_of(rows[0].track)
        said = self.review.decision(first)
        now = said.value if said and said.value else (first.track.genre or "",)
        typed = await self.push_screen_wait(GenreInput(of, "; ".join(now), self._words))
        if typed:
            self._words = list(dict.fromkeys([*self._words, *typed]))
            self._decide(rows, "set", typed)

    def _decide(self, rows: Sequence[Row], kind: CorrectionKind, genres: tuple[str, ...] = ()) -> None:
        if not rows:
            return
        before = {row.track.audio_id: self.review.decision(row) for row in rows}
        said = self.review.decide(rows, kind, genres)
        self._before.append(before)
        self._keep(said)
        self._go_on(rows)
        self.table.marked.clear()
        if len(rows) > 1:
            words = {"accepted": "accepted", "set": "edited", "skipped": "skipped"}
            self.say(f"{counted(len(rows), 'tracks')} {words[kind]}; u takes it back")
        else:
            self.say()

    def _go_on(self, rows: Sequence[Row]) -> None:
        """Put the cursor on the first row behind that is not among those that were decided."""
        table, done = self.table, {row.track.audio_id for row in rows}
        behind = range(table.cursor, len(table.rows))
        is_next = (number for number in behind if table.rows[number].track.audio_id not in done)
        table.show(self.review, table.rows, next(is_next, table.cursor))

    def action_take_back(self) -> None:
        """Take the last decision back."""
        if not self._before:
            self.say("nothing was decided since the review began; U takes back what was written")
            return
        before = self._before.pop()
        self.review.put_back(before)
        self._keep(before)
        self.table.refresh()
        self.on_row_table_moved()
        self.say(f"taken back for {counted(len(before), 'tracks')}")

    def _keep(self, said: Mapping[str, Correction | None]) -> None:
        self.run_worker(self._kept(dict(said)))

    async def _kept(self, said: dict[str, Correction | None]) -> None:
        try:
            await ended(self.background.keep(said))
        except TaggerError as error:
            self.say(f"not kept: {plain(str(error))}")

    # What is marked

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on."""
        if row := self.table.row:
            self.table.marked ^= {row}
            self.table.action_move(1)
            self._marked()

    def action_mark_album(self) -> None:
        """Mark the album of the row under the cursor."""
        self._mark(self._album())

    def action_mark_artist(self) -> None:
        """Mark all of the artist of the row under the cursor."""
        if row := self.table.row:
            self._mark(self.review.artist(row))

    def action_mark_all(self) -> None:
        """Mark all rows in view that are not decided; where all are, all."""
        rows = [row for row in self.table.rows if self.review.is_open(row)]
        self._mark(rows or self.table.rows)
        unsure = sum(row.is_unsure for row in self.table.marked)
        self.say(f"{unsure:,} of them unsure" if unsure else "")

    def _mark(self, rows: Iterable[Row]) -> None:
        self.table.marked |= set(rows)
        self._marked()

    def _marked(self) -> None:
        self.table.refresh()
        self.say("a accepts, s skips, e edits them" if self.table.marked else "")

    # What is done with it

    def action_play(self) -> None:
        """Play the file under the cursor in the player of the system."""
        if row := self.table.row:
            self.say(f"playing {names_of(row.track)}")
            self.run_worker(lambda: self._played(row), thread=True)

    def _played(self, row: Row) -> None:
        if wrong := play(row.track.path):
            self.call_from_thread(self.say, wrong)

    def action_write(self) -> None:
        """Write what is accepted and edited, after a question."""
        self.run_worker(write(self))

    def action_save_plan(self) -> None:
        """Save the same as a plan."""
        self.run_worker(save_plan(self))

    def action_undo(self) -> None:
        """Take back the last run of write-tags, after a question."""
        self.run_worker(undo_last(self))

    def _leave_if_alone(self) -> None:
        """End when the terminal is gone, as when a connection breaks: Textual reads its end for ever."""
        try:
            os.get_terminal_size(sys.stdin.fileno())
        except OSError:
            self.action_leave()

    def action_leave(self) -> None:
        """End the review, behind the files that are being written; what is decided is kept."""
        for screen in self.screen_stack:
            if isinstance(screen, Working):
                screen.is_stopped = True
        self.exit()

    def _handle_exception(self, error: Exception) -> None:
        """End in one line instead of Textual's traceback."""
        error = getattr(error, "error", error)  # what a worker of Textual's raised
        with suppress(Exception):
            error_text(error)  # raises where a developer wants to see it
            self.failure = self.failure or error
        if self.failure is None:
            super()._handle_exception(error)
        else:
            self._return_code = 1
            self._exception = self._exception or error
            self._exception_event.set()
            self._close_messages_no_wait()
