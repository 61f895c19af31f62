"""How values look on a terminal and in files that other programs read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tagger.types import counted as counted


def shown(text: str) -> str:
    r"""Give a text or a path as one line: control characters, which could fake one, are escaped.

    >>> print(shown("two\nlines"))
    two\nlines
    """
    return "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else _escaped(c) for c in text)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object on stdout."""
    print(json.dumps(value, indent=2))


def print_json_array(values: Iterable[Mapping[str, Any]]) -> None:
    """Print an array on stdout, an element a line, while it is read: any length in little memory."""
    separator = "[\n"
    for value in values:
        sys.stdout.write(separator + json.dumps(value))
        separator = ",\n"
    print("[]" if separator == "[\n" else "\n]")


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print CSV (RFC 4180) on stdout with a line of names; truth values as JSON has them."""
    import csv

    writer = csv.DictWriter(_Lines(), columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        flags = {name: str(value).lower() for name, value in row.items() if isinstance(value, bool)}
        writer.writerow({**row, **flags})


class _Lines:
    """Prints the rows of a `csv.writer`, which quotes only those line ends that are in its own."""

    def write(self, row: str) -> None:
        print(row.removesuffix("\r\n"))


def message(text: str) -> None:
    """Print one line on stderr; a name in it cannot make it two."""
    print(f"tagger: {shown(text)}", file=sys.stderr)


def bar(share: float, width: int = 20) -> str:
    """Draw a share (0–1) as a bar of at most `width` characters.

    >>> bar(0.525, width=20)
    '██████████▌'
    """
    whole, part = divmod(round(share * width * 8), 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[part].strip()


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
