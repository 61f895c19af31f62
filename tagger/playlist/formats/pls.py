"""PLS version 2: an INI file with one section and numbered keys, for Winamp's heirs and radios."""

from __future__ import annotations

from collections.abc import Sequence

from tagger.playlist.entry import Entry
from tagger.playlist.formats.lines import NEWLINE_REASON, line_of
from tagger.playlist.formats.m3u8 import whole_seconds
from tagger.playlist.formats.rendered import Rendered, Skipped
from tagger.playlist.formats.text import artist_and_title


def render_pls(entries: Sequence[Entry], title: str | None = None) -> Rendered:
    """The playlist as PLS, which has no place for a title; relative names with a line break are skipped."""
    lines = [b"[playlist]"]
    skipped = []
    number = 0
    for entry in entries:
        line = line_of(entry.path)
        if line is None:
            skipped.append(Skipped(entry.path, NEWLINE_REASON))
            continue
        number += 1
        lines.append(b"File%d=%s" % (number, line))
        lines.append(f"Title{number}={artist_and_title(entry)}".encode())
        lines.append(b"Length%d=%d" % (number, whole_seconds(entry.duration_s)))
    lines += [b"NumberOfEntries=%d" % number, b"Version=2"]
    return Rendered(b"\n".join(lines) + b"\n", tuple(skipped))
