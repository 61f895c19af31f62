r"""Traktor's NML: a collection and its playlists, which Traktor imports and Mixxx reads as its own.

Native Instruments publishes no description. This is what traktor-nml-utils reads into its classes, which
were generated from real files of Traktor 2 to 4 (github.com/wolkenarchitekt/traktor-nml-utils), and what
Mixxx asks of it (src/library/traktor/traktorfeature.cpp):

- `LOCATION` has the folders in `DIR` parted by `/:`, the name in `FILE`, and the `VOLUME`: the letter of a
  Windows drive (`C:`), the name of a disk of macOS (`/Volumes/NAME`, the first one usually "Macintosh HD").
  Where there is neither, as on Linux, Mixxx puts an empty volume before the path.
- A playlist names its tracks by `PRIMARYKEY`, which is volume, folders and file in one text.
- `MUSICAL_KEY` has a key's place in `tagger.musical_key.KEYS`, 0 to 23, and `KEY` its name in Open Key, which
  is what Mixxx shows: C minor is 12 and `10m`.
- `PLAYTIME` is in whole seconds, `RELEASE_DATE` year/month/day, the folder of all playlists `$ROOT`.

Traktor imports it by "Import Playlist". Cue points and beat grids are not said.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath

from tagger.genre_names import GenreNames
from tagger.musical_key import KEYS, open_key
from tagger.playlist.collection import (
    NOT_XML,
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
from tagger.playlist.location import Skipped, is_windows
from tagger.types import Track

SIGNATURE = b"<!-- written by tagger -->"
"""Stands in the first lines of every file that was written here: a Traktor's own collection is not ours."""

FIRST_DISK = "Macintosh HD"
"""What macOS calls the disk that it starts from, unless its owner has renamed it."""

Place = tuple[str, str, str]
"""Volume, folders and file, as `LOCATION` has them."""


def render_nml(playlists: Sequence[Listed], names: GenreNames = PLAIN) -> Rendered:
    """Write playlists and their tracks as NML; `names` are the owner's for genres."""
    tracks, skipped = held(playlists, "Traktor")
    unsayable = [path for path in tracks if NOT_XML.search(path)]
    skipped += tuple(Skipped(path, "its name holds a character that XML cannot hold") for path in unsayable)
    places = {path: place_of(path) for path in tracks if not NOT_XML.search(path)}
    entries = (line for path, place in places.items() for line in _entry(tracks[path], place, names))
    return Rendered("".join(f"{line}\n" for line in _lines(playlists, places, entries)).encode(), skipped)


def place_of(path: str) -> Place:
    r"""Give volume, folders and file of a full path.

    >>> place_of(r"C:\Music\a.mp3"), place_of("/Volumes/USB/a.mp3")
    (('C:', '/:Music/:', 'a.mp3'), ('USB', '/:', 'a.mp3'))
    """
    if is_windows(path):
        windows = PureWindowsPath(path)
        return windows.drive, _folders(windows.parts[1:-1]), windows.name
    posix = PurePosixPath(path)
    parts = posix.parts[1:]
    if parts[0] == "Volumes" and len(parts) > 2:
        return parts[1], _folders(parts[2:-1]), posix.name
    is_macs = parts[0] == "Users" or sys.platform == "darwin"
    return FIRST_DISK if is_macs else "", _folders(parts[:-1]), posix.name


def _folders(names: Sequence[str]) -> str:
    return "".join(f"/:{name}" for name in names) + "/:"


def _lines(playlists: Sequence[Listed], places: Mapping[str, Place], entries: Iterable[str]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>'
    yield SIGNATURE.decode()
    # Traktor's own names: other programs tell by them what the file is.
    about = attributes(COMPANY="www.native-instruments.com", PROGRAM="Traktor")
    yield f'<NML VERSION="19"><HEAD{about}></HEAD>'
    yield "<MUSICFOLDERS></MUSICFOLDERS>"
    yield f"<COLLECTION{attributes(ENTRIES=len(places))}>"
    yield from entries
    yield "</COLLECTION>"
    yield "<PLAYLISTS>"
    yield from _folder(in_folders(playlists, "$ROOT"), places)
    yield "</PLAYLISTS>"
    yield "</NML>"


def _entry(track: Track, place: Place, names: GenreNames) -> Iterator[str]:
    volume, folders, file = place
    length_s, bpm, key = known_length_s(track), bpm_told(track), key_told(track)
    yield f"<ENTRY{attributes(TITLE=title_of(track), ARTIST=one_line(track.artist) or None)}>"
    yield f"<LOCATION{attributes(DIR=folders, FILE=file, VOLUME=volume, VOLUMEID=volume)}></LOCATION>"
    if album := one_line(track.album):
        yield f"<ALBUM{attributes(TITLE=album)}></ALBUM>"
    info = attributes(
        GENRE=genre_told(track, names) or None,
        COMMENT=comment_told(track) or None,
        KEY=None if key is None else open_key(key),
        PLAYTIME=None if length_s is None else round(length_s),
        PLAYTIME_FLOAT=None if length_s is None else f"{length_s:.6f}",
        RELEASE_DATE=None if track.year is None else f"{track.year}/1/1",
    )
    yield f"<INFO{info}></INFO>"
    if bpm is not None:
        yield f"<TEMPO{attributes(BPM=f'{bpm:.6f}', BPM_QUALITY='100.000000')}></TEMPO>"
    if key is not None:
        yield f"<MUSICAL_KEY{attributes(VALUE=KEYS.index(key))}></MUSICAL_KEY>"
    yield "</ENTRY>"


def _folder(folder: Folder, places: Mapping[str, Place], above: str = "") -> Iterator[str]:
    path = f"{above}/{folder.name}"
    yield f"<NODE{attributes(TYPE='FOLDER', NAME=folder.name)}>"
    yield f"<SUBNODES{attributes(COUNT=len(folder))}>"
    for inner in folder.folders.values():
        yield from _folder(inner, places, path)
    for playlist in folder.playlists:
        yield from _playlist(playlist, places, path)
    yield "</SUBNODES>"
    yield "</NODE>"


def _playlist(playlist: Listed, places: Mapping[str, Place], folder: str) -> Iterator[str]:
    keys = ["".join(places[track.path]) for track in playlist.tracks if track.path in places]
    # The same playlist has the same identity each time that it is written.
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"tagger:{folder}/{playlist.name}").hex
    yield f"<NODE{attributes(TYPE='PLAYLIST', NAME=playlist.name)}>"
    yield f"<PLAYLIST{attributes(ENTRIES=len(keys), TYPE='LIST', UUID=identity)}>"
    yield from (
        f"<ENTRY><PRIMARYKEY{attributes(TYPE='TRACK', KEY=key)}></PRIMARYKEY></ENTRY>" for key in keys
    )
    yield "</PLAYLIST>"
    yield "</NODE>"
