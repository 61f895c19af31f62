"""`tagger help`: the manual, whose pages lie in `tagger/manual`."""

from __future__ import annotations

import difflib
import os
import sys
from typing import Annotated

import typer

from tagger.cli.completion import topics
from tagger.cli.shared import message
from tagger.errors import TaggerError

TOPICS = {
    "ten-minutes": (),
    "scanning": ("scan", "list", "duplicates", "show", "stats", "failures", "ignore", "runs", "spectrogram"),
    "review": (),
    "corrections": ("set", "unset"),
    "report": (),
    "tags": ("audit", "write-tags", "undo"),
    "players": ("doctor",),
    "learn": (),
    "playlists": ("playlist",),
    "dj-programs": (),
    "every-night": ("watch",),
    "many-machines": ("merge",),
    "how-fast": (),
    "configuration": ("config",),
    "database": (),
    "sql": ("browse",),
    "python": (),
    "models": (),
    "training": ("train", "evaluate"),
    "developing": (),
    "changes": (),
}
"""Every page in the order of `tagger help`, and the commands that it explains beside one of its own name."""

MOST_COLUMNS = 100
"""Longer lines are hard to read, however wide the terminal is."""


def show_help(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", autocompletion=topics, help="A page or a command.")
    ] = None,
) -> None:
    """Read the manual: a page of it, the options of a command, or the list of pages.

    tagger help
    tagger help playlists
    tagger help scan
    """
    from tagger.cli import COMMANDS

    if topic is None:
        _list_topics()
    elif topic.lower() in TOPICS:
        _show(page(topic.lower()))
    elif topic in COMMANDS:
        _show_options(topic)
    else:
        near = difflib.get_close_matches(topic.lower(), [*TOPICS, *COMMANDS], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise TaggerError(f"no page {topic!r}; {hint}`tagger help` lists them all")


def page(topic: str) -> str:
    """Give the Markdown of the page `topic`, one of `TOPICS`."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(os.path.join(package, "manual", f"{topic}.md"), encoding="utf-8") as file:
        return file.read()


def summary(text: str) -> str:
    """Give the paragraph under a page's title as one line: what the page is about.

    >>> summary("# Tags\\n\\nWhat is written\\nand when.\\n\\n## More")
    'What is written and when.'
    """
    return " ".join(text.split("\n\n")[1].split())


def _list_topics() -> None:
    width = max(map(len, TOPICS))
    for topic in TOPICS:
        print(f"{topic:<{width}}  {summary(page(topic))}")
    message("`tagger help TOPIC` shows a page, `tagger COMMAND --help` the options of a command")


def _show(text: str) -> None:
    """Prints a page: as it is to a file, drawn and through the pager to a terminal."""
    if sys.stdout.isatty():
        _page_drawn(text)
    else:
        print(text, end="")


def _page_drawn(text: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    os.environ.setdefault("LESS", "-FRX")  # colours; and a page that fits the terminal waits for no key
    console = Console()
    width = min(console.width, MOST_COLUMNS)
    with console.pager(styles=True, links=True):
        console.print(Markdown(text, code_theme="ansi_dark"), width=width)


def _show_options(command: str) -> None:
    from tagger.cli import app_for

    app_for([command])([command, "--help"], prog_name="tagger", standalone_mode=False)
    for topic, commands in TOPICS.items():
        if command in commands:
            print(f" More about it: tagger help {topic}\n")
