"""A playlist as the bytes of a file, in the format that was named or that the file's name asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, get_args

from tagger.errors import TaggerError
from tagger.json_fields import track_json
from tagger.playlist.alike import NO_REASONS, Reason
from tagger.playlist.lines import Rendered
from tagger.playlist.m3u8 import render_m3u8, render_paths, render_pls
from tagger.playlist.xspf import render_xspf
from tagger.types import Track

Format = Literal["m3u8", "xspf", "pls", "json", "paths", "nsp"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(
    tracks: Sequence[Track],
    format: Format,
    title: str | None = None,
    reasons: Mapping[str, Reason] = NO_REASONS,
) -> Rendered:
    """Write the playlist in the given format; `title` and `reasons` go where it has a place for them.

    The reasons why tracks are there are by their `audio_id`. Raises TaggerError for an unknown format and for
    `nsp`, which holds a rule (`render_nsp`).

    >>> render([Track("/m/a.mp3"), Track("/m/b.mp3")], "paths").content
    b'/m/a.mp3\\n/m/b.mp3\\n'
    """
    if format == "json":
        return render_json(tracks, reasons)
    if format not in _RENDERERS:
        known = ", ".join([*_RENDERERS, "json"])
        raise TaggerError(f"{format}: not a format for a list of tracks (one of {known})")
    return _RENDERERS[format](tracks, title)


def render_json(tracks: Sequence[Track], reasons: Mapping[str, Reason] = NO_REASONS) -> Rendered:
    """Write the playlist as a JSON array in playing order, with the keys of `tagger list --json`.

    A track of which there is a reason has it as `why`. It is ASCII: an undecodable byte stays a lone
    surrogate, `\\udcff`.
    """
    why = {audio_id: {"why": reason.as_json} for audio_id, reason in reasons.items()}
    found = [{**track_json(track), **why.get(track.audio_id, {})} for track in tracks]
    return Rendered(json.dumps(found, indent=2, allow_nan=False).encode("ascii") + b"\n")


def format_of(output: str) -> Format:
    """Give the format that a file's name asks for; raise TaggerError where it asks for none.

    >>> format_of("loud.M3U"), format_of("paths.txt")
    ('m3u8', 'paths')
    """
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in _SUFFIXES:
        raise TaggerError(f"{output}: no format known by this name; give --format ({', '.join(FORMATS)})")
    return _SUFFIXES[suffix]


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
_RENDERERS: Mapping[str, Callable[[Sequence[Track], str | None], Rendered]] = MappingProxyType(
    {
        "m3u8": render_m3u8,
        "xspf": render_xspf,
        "pls": render_pls,
        "paths": render_paths,
    }
)
