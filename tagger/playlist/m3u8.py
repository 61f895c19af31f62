"""The formats of lines: M3U8, PLS, and one path a line.

**Extended M3U in UTF-8** is what nearly every player, server and phone reads. There is no standard; the
directives are those that VLC, mpv, Kodi, Jellyfin and Navidrome know: `#EXTINF:seconds,artist - title`
before each file, and `#PLAYLIST:` for the playlist's name. Jellyfin takes what lies in the folder of a
library and names files in one, from its own folder or in full (PlaylistItemsProvider.cs); Kodi lists what
lies in `userdata/playlists/music`. **PLS** version 2 is an INI file with one section and numbered keys, for
Winamp's heirs and radios. **Paths**, the bytes of the file system, are for `xargs -d '\\n'`,
`rsync --files-from` and `mpc add`. None can hold a relative name with a line break.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tagger.playlist.lines import (
    NEWLINE_REASON,
    Rendered,
    artist_and_title,
    line_of,
    one_line,
    raw_line_of,
)
from tagger.playlist.location import Skipped
from tagger.types import Track


def render_m3u8(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the playlist as M3U8."""
    lines = [b"#EXTM3U"]
    if name := one_line(title):
        lines.append(f"#PLAYLIST:{name}".encode())
    held, skipped = _with_lines(tracks, line_of)
    for track, line in held:
        lines += [f"#EXTINF:{whole_seconds(track.duration_s)},{artist_and_title(track)}".encode(), line]
    return Rendered(b"\n".join(lines) + b"\n", skipped)


def render_pls(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the playlist as PLS, which has no place for a title."""
    lines = [b"[playlist]"]
    held, skipped = _with_lines(tracks, line_of)
    for number, (track, line) in enumerate(held, 1):
        lines.append(b"File%d=%s" % (number, line))
        lines.append(f"Title{number}={artist_and_title(track)}".encode())
        lines.append(b"Length%d=%d" % (number, whole_seconds(track.duration_s)))
    lines += [b"NumberOfEntries=%d" % len(held), b"Version=2"]
    return Rendered(b"\n".join(lines) + b"\n", skipped)


def render_paths(tracks: Sequence[Track], title: str | None = None) -> Rendered:
    """Write the paths of the playlist, which have no place for a title."""
    held, skipped = _with_lines(tracks, raw_line_of)
    return Rendered(b"".join(line + b"\n" for _, line in held), skipped)


def whole_seconds(duration_s: float | None) -> int:
    """Round a duration to seconds; −1, as M3U and PLS have it, where it is unknown.

    >>> whole_seconds(215.6), whole_seconds(0.0)
    (216, -1)
    """
    return round(duration_s) if duration_s and 0 < duration_s < math.inf else -1


def _with_lines(
    tracks: Sequence[Track], line_for: Callable[[str], bytes | None]
) -> tuple[list[tuple[Track, bytes]], tuple[Skipped, ...]]:
    """Each track with the line of its path, and those that no line can hold."""
    lines = [(track, line_for(track.path)) for track in tracks]
    held = [(track, line) for track, line in lines if line is not None]
    return held, tuple(Skipped(track.path, NEWLINE_REASON) for track, line in lines if line is None)
