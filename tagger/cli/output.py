"""How values look on a terminal and in files that other programs read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any


def shown(path: str) -> str:
    """A path as one line: control characters, which could clear a screen or fake a line, are escaped."""
    return "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else _escaped(c) for c in path)


def print_json(value: Mapping[str, Any]) -> None:
    """One object on stdout."""
    print(json.dumps(value, indent=2))


def print_json_array(values: Iterable[Mapping[str, Any]]) -> None:
    """An array on stdout, an element a line, written while it is read: any length in little memory."""
    separator = "[\n"
    for value in values:
        sys.stdout.write(separator + json.dumps(value))
        separator = ",\n"
    print("[]" if separator == "[\n" else "\n]")


def message(text: str) -> None:
    """One line on stderr."""
    print(f"tagger: {text}", file=sys.stderr)


def counted(count: int, name: str, width: int = 0) -> str:
    """A number and what it counts: `1,200 files written` and, of the same name, `1 file written`."""
    noun, space, rest = name.partition(" ")
    return f"{count:>{width},} {noun.removesuffix('s') if count == 1 else noun}{space}{rest}"


def bar(share: float, width: int = 20) -> str:
    """A share (0–1) as a bar of at most `width` characters."""
    whole, part = divmod(round(share * width * 8), 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[part].strip()


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
