"""Playlists: from a question to a file that players open.

`config` reads a file of plans (`plan`), `make` follows a plan: `select`, or `shape` with `smooth`, or
`alike` with `nearest` choose and order tracks, `fill` those that fill the minutes, `location` names them, and
`render` gives the bytes in one of the `formats`, each a module with its
program's name, with `lines`; `collection` is what several playlists in one file share. `rooted` names files
from MPD's or Serato's root. Only `output` writes a file. `shape` and
`nearest` need numpy, and are imported where they are used.
"""

from tagger.playlist.alike import Analyse, Reason
from tagger.playlist.collection import Listed
from tagger.playlist.config import (
    NO_DEFAULTS,
    Defaults,
    defaults_of,
    outputs_of,
    plan_by,
    plans_of,
    tables_of,
)
from tagger.playlist.fill import known_length_s
from tagger.playlist.formats import FORMATS, KINDS, Format, format_of
from tagger.playlist.lines import Rendered, one_line, readable, title_of, uri_of
from tagger.playlist.location import Skipped, located, parse_replacement, placed, relocated
from tagger.playlist.make import Playlist, make_playlist, playlist_of
from tagger.playlist.nsp import NAVIDROME_TAGS, render_nsp
from tagger.playlist.output import check_output, write_collection, write_output
from tagger.playlist.plan import LIKE_LIMIT, Plan
from tagger.playlist.render import render, render_collection
from tagger.playlist.select import SHAPES, SORTS, Shape, Sort, selected, shortened
from tagger.toml_tables import Table

__all__ = [
    "FORMATS",
    "KINDS",
    "LIKE_LIMIT",
    "NAVIDROME_TAGS",
    "NO_DEFAULTS",
    "SHAPES",
    "SORTS",
    "Analyse",
    "Defaults",
    "Format",
    "Listed",
    "Plan",
    "Playlist",
    "Reason",
    "Rendered",
    "Shape",
    "Skipped",
    "Sort",
    "Table",
    "check_output",
    "defaults_of",
    "format_of",
    "known_length_s",
    "located",
    "make_playlist",
    "one_line",
    "outputs_of",
    "parse_replacement",
    "placed",
    "plan_by",
    "plans_of",
    "playlist_of",
    "readable",
    "relocated",
    "render",
    "render_collection",
    "render_nsp",
    "selected",
    "shortened",
    "tables_of",
    "title_of",
    "uri_of",
    "write_collection",
    "write_output",
]
