"""Navidrome's smart playlist (`.nsp`): a rule in JSON that the server itself keeps up to date.

Read from Navidrome's documentation (docs/usage/features/smart-playlists, docs/usage/configuration/
custom-tags) and source (model/criteria, persistence/criteria_sql.go, core/playlists/parse_nsp.go):

- Lay the file into the music folder or `PlaylistsPath`; it is read at the next scan, 100 kB at most.
- `genre` and custom tags live in a JSON column: `is`, `isNot`, `gt`, `lt` and `contains` work on them,
  `inTheRange` does not ("range operator not supported for tag/role field"); it works on `bpm`, `year` and
  `duration` (seconds).
- `artist` is a role and takes `is` and `contains`; `filepath` is relative to the library's folder.
- `contains` is SQL LIKE: `%` and `_` in a value match anything.
- A rule needs one condition at least, a sort is one field, `limit` counts tracks.
- Energy is a custom tag: only a server whose `navidrome.toml` holds `NAVIDROME_TAGS` knows it, after a
  full scan, and only for files that `tagger` has written tags to. Without the type it compares as text.
  Names are those of TagLib in lower case, of a wma those of its attributes (`adapters/gotaglib/gotaglib.go`).
- `mood` and `grouping` are tags that it knows by itself (resources/mappings.yaml): they hold moods and words
  where `write-tags --write mood --write words` has put them, of words the five likeliest.

A rule cannot say: minimum confidence, valence, what is no music, what the file's own genre was before
`write-tags`, minutes, tracks per artist, shapes, or "sounds like".
"""

from __future__ import annotations

import json
from typing import Any

from tagger.playlist.lines import Rendered, one_line
from tagger.playlist.select import Sort
from tagger.query import Query

ENERGY_FIELD = "tagger_energy"

NAVIDROME_TAGS = """\
Tags.tagger_energy.Aliases = ["txxx:tagger_energy", "tagger_energy", "----:com.apple.itunes:tagger_energy"]
Tags.tagger_energy.Type = "float"
Tags.energylevel.Aliases = [
  "txxx:energylevel", "energylevel", "----:com.apple.itunes:energylevel", "wm/energylevel"
]
Tags.energylevel.Type = "int"
"""

Condition = dict[str, Any]

_SORT_FIELDS: dict[Sort, tuple[str, str]] = {
    "energy": (ENERGY_FIELD, "asc"),
    "-energy": (ENERGY_FIELD, "desc"),
    "bpm": ("bpm", "asc"),
    "path": ("filepath", "asc"),
    "random": ("random", "asc"),
}

_LONGEST_S = 1_000_000
_ANY_FILE: Condition = {"contains": {"filepath": "."}}  # music is known by its suffix


def render_nsp(
    query: Query,
    sort: Sort = "energy",
    limit: int | None = None,
    title: str | None = None,
    comment: str | None = None,
) -> Rendered:
    """Write a question as a smart playlist; without a title Navidrome names it after the file.

    Of the query, `min_confidence`, `valence`, `sounds`, `paths`, `order`, `limit` and `no_album` are not
    said.
    """
    field, order = _SORT_FIELDS[sort]
    playlist: dict[str, Any] = {}
    if name := one_line(title):
        playlist["name"] = name
    if note := one_line(comment):
        playlist["comment"] = note
    playlist |= {"all": conditions(query, sort), "sort": field, "order": order}
    if limit is not None:
        playlist["limit"] = limit
    return Rendered(json.dumps(playlist, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def conditions(query: Query, sort: Sort = "energy") -> list[Condition]:
    """Give what must all hold, in Navidrome's words; without filters, what the order asks for.

    >>> conditions(Query(genres=("Rock",), year=(1990, 1999)))
    [{'is': {'genre': 'Rock'}}, {'inTheRange': {'year': [1990, 1999]}}]
    >>> conditions(Query())
    [{'gt': {'tagger_energy': -1}}]
    """
    found = [
        *_one_of("is", "genre", query.genres),
        *({"isNot": {"genre": one_line(genre)}} for genre in query.not_genres),
        *_within_energy(query.energy),
        *({"is": {"grouping": one_line(word)}} for word in query.words),
        *({"isNot": {"grouping": one_line(word)}} for word in query.not_words),
        *_one_of("is", "mood", query.moods),
        *_within_tempo(query),
        *_in_the_range("year", query.year),
        *_in_the_range("duration", None if query.min_length_s is None else (query.min_length_s, _LONGEST_S)),
        *_one_of("contains", "artist", query.artists),
        *_one_of("contains", "album", query.albums),
        *_one_of("contains", "filepath", query.path_parts),
    ]
    return found or [{"gt": {ENERGY_FIELD: -1}} if sort in ("energy", "-energy") else _ANY_FILE]


def _one_of(operator: str, field: str, values: tuple[str, ...]) -> list[Condition]:
    choices: list[Condition] = [{operator: {field: one_line(value)}} for value in values]
    return choices if len(choices) < 2 else [{"any": choices}]


def _within_energy(energy: tuple[float, float] | None) -> list[Condition]:
    if energy is None:
        return []
    low, high = energy
    found: list[Condition] = []
    if low > 0:  # tags know `gt` and `is`, but no "at least"
        found.append({"any": [{"gt": {ENERGY_FIELD: low}}, {"is": {ENERGY_FIELD: low}}]})
    if high <= 1:
        found.append({"lt": {ENERGY_FIELD: high}})
    return found


def _within_tempo(query: Query) -> list[Condition]:
    if query.bpm is None or not query.bpm_octaves:
        return _in_the_range("bpm", query.bpm)
    low, high = query.bpm
    choices = [_in_the_range("bpm", (low * by, high * by)) for by in (1.0, 2.0, 0.5)]
    return [{"any": [one for choice in choices for one in choice]}]


def _in_the_range(field: str, limits: tuple[float, float] | None) -> list[Condition]:
    return [] if limits is None else [{"inTheRange": {field: list(limits)}}]
