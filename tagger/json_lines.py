"""JSON Lines (https://jsonlines.org) that people may have edited: written, and read within bounds.

What is wrong in a file is told with the number of its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tagger.errors import TaggerError

MAX_LINE_BYTES = 1 << 20
"""Of a line: no path and no genre is so long."""


def json_line(values: Mapping[str, Any]) -> bytes:
    """Give an object as one line with its end: in UTF-8, or escaped where a text is not of Unicode.

    >>> json_line({"path": "/m/é.mp3"}) == b'{"path": "/m/\\xc3\\xa9.mp3"}\\n'
    True
    >>> json_line({"path": "/m/\\udce9.mp3"})  # an undecodable byte, as the operating system gives it
    b'{"path": "/m/\\\\udce9.mp3"}\\n'
    """
    try:
        return json.dumps(values, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(values).encode() + b"\n"


def read_json_lines(file: str, keys: Sequence[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object of a `file`, behind its name and the number of its line; empty lines are passed over.

    Raises TaggerError, with that number, for a line that is no object or lacks one of `keys`; `name` is what
    the file should be.
    """
    try:
        with open(file, "rb") as opened:
            for number, line in enumerate(iter(lambda: opened.readline(MAX_LINE_BYTES + 1), b""), 1):
                if line.strip():
                    where = f"{file}, line {number}"
                    yield where, _object_in(line, where, keys, name)
    except OSError as error:
        raise TaggerError(f"{file}: cannot be read ({error.strerror})") from error


def _object_in(line: bytes, where: str, keys: Sequence[str], name: str) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise TaggerError(f"{where}: longer than {MAX_LINE_BYTES >> 20} MiB; is this a {name}?")
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise TaggerError(f"{where}: not valid JSON; mend or delete the line") from None
    if not isinstance(values, dict):
        raise TaggerError(f"{where}: not a JSON object; mend or delete the line")
    for key in keys:
        if key not in values:
            raise TaggerError(f"{where}: has no {key!r}; mend or delete the line")
    return values
