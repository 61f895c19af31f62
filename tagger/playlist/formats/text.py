"""Names fit to stand on one line of a file that people and programs read."""

from __future__ import annotations

import re

from tagger.playlist.entry import Entry
from tagger.playlist.location import pure

# C0 and C1 controls, and the separators that Unicode counts as line ends.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def one_line(text: str | None) -> str:
    """The text with each control character as a space, ends stripped; undecodable bytes become `\ufffd`."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text or "")).strip()


def title_of(entry: Entry) -> str:
    """The track's title; where it has none, the name of its file without the suffix."""
    return one_line(entry.title) or one_line(pure(entry.path).stem)


def artist_and_title(entry: Entry) -> str:
    """`artist - title` as players show it; the title alone where the artist is unknown."""
    artist, title = one_line(entry.artist), title_of(entry)
    return f"{artist} - {title}" if artist else title
