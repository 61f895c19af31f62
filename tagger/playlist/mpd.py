"""MPD's stored playlists: a path a line, from the music folder that MPD knows.

Tried with MPD 0.23.12, and read in its documentation (mpd(1), mpd.conf(5)) and source (src/PlaylistFile.cxx):
what lies in `playlist_directory` as NAME.m3u is the playlist NAME. A line that begins with `#` is a comment,
so such a name needs `./` before it; the bytes of a name are taken as they are. MPD strips the spaces beside
each `/` and does not find such a file, nor one with a line break in its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from tagger.errors import TaggerError
from tagger.playlist.lines import NEWLINE_REASON, Rendered, raw_line_of
from tagger.playlist.location import Skipped
from tagger.types import Track

_MUSIC_DIRECTORY = re.compile(r'\s*music_directory\s+"((?:[^"\\]|\\.)*)"')
_MOST_BYTES = 1 << 20


def render_mpd(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the playlist for MPD, where the name of the file is its title."""
    reasons = {track.path: _why_unfindable(track.path) for track in tracks}
    lines = [raw_line_of(track.path) for track in tracks if not reasons[track.path]]
    skipped = tuple(Skipped(path, reason) for path, reason in reasons.items() if reason)
    return Rendered(b"".join(line + b"\n" for line in lines if line is not None), skipped)


def music_folder() -> str:
    """Give the music folder of the MPD of this computer and user: `music_directory` of the first mpd.conf.

    Raises TaggerError where there is none on this computer, or it does not say.
    """
    file = next(filter(os.path.exists, _configurations()), None)
    if file is None:
        raise TaggerError("MPD's music folder is not known (there is no mpd.conf); give --relative-to DIR")
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            text = opened.read(_MOST_BYTES)
    except OSError as error:
        raise TaggerError(f"{file}: cannot be read ({error.strerror}); give --relative-to DIR") from error
    found = [match for match in map(_MUSIC_DIRECTORY.match, text.splitlines()) if match]
    folder = os.path.expanduser(re.sub(r"\\(.)", r"\1", found[0][1])) if found else ""
    if not os.path.isabs(folder):  # missing, or the address of a server
        raise TaggerError(f"{file}: names no folder as music_directory; give --relative-to DIR")
    return os.path.normpath(folder)


def _configurations() -> Iterator[str]:
    """Where MPD looks for its configuration, in its order."""
    home = os.path.expanduser("~")
    yield os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "mpd", "mpd.conf")
    yield os.path.join(home, ".mpdconf")
    yield os.path.join(home, ".mpd", "mpd.conf")
    yield "/etc/mpd.conf"


def _why_unfindable(path: str) -> str | None:
    if "\n" in path or "\r" in path:
        return NEWLINE_REASON
    if any(part != part.strip(" ") for part in path.split("/")):
        return "a space begins or ends its name or its folder's, which MPD does not find in a playlist"
    return None
