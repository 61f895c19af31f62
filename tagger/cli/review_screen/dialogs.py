"""What stands in front of the table: a question, a report, work under way, and lines to type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tagger.cli.review_screen.texts import plain
from tagger.correct import genres_typed
from tagger.errors import TaggerError
from tagger.files import folded

MOST_WORDS = 6
"""Completions in sight."""

REDRAWS_PER_S = 10

HELP = """\
a  accept the answer        A  its whole album
s  skip: leave the file     S  its whole album
e  edit the genre           E  of its whole album
u  take the last decision back

Space  mark    b  mark the album    r  mark the artist    *  mark all
       in view that is not decided; a, s and e are for the marked then
/      filter by words          Esc  take marks away, then the filter
1-5    views: missing (no genre of yours), differs (from yours), unsure,
       agrees, all;  Tab  the next one

w  write what is accepted and edited, after a question
f  save it as a plan for `tagger write-tags --plan`
U  take back the last run that wrote tags
p  play the file            d  show or hide the pane
t  dark or light            q  leave; what is decided is kept

An accepted answer takes the place of a genre of yours that differs;
one that agrees is kept. Energy and tempo go as write-tags has them."""
"""Every key, in what a terminal of 80 columns and 24 lines has room for."""

_CSS = """
    {name} {{ align: center middle; }}
    {name} > Vertical {{
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        padding: 0 1; background: $panel; border: round $primary;
    }}
    {name} Static {{ height: auto; }}
    {name} .keys {{ color: $text-muted; margin-top: 1; }}
    {name} .error {{ color: $text-error; }}
    {name} VerticalScroll {{ height: auto; max-height: 20; }}
"""


class Question(ModalScreen[bool]):
    """Ask for a yes."""

    DEFAULT_CSS = _CSS.format(name="Question")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "Yes"),
        Binding("n,escape,q", "dismiss(False)", "No"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical():
            yield Static(self._text, markup=False, id="text")
            yield Static("y or Enter: yes    n or Esc: no", markup=False, classes="keys")


class Told(ModalScreen[None]):
    """Show a text until a key is pressed; a long one scrolls."""

    DEFAULT_CSS = _CSS.format(name="Told")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark", "dismiss(None)", "Close")
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical():
            with VerticalScroll():
                yield Static(self._text, markup=False, id="text")
            yield Static("Esc or Enter: back    ↑ ↓: scroll", markup=False, classes="keys")

    def on_mount(self) -> None:
        """Let the arrows scroll."""
        self.query_one(VerticalScroll).focus()


class Working(ModalScreen[None]):
    """Show how far a work is, by a line that is asked for again and again; Esc asks it to stop."""

    DEFAULT_CSS = _CSS.format(name="Working")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,ctrl+c,ctrl+q", "stop", "Stop")]

    def __init__(self, line: Callable[[], str]) -> None:
        super().__init__()
        self._line = line
        self.is_stopped = False

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        with Vertical():
            yield Static(self._line(), markup=False, id="text")
            yield Static("Esc: stop behind the files under way", markup=False, classes="keys")

    def on_mount(self) -> None:
        """Draw again and again."""
        self.set_interval(1 / REDRAWS_PER_S, self._redraw)

    def action_stop(self) -> None:
        """Ask the work to stop."""
        self.is_stopped = True
        self.query_one(".keys", Static).update("stopping …")

    def _redraw(self) -> None:
        self.query_one("#text", Static).update(self._line())


class GenreInput(ModalScreen[tuple[str, ...] | None]):
    """Ask for genres, completed from `words`; gives None where nothing shall change."""

    DEFAULT_CSS = _CSS.format(name="GenreInput")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("tab,down", "complete(1)", "Complete", priority=True),
        Binding("shift+tab,up", "complete(-1)", "Complete backwards", priority=True),
    ]

    def __init__(self, of: str, genres: str, words: Sequence[str]) -> None:
        super().__init__()
        self._of, self._genres, self._words = of, genres, words
        self._found: Sequence[str] = []
        self._chosen = -1
        self._completed = ""

    def compose(self) -> ComposeResult:
        """Lay out the line and what completes it."""
        with Vertical():
            yield Static(f"Genre of {self._of}", markup=False)
            yield Input(self._genres, id="typed", select_on_focus=True)
            yield Static(id="words", markup=False)
            yield Static("", markup=False, classes="error")
            yield Static(
                "Enter: take it    Tab: complete    ;: another genre    Esc: back",
                markup=False,
                classes="keys",
            )

    def on_mount(self) -> None:
        """Wait for a genre."""
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for completions of what is typed, but not of what has completed it."""
        if event.value == self._completed:
            return
        self._found, self._chosen = completions(event.value.rpartition(";")[2], self._words), -1
        self.query_one(".error", Static).update("")
        self._show_words()

    def action_complete(self, by: int) -> None:
        """Put the next completion into the line."""
        if not self._found:
            return
        self._chosen = (self._chosen + by) % len(self._found) if self._chosen >= 0 or by > 0 else -1
        line = self.query_one(Input)
        before, separator, _ = line.value.rpartition(";")
        self._completed = f"{before}{separator}{' ' * bool(separator)}{self._found[self._chosen]}"
        line.value = self._completed
        line.cursor_position = len(line.value)
        self._show_words()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what is typed, or say what is wrong with it."""
        try:
            self.dismiss(genres_typed(event.value))
        except TaggerError as error:
            self.query_one(".error", Static).update(str(error))

    def _show_words(self) -> None:
        first = max(0, self._chosen - MOST_WORDS + 1)
        text = Text()
        for number, word in enumerate(self._found[first : first + MOST_WORDS], first):
            text.append(f" {plain(word)} \n", style="reverse" if number == self._chosen else "")
        self.query_one("#words", Static).update(text, layout=False)


def completions(typed: str, words: Sequence[str]) -> list[str]:
    """Give the words that can be meant by what is typed: those that begin so, then those that hold it.

    >>> completions("ro", ["Jazz", "Post-Rock", "rock"])
    ['rock', 'Post-Rock']
    """
    part = folded(typed.strip())
    found = [word for word in words if part and part in folded(word)]
    return sorted(found, key=lambda word: not folded(word).startswith(part))


class FileInput(ModalScreen[str | None]):
    """Ask for the name of a file that is not there yet."""

    DEFAULT_CSS = _CSS.format(name="FileInput")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, question: str, name: str, is_taken: Callable[[str], bool]) -> None:
        super().__init__()
        self._question, self._name, self._is_taken = question, name, is_taken

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Input(self._name, id="typed", select_on_focus=True)
            yield Static("", markup=False, classes="error")
            yield Static("Enter: save    Esc: back", markup=False, classes="keys")

    def on_mount(self) -> None:
        """Wait for a name."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the name, unless something has it."""
        name = event.value.strip()
        if not name or self._is_taken(name):
            said = f"{plain(name)} is there already; type another name" if name else "type a name"
            self.query_one(".error", Static).update(said)
        else:
            self.dismiss(name)
