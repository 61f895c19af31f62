"""One path a line, the bytes of the file system: for `xargs -d '\\n'`, `rsync --files-from`, `mpc add`."""

from __future__ import annotations

from collections.abc import Sequence

from tagger.playlist.entry import Entry
from tagger.playlist.formats.lines import NEWLINE_REASON, raw_line_of
from tagger.playlist.formats.rendered import Rendered, Skipped


def render_paths(entries: Sequence[Entry], title: str | None = None) -> Rendered:
    """The paths of the playlist; one that holds a line break is skipped."""
    lines = [(entry, raw_line_of(entry.path)) for entry in entries]
    content = b"".join(line + b"\n" for _, line in lines if line is not None)
    skipped = tuple(Skipped(entry.path, NEWLINE_REASON) for entry, line in lines if line is None)
    return Rendered(content, skipped)
