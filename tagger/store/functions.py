"""The functions of ours that SQLite calls while it answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from tagger.files import folded, sort_key
from tagger.genre_names import GenreNames, is_meant
from tagger.genre_tree import is_known
from tagger.genre_words import Words, is_named
from tagger.store.own_tags import own_genres
from tagger.store.rows import StoredPath, path_from


def add_functions(connection: sqlite3.Connection, names: GenreNames) -> None:
    """Let a connection call them; `names` are the owner's for genres, and say which words say nothing.

    `tagger_contains(name, part)`, `tagger_sort_key(name)`; and of the column `tag_genres`, in the first
    place: `tagger_is_tagged(own)`, `tagger_says(own, name)`, `tagger_agrees(own, genre)`.
    """

    nothing = names.nothing

    def is_tagged(own: Any) -> bool | None:
        return _is_tagged(_text(own), nothing)

    def says(own: Any, name: str) -> bool:
        return _says(_text(own), name, nothing)

    def agree(own: Any, genre: Any) -> bool | None:
        said = _text(genre)
        return _agree(_text(own), said, names.shown(said or ""), nothing)

    functions: dict[str, tuple[int, Callable[..., Any]]] = {
        "tagger_contains": (2, _contains),  # SQLite's own LIKE folds the case of ASCII only
        "tagger_sort_key": (1, _sort_key),
        "tagger_is_tagged": (1, is_tagged),
        "tagger_says": (2, says),
        "tagger_agrees": (2, agree),
    }
    for name, (n_arguments, function) in functions.items():
        connection.create_function(name, n_arguments, function, deterministic=True)


def _contains(name: StoredPath | None, part: StoredPath) -> bool:
    """Whether a name holds `part`, which is folded already; both may be bytes that are not UTF-8."""
    return name is not None and path_from(part) in folded(path_from(name))


def _sort_key(name: str | None) -> str | None:
    """What a name is sorted by; None where it says nothing."""
    return sort_key(name) or None if name else None


def _is_tagged(own: str | None, nothing: Words) -> bool | None:
    """Whether the owner has given a genre; None where the tags were never read."""
    return None if own is None else bool(own_genres(own, nothing))


@lru_cache(maxsize=1 << 14)
def _says(own: str | None, name: str, nothing: Words) -> bool:
    """Whether one of the owner's genres is `name`."""
    return any(is_named(genre, name) for genre in own_genres(own, nothing))


@lru_cache(maxsize=1 << 16)
def _agree(own: str | None, genre: str | None, called: str, nothing: Words) -> bool | None:
    """Whether one of the owner's genres means the answer's, which the owner may have `called` otherwise.

    None where the owner or the model gives none, and where nobody knows what the owner's words mean.
    """
    words = own_genres(own, nothing)
    if not genre:
        return None
    if is_meant(words, genre, called):
        return True
    return False if any(map(is_known, words)) else None


def _text(value: Any) -> str | None:
    """A column that should be text or null; whatever else stands there says nothing."""
    return value if isinstance(value, str) else None
