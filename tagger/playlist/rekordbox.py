"""rekordbox's XML: a collection and its playlists, for rekordbox and the programs that convert for others.

Written from Pioneer DJ's "rekordbox XML format" (cdn.rekordbox.com/files/20200410160904/xml_format_list.pdf,
linked from rekordbox.com/support/developer) and checked against pyrekordbox's reader. rekordbox shows the
file in its tree under "rekordbox xml" once Preferences > Advanced > rekordbox xml names it, and takes from
it what one imports there. `Location` is a URI of the host `localhost`, the drive letter of Windows its first
part, and `Tonality` the name of the key. Cue points and beat grids are not said: they are the program's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PureWindowsPath
from urllib.parse import quote

from tagger import __version__
from tagger.genre_names import GenreNames
from tagger.playlist.collection import (
    PLAIN,
    Folder,
    Listed,
    attributes,
    bpm_told,
    comment_told,
    genre_told,
    held,
    in_folders,
    key_told,
)
from tagger.playlist.fill import known_length_s
from tagger.playlist.lines import Rendered, one_line, title_of
from tagger.playlist.location import is_windows
from tagger.types import Track

SIGNATURE = b'<PRODUCT Name="tagger"'
"""Stands in the first lines of every file that was written here, and in no other program's."""

_KINDS = {"aif": "AIFF", "mp4": "M4A", "wave": "WAV"}
"""The kinds of files that rekordbox calls otherwise than by their suffix."""

_FOLDER, _PLAYLIST, _BY_TRACK_ID = 0, 1, 0


def render_rekordbox(playlists: Sequence[Listed], names: GenreNames = PLAIN) -> Rendered:
    """Write playlists and their tracks as rekordbox's XML; `names` are the owner's for genres."""
    tracks, skipped = held(playlists, "rekordbox")
    return Rendered("".join(f"{line}\n" for line in _lines(playlists, tracks, names)).encode(), skipped)


def location_of(path: str) -> str:
    r"""Give the URI by which rekordbox finds a file of a full path.

    >>> location_of("/Users/ada/50% & more.mp3"), location_of(r"C:\Mu sic\a.mp3")
    ('file://localhost/Users/ada/50%25%20%26%20more.mp3', 'file://localhost/C:/Mu%20sic/a.mp3')
    """
    rooted = f"/{PureWindowsPath(path).as_posix()}" if is_windows(path) else path
    return f"file://localhost{quote(rooted, safe='/:' if is_windows(path) else '/')}"


def _lines(playlists: Sequence[Listed], tracks: Mapping[str, Track], names: GenreNames) -> Iterator[str]:
    numbers = {path: number for number, path in enumerate(tracks, 1)}
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<DJ_PLAYLISTS Version="1.0.0">'
    yield f"  <PRODUCT{attributes(Name='tagger', Version=__version__, Company='tagger')}/>"
    yield f"  <COLLECTION{attributes(Entries=len(tracks))}>"
    for path, track in tracks.items():
        yield f"    <TRACK{_fields(track, numbers[path], names)}/>"
    yield "  </COLLECTION>"
    yield "  <PLAYLISTS>"
    yield from _folder(in_folders(playlists, "ROOT"), numbers, "    ")
    yield "  </PLAYLISTS>"
    yield "</DJ_PLAYLISTS>"


def _fields(track: Track, number: int, names: GenreNames) -> str:
    suffix = os.path.splitext(track.path)[1].lstrip(".").lower()
    length_s, bpm = known_length_s(track), bpm_told(track)
    return attributes(
        TrackID=number,
        Name=title_of(track),
        Artist=one_line(track.artist) or None,
        Album=one_line(track.album) or None,
        Genre=genre_told(track, names) or None,
        Kind=f"{_KINDS.get(suffix, suffix.upper())} File" if suffix else None,
        TotalTime=None if length_s is None else round(length_s),
        Year=track.year,
        AverageBpm=None if bpm is None else f"{bpm:.2f}",
        Comments=comment_told(track) or None,
        Tonality=key_told(track),
        Location=location_of(track.path),
    )


def _folder(folder: Folder, numbers: Mapping[str, int], indent: str) -> Iterator[str]:
    yield f"{indent}<NODE{attributes(Type=_FOLDER, Name=folder.name, Count=len(folder))}>"
    for inner in folder.folders.values():
        yield from _folder(inner, numbers, f"{indent}  ")
    for playlist in folder.playlists:
        keys = [numbers[track.path] for track in playlist.tracks if track.path in numbers]
        about = attributes(Name=playlist.name, Type=_PLAYLIST, KeyType=_BY_TRACK_ID, Entries=len(keys))
        yield f"{indent}  <NODE{about}>"
        yield from (f"{indent}    <TRACK{attributes(Key=key)}/>" for key in keys)
        yield f"{indent}  </NODE>"
    yield f"{indent}</NODE>"
