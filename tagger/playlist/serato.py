r"""Serato's crates: a binary file for each, in `_Serato_/Subcrates` of the drive that holds its tracks.

Serato publishes no description. Fields and encoding are those that Mixxx reads
(src/library/serato/seratofeature.cpp) and serato-crate reads and writes: a name of four letters, a length
as 32 bits big-endian, and the value. `vrsn` is the version; each `otrk` is a track and holds a `ptrk`, the
path in UTF-16 big-endian, from the root of the drive, with forward slashes and without one at the beginning,
on Windows without the drive's letter. A crate in another one has both names, parted by `%%`:
`Clubs%%Warm up.crate`. Crates of one name on several drives are shown as one.

A crate holds nothing of a track but its path: Serato takes the rest from the files' tags. The columns and
their widths that Serato itself writes (`ovct`, `osrt`) are left to it. A crate that has them is
Serato's or was changed there, and is not written over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from tagger.playlist.lines import Rendered
from tagger.playlist.location import SURROGATES, Skipped, is_windows
from tagger.types import Track

VERSION = "1.0/Serato ScratchLive Crate"

_FOLDER = "_Serato_"


def render_serato(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the playlist as a crate, where the name of the file is its title.

    >>> render_serato([Track("Music/a.mp3")]).content[64:].replace(bytes(1), b"")
    b'otrk\\x1eptrk\\x16Music/a.mp3'
    """
    reason = "its name is not UTF-8, and Serato finds no such file"
    skipped = tuple(Skipped(track.path, reason) for track in tracks if SURROGATES.search(track.path))
    held = (track.path for track in tracks if not SURROGATES.search(track.path))
    crate = (_field("otrk", _field("ptrk", path.encode("utf-16-be"))) for path in held)
    return Rendered(_field("vrsn", VERSION.encode("utf-16-be")) + b"".join(crate), skipped)


def is_our_crate(content: bytes) -> bool:
    """Tell whether a file is a crate as they are written here: of a version and tracks alone."""
    names = [*_names(content)]
    return names[:1] == ["vrsn"] and {*names[1:]} <= {"otrk"}


def drive_of(output: str | None) -> str | None:
    """Give the root of the drive that a crate belongs to, as an absolute path; None where its name says none.

    It is the folder that `_Serato_` lies in. In a home folder that is the first drive, `/`, as for Mixxx.
    """
    above, _, below = (output or "").replace(os.sep, "/").rpartition(f"/{_FOLDER}/")
    if not below:
        return None
    folder = os.path.realpath(above or "/")
    if os.name == "nt":
        return os.path.splitdrive(folder)[0] + "\\"
    home = os.path.realpath(os.path.expanduser("~"))
    return "/" if os.path.commonpath([folder, home]) == home else folder


def first_root_of(path: str) -> str:
    r"""Give the root of the drive that a file of a full path lies on, told by its path alone.

    >>> first_root_of(r"C:\Music\a.mp3"), first_root_of("/Volumes/USB/a.mp3"), first_root_of("/home/a.mp3")
    ('C:\\', '/Volumes/USB', '/')
    """
    if is_windows(path):
        return path[:2] + "\\"
    parts = path.split("/")
    return "/".join(parts[:3]) if parts[1:2] == ["Volumes"] and len(parts) > 3 else "/"


def _field(name: str, value: bytes) -> bytes:
    return name.encode("ascii") + len(value).to_bytes(4, "big") + value


def _names(content: bytes) -> Iterator[str]:
    """The names of a crate's fields; an empty one where what is left is none."""
    place = 0
    while place < len(content):
        end = place + 8 + int.from_bytes(content[place + 4 : place + 8], "big")
        yield content[place : place + 4].decode("latin-1") if end <= len(content) else ""
        place = end
