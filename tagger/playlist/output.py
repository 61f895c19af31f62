"""The file of a playlist: what it may take the place of, and the write in one step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.genre_names import GenreNames
from tagger.playlist.collection import PLAIN, Listed
from tagger.playlist.formats import Format
from tagger.playlist.nml import SIGNATURE as NML_SIGNATURE
from tagger.playlist.rekordbox import SIGNATURE as REKORDBOX_SIGNATURE
from tagger.playlist.render import render_collection
from tagger.playlist.serato import is_our_crate

_FIRST_LINES = 1024
"""Bytes in which the signature of a file stands."""

_MOST_BYTES = 64 << 20
"""Of a crate: a hundred thousand tracks and more."""


def write_output(path: str, format: Format, content: bytes) -> None:
    """Write a playlist in one step: a player sees the old file or the new one.

    Raises TaggerError as `check_output` does, and where the file cannot be written.
    """
    check_output(path, format)
    replace_atomically(path, content)


def write_collection(
    path: str, playlists: Sequence[Listed], format: Format, names: GenreNames = PLAIN
) -> None:
    """Write several playlists, their tracks once, into the one file of a DJ program.

    `names` are the owner's for genres. Raises TaggerError as `write_output` does, and for other formats.
    """
    write_output(path, format, render_collection(playlists, format, names).content)


def check_output(path: str, format: Format) -> None:
    """Raise TaggerError where a DJ program's own file is at `path`, which would be lost.

    What is ours is told by its first lines, and a crate, which has no place for such, by what Serato adds.
    """
    if format not in _IS_OURS or not os.path.isfile(path):
        return
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES)
    except OSError:
        return  # writing will tell
    if content and not _IS_OURS[format](content):
        raise TaggerError(f"{path}: another program's, and is not written over; give another name")


_IS_OURS: Mapping[Format, Callable[[bytes], bool]] = MappingProxyType(
    {
        "rekordbox": lambda content: REKORDBOX_SIGNATURE in content[:_FIRST_LINES],
        "nml": lambda content: NML_SIGNATURE in content[:_FIRST_LINES],
        "serato": is_our_crate,
    }
)
