"""Extended M3U in UTF-8: what nearly every player, server and phone reads.

There is no standard; the directives are those that VLC, mpv, Kodi, Jellyfin and Navidrome know:
`#EXTINF:seconds,artist - title` before each file, and `#PLAYLIST:` for the playlist's name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tagger.playlist.entry import Entry
from tagger.playlist.formats.lines import NEWLINE_REASON, line_of
from tagger.playlist.formats.rendered import Rendered, Skipped
from tagger.playlist.formats.text import artist_and_title, one_line


def render_m3u8(entries: Sequence[Entry], title: str | None = None) -> Rendered:
    """The playlist as M3U8; a name with a line break in a relative path is skipped."""
    lines = [b"#EXTM3U"]
    if name := one_line(title):
        lines.append(f"#PLAYLIST:{name}".encode())
    skipped = []
    for entry in entries:
        line = line_of(entry.path)
        if line is None:
            skipped.append(Skipped(entry.path, NEWLINE_REASON))
            continue
        lines += [f"#EXTINF:{whole_seconds(entry.duration_s)},{artist_and_title(entry)}".encode(), line]
    return Rendered(b"\n".join(lines) + b"\n", tuple(skipped))


def whole_seconds(duration_s: float) -> int:
    """The duration in seconds, rounded; −1, as M3U and PLS have it, where it is unknown."""
    return round(duration_s) if 0 < duration_s < math.inf else -1
