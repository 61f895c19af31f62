"""The formats of playlists, declared once: by which names, how they name files, and who reads them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from tagger.errors import TaggerError

Format = Literal["m3u8", "xspf", "pls", "json", "csv", "paths", "nsp", "mpd", "rekordbox", "nml", "serato"]
FORMATS: tuple[Format, ...] = get_args(Format)

Naming = Literal["beside", "program", "full", "root"]
"""How files are named in a playlist where no option says otherwise.

`beside`: from the playlist's own folder where that goes. `program`: by full paths, because the playlist is
read from anywhere. `full`: by full paths and no others. `root`: from a folder that the reader knows, and no
other way.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is to be known of a format before anything is written in it.

    `suffixes` are the ends of names that ask for it. `reader` is the program that it is for, where it is for
    one. `is_collection`: one file holds several playlists, and what is known of each track once.
    `has_words`: moods, words and reasons are shown, with the keys; `has_keys`: keys, but no words.
    """

    suffixes: tuple[str, ...]
    naming: Naming = "beside"
    reader: str = ""
    is_collection: bool = False
    has_words: bool = False
    has_keys: bool = False


KINDS: Mapping[Format, Kind] = MappingProxyType(
    {
        "m3u8": Kind((".m3u", ".m3u8")),
        "xspf": Kind((".xspf",)),
        "pls": Kind((".pls",)),
        "json": Kind((".json",), "program", has_words=True),
        "csv": Kind((".csv",), "program", has_words=True),
        "paths": Kind((".paths", ".txt"), "program"),
        "nsp": Kind((".nsp",), reader="Navidrome"),
        "mpd": Kind((), "root", "MPD"),
        "rekordbox": Kind((".xml",), "full", "rekordbox", is_collection=True, has_keys=True),
        "nml": Kind((".nml",), "full", "Traktor", is_collection=True, has_keys=True),
        "serato": Kind((".crate",), "root", "Serato"),
    }
)

_BY_SUFFIX = {suffix: format for format, kind in KINDS.items() for suffix in kind.suffixes}


def format_of(output: str) -> Format:
    """Give the format that a file's name asks for; raise TaggerError where it asks for none.

    >>> format_of("loud.M3U"), format_of("paths.txt"), format_of("dj.xml")
    ('m3u8', 'paths', 'rekordbox')
    """
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in _BY_SUFFIX:
        raise TaggerError(f"{output}: no format known by this name; give --format ({', '.join(FORMATS)})")
    return _BY_SUFFIX[suffix]
