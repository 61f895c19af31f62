"""Playlists as pure values: choose, order and shape entries, then render them to bytes.

Entries in, bytes out; nothing here touches the disk.
"""

from tagger.playlist.entry import Entry, artist_key
from tagger.playlist.formats import (
    FORMATS,
    NAVIDROME_TAGS,
    Format,
    Rendered,
    Skipped,
    SmartRule,
    format_of,
    needs_uri,
    render,
    render_nsp,
    track_object,
)
from tagger.playlist.location import located, parse_replacement, relocated
from tagger.playlist.nearest import cosine_similarity, nearest
from tagger.playlist.select import SORTS, Sort, selected, shortened
from tagger.playlist.shape import SHAPES, Shape, shaped

__all__ = [
    "FORMATS",
    "NAVIDROME_TAGS",
    "SHAPES",
    "SORTS",
    "Entry",
    "Format",
    "Rendered",
    "Shape",
    "Skipped",
    "SmartRule",
    "Sort",
    "artist_key",
    "cosine_similarity",
    "format_of",
    "located",
    "nearest",
    "needs_uri",
    "parse_replacement",
    "relocated",
    "render",
    "render_nsp",
    "selected",
    "shaped",
    "shortened",
    "track_object",
]
