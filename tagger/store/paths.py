"""File names as SQLite keeps them: TEXT where they are UTF-8, else BLOB, never losing a byte.

SQLite can hold neither lone surrogates nor undecodable bytes in TEXT, and a music library that has
lived on several systems has both `café` spellings and names in Latin-1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from tagger.files import absolute

StoredPath = str | bytes
PathRange = tuple[StoredPath, StoredPath]

# No path is empty, and in SQLite every BLOB is greater than every TEXT.
EVERYTHING: tuple[PathRange, ...] = (("", b""), (b"", b"\xff\xff"))


def stored_path(path: str) -> StoredPath:
    """The value for the database: text if the name's bytes are UTF-8, the bytes themselves if not."""
    if path.isascii():
        return path
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def path_from(stored: StoredPath) -> str:
    """The path as the operating system gives it; the inverse of `stored_path`."""
    if isinstance(stored, str):
        return stored if stored.isascii() else os.fsdecode(stored.encode("utf-8"))
    return os.fsdecode(stored)


def stored_text(text: str) -> str:
    """Text for a person, made fit for SQLite: lone surrogates become `\\udcXX` in plain letters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def path_ranges(paths: Sequence[str]) -> list[PathRange]:
    """Disjoint half-open ranges [low, high) that hold each path and everything beneath it.

    Ranges, unlike LIKE, use the index and know no wildcards. A path beneath another one of `paths`
    adds none, so that no row is found twice.
    """
    wanted = {absolute(path) for path in paths}
    ranges: list[PathRange] = []
    for path in sorted(wanted):
        if not any(parent in wanted for parent in _parents(path)):
            ranges += _ranges_of(path)
    return ranges


def _parents(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def _ranges_of(path: str) -> list[PathRange]:
    # No name holds NUL, so nothing but `path` lies between it and `path` + "\x01".
    folder = path if path.endswith(os.sep) else path + os.sep
    after_folder = folder[:-1] + chr(ord(os.sep) + 1)
    itself, beneath = (path, path + "\x01"), (folder, after_folder)
    beneath_in_bytes = (os.fsencode(folder), os.fsencode(after_folder))
    if isinstance(stored_path(path), bytes):
        return [(os.fsencode(path), os.fsencode(path) + b"\x01"), beneath_in_bytes]
    return [_as_stored(itself), _as_stored(beneath), beneath_in_bytes]


def _as_stored(pair: tuple[str, str]) -> PathRange:
    return stored_path(pair[0]), stored_path(pair[1])
