"""Whether a name holds a text, as people mean it: `bjork` is not `Björk`, but `BJÖRK` is, on every system."""

from __future__ import annotations

import sqlite3

from tagger.files import folded
from tagger.store.paths import StoredPath, path_from


def add_functions(connection: sqlite3.Connection) -> None:
    """Teach the connection `tagger_contains(name, part)`; SQLite's own LIKE folds the case of ASCII only."""
    connection.create_function("tagger_contains", 2, _contains, deterministic=True)


def _contains(name: StoredPath | None, part: StoredPath) -> bool:
    """`part` is folded already; both may be bytes that are not UTF-8."""
    return name is not None and path_from(part) in folded(path_from(name))
