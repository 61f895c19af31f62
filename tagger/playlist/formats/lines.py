"""A file's name on one line of a playlist.

M3U and PLS have no way to quote. A plain path is what most readers understand: VLC writes relative
names percent-encoded, and Jellyfin, for one, does not find them (jellyfin/jellyfin#4439). But mpv and
Navidrome strip spaces at the ends of a line, mpv guesses the encoding of a file that is not UTF-8
(mpv-player/mpv#10911), and a newline begins another entry. All of them decode a `file://` URI, so a
name of that kind is written as one, which needs an absolute path.
"""

from __future__ import annotations

import os
import re

from tagger.playlist.formats.uri import uri_of
from tagger.playlist.location import is_absolute, unmistakable

NEWLINE_REASON = "its name holds a line break, which this kind of playlist cannot hold (use xspf or json)"

_FRAGILE = re.compile("[\r\n\ud800-\udfff]|\\s\\Z")
_LINE_BREAK = re.compile("[\r\n]")


def line_of(path: str) -> bytes | None:
    """The path as one line of a playlist, without its end; None where no line can hold it.

    A relative name with undecodable bytes, or with a space at its end that some readers strip, is
    written as it is: they would not decode a relative reference.
    """
    if needs_uri(path) and is_absolute(path):
        return uri_of(path).encode("ascii")
    return raw_line_of(path)


def needs_uri(path: str) -> bool:
    """Whether readers misunderstand the path on a line unless it is a URI, as only an absolute one can be."""
    return _FRAGILE.search(path) is not None


def raw_line_of(path: str) -> bytes | None:
    """The very bytes of the path, with `./` in front of a doubtful relative one; None for a line break."""
    if _LINE_BREAK.search(path):
        return None
    return os.fsencode(unmistakable(path))
