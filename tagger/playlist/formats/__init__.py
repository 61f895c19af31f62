"""Playlist files: one module a format, each a function from entries (or a rule) to bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, get_args

from tagger.errors import TaggerError
from tagger.playlist.entry import Entry
from tagger.playlist.formats.lines import needs_uri
from tagger.playlist.formats.m3u8 import render_m3u8
from tagger.playlist.formats.nsp import NAVIDROME_TAGS, SmartRule, render_nsp
from tagger.playlist.formats.paths import render_paths
from tagger.playlist.formats.pls import render_pls
from tagger.playlist.formats.rendered import Rendered, Skipped
from tagger.playlist.formats.track_array import render_json, track_object
from tagger.playlist.formats.xspf import render_xspf

Format = Literal["m3u8", "xspf", "pls", "json", "paths", "nsp"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SUFFIXES: Mapping[str, Format] = MappingProxyType(
    {
        ".m3u": "m3u8",
        ".m3u8": "m3u8",
        ".xspf": "xspf",
        ".pls": "pls",
        ".json": "json",
        ".paths": "paths",
        ".txt": "paths",
        ".nsp": "nsp",
    }
)
_RENDERERS: Mapping[str, Callable[[Sequence[Entry], str | None], Rendered]] = MappingProxyType(
    {
        "m3u8": render_m3u8,
        "xspf": render_xspf,
        "pls": render_pls,
        "json": render_json,
        "paths": render_paths,
    }
)


def render(entries: Sequence[Entry], format: Format, title: str | None = None) -> Rendered:
    """The playlist in the given format; `title` goes where the format has a place for it.

    Raises TaggerError for an unknown format and for `nsp`, which holds a rule (`render_nsp`).
    """
    if format not in _RENDERERS:
        known = ", ".join(_RENDERERS)
        raise TaggerError(f"{format}: not a format for a list of tracks (one of {known})")
    return _RENDERERS[format](entries, title)


def format_of(output: str) -> Format:
    """The format that a file's name asks for by its suffix; raises TaggerError when it asks for none."""
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in _SUFFIXES:
        raise TaggerError(f"{output}: no format known by this name; give --format ({', '.join(FORMATS)})")
    return _SUFFIXES[suffix]


__all__ = [
    "FORMATS",
    "NAVIDROME_TAGS",
    "Format",
    "Rendered",
    "Skipped",
    "SmartRule",
    "format_of",
    "needs_uri",
    "render",
    "render_json",
    "render_m3u8",
    "render_nsp",
    "render_paths",
    "render_pls",
    "render_xspf",
    "track_object",
]
