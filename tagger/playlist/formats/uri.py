"""File paths as URIs (RFC 3986, RFC 8089): the one spelling that keeps every byte of a name."""

from __future__ import annotations

import os
from pathlib import PureWindowsPath
from urllib.parse import quote_from_bytes

from tagger.playlist.location import is_absolute, is_windows


def uri_of(path: str) -> str:
    """An absolute path as a `file:` URI, a relative one as a relative reference; bytes percent-encoded."""
    if is_windows(path):
        return PureWindowsPath(path).as_uri()
    quoted = quote_from_bytes(os.fsencode(path), safe="/")
    return f"file://{quoted}" if is_absolute(path) else quoted
