"""A playlist as the bytes of a file, in the format that was named or that the file's name asks for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tagger.errors import TaggerError
from tagger.genre_names import GenreNames
from tagger.json_fields import CSV_COLUMNS, csv_cell, track_json
from tagger.playlist.alike import NO_REASONS, Reason
from tagger.playlist.collection import PLAIN, Listed
from tagger.playlist.formats import Format
from tagger.playlist.lines import Rendered
from tagger.playlist.m3u8 import render_m3u8, render_paths, render_pls
from tagger.playlist.mpd import render_mpd
from tagger.playlist.nml import render_nml
from tagger.playlist.rekordbox import render_rekordbox
from tagger.playlist.serato import render_serato
from tagger.playlist.xspf import render_xspf
from tagger.types import Track


def render(
    tracks: Sequence[Track],
    format: Format,
    title: str | None = None,
    reasons: Mapping[str, Reason] = NO_REASONS,
    names: GenreNames = PLAIN,
) -> Rendered:
    """Write the playlist in the given format; `title` and `reasons` go where it has a place for them.

    The reasons why tracks are there are by their `audio_id`; `names` are the owner's for genres. Raises
    TaggerError for an unknown format and for `nsp`, which holds a rule (`render_nsp`).

    >>> render([Track("/m/a.mp3"), Track("/m/b.mp3")], "paths").content
    b'/m/a.mp3\\n/m/b.mp3\\n'
    """
    if format == "json":
        return render_json(tracks, reasons)
    if format in _COLLECTIONS:
        return render_collection([Listed(title or "", tracks)], format, names)
    if format not in _RENDERERS:
        known = ", ".join([*_RENDERERS, *_COLLECTIONS, "json"])
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


def render_csv(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the playlist as CSV (RFC 4180) in playing order, with the columns of `tagger list --csv`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for track in tracks:
        writer.writerow({name: csv_cell(value) for name, value in track_json(track).items()})
    return Rendered(text.getvalue().encode("utf-8", "surrogateescape"))


def render_collection(playlists: Sequence[Listed], format: Format, names: GenreNames = PLAIN) -> Rendered:
    """Write several playlists, their tracks once, as one file; raise TaggerError where `format` holds one.

    >>> render_collection([], "pls")
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: pls: holds one playlist (rekordbox, nml hold several)
    """
    if format not in _COLLECTIONS:
        raise TaggerError(f"{format}: holds one playlist ({', '.join(_COLLECTIONS)} hold several)")
    return _COLLECTIONS[format](playlists, names)


_RENDERERS: Mapping[Format, Callable[[Sequence[Track], str | None], Rendered]] = MappingProxyType(
    {
        "m3u8": render_m3u8,
        "xspf": render_xspf,
        "pls": render_pls,
        "csv": render_csv,
        "paths": render_paths,
        "mpd": render_mpd,
        "serato": render_serato,
    }
)
_COLLECTIONS: Mapping[Format, Callable[[Sequence[Listed], GenreNames], Rendered]] = MappingProxyType(
    {"rekordbox": render_rekordbox, "nml": render_nml}
)
