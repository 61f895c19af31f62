r"""What a person's terminal gets: no escape code but our own, and no line that never ends.

Tags, paths, model folders and databases come from anywhere, and a terminal obeys what it is sent: it would
change its title, clear itself or type for its owner. A pipe or a file gets the very bytes.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import warnings
from typing import TextIO

LONGEST = 2_000
"""Characters of a line; a tag may hold a megabyte."""

_LINES = re.compile(r"(\n)")


def shown(text: str) -> str:
    r"""Give a text or a path as one line: control characters, which could fake one, are escaped.

    >>> print(shown("two\nlines"))
    two\nlines
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else _escaped(c) for c in text)


def for_terminal(text: str) -> str:
    r"""Give a line without a character that a terminal could obey, shortened if it is very long.

    Undecodable bytes stay, but for those with which a command of an old terminal begins (0x80 to 0x9f).

    >>> for_terminal("a\x1b[2Jb\udc9b")
    'a\\x1b[2Jb\\x9b'
    """
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text):,} characters)"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or "\udca0" <= c <= "\udcff" else _escaped(c) for c in text)


def lines_for_terminal(text: str) -> str:
    """Give lines, each as `for_terminal` does."""
    return "".join(part if part == "\n" else for_terminal(part) for part in _LINES.split(text))


def say(text: str = "", file: TextIO | None = None) -> None:
    """Print lines on stdout, or `file`: as they are for another program, harmless for a terminal."""
    file = file or sys.stdout
    print(lines_for_terminal(text) if file.isatty() else text, file=file)


def say_on_stderr(text: str) -> None:
    """Print one line on stderr; a name in it cannot make it two."""
    print(for_terminal(text) if sys.stderr.isatty() else shown(text), file=sys.stderr)


def say_log(level: int, form: str) -> None:
    """Print what our own modules log, from that level on, as lines on stderr in a form of `logging`'s."""
    ours, lines = logging.getLogger("tagger"), _LogLines(level)
    lines.setFormatter(logging.Formatter(form))
    ours.setLevel(logging.INFO)
    ours.handlers = [lines]


class _LogLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say_on_stderr(self.format(record))


def silence_python() -> None:
    """Keep the warnings, logs and tracebacks of Python, its threads and libraries from stderr.

    They help nobody there. Our own logs are printed by `say_log`.
    """
    if "ignore" not in sys.warnoptions:  # with which Python starts the processes that look after workers
        sys.warnoptions.append("ignore")
    warnings.showwarning = lambda *about, **more: None
    logging.lastResort = logging.NullHandler()
    threading.excepthook = lambda about: None
    sys.unraisablehook = lambda about: None


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
