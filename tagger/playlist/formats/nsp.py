"""Navidrome's smart playlist (`.nsp`): a rule in JSON that the server itself keeps up to date.

Read from Navidrome's documentation (docs/usage/features/smart-playlists, docs/usage/configuration/
custom-tags) and source (model/criteria, persistence/criteria_sql.go, core/playlists/parse_nsp.go):

- Lay the file into the music folder or `PlaylistsPath`; it is read at the next scan, 100 kB at most.
- `genre` and custom tags live in a JSON column: `is`, `isNot`, `gt`, `lt` and `contains` work on them,
  `inTheRange` does not ("range operator not supported for tag/role field"); it works on `bpm`, `year`.
- `artist` is a role and takes `is` and `contains`; `filepath` is relative to the library's folder.
- `contains` is SQL LIKE: `%` and `_` in a value match anything.
- A rule needs one condition at least, a sort is one field, `limit` counts tracks.
- Energy is a custom tag: only a server whose `navidrome.toml` holds `NAVIDROME_TAGS` knows it, after a
  full scan, and only for files that `tagger` has written tags to. Without the type it compares as text.

A rule cannot say: minimum confidence, minutes, tracks per artist, shapes, or "sounds like".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tagger.playlist.formats.rendered import Rendered
from tagger.playlist.formats.text import one_line
from tagger.playlist.select import Sort

ENERGY_FIELD = "tagger_energy"

NAVIDROME_TAGS = """\
Tags.tagger_energy.Aliases = ["txxx:tagger_energy", "tagger_energy", "----:com.apple.itunes:tagger_energy"]
Tags.tagger_energy.Type = "float"
Tags.energylevel.Aliases = ["txxx:energylevel", "energylevel", "----:com.apple.itunes:energylevel"]
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

_ANY_FILE: Condition = {"contains": {"filepath": "."}}  # music is known by its suffix


@dataclass(frozen=True, slots=True)
class SmartRule:
    """The part of a query that Navidrome can answer by itself.

    `genres`, `artists`, `albums` and `paths` each match if one of them does (genres whole, the others
    as a part of the text), `not_genres` if none does. `energy` is a half-open range [low, high) of 0–1,
    open at the top where high exceeds 1; `bpm` and `year` are ranges that include both ends.
    """

    genres: tuple[str, ...] = ()
    not_genres: tuple[str, ...] = ()
    energy: tuple[float, float] | None = None
    bpm: tuple[float, float] | None = None
    artists: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    year: tuple[int, int] | None = None
    sort: Sort = "energy"
    limit: int | None = None


def render_nsp(rule: SmartRule, title: str | None = None, comment: str | None = None) -> Rendered:
    """The rule as a smart playlist; without a title Navidrome names it after the file."""
    field, order = _SORT_FIELDS[rule.sort]
    playlist: dict[str, Any] = {}
    if name := one_line(title):
        playlist["name"] = name
    if note := one_line(comment):
        playlist["comment"] = note
    playlist |= {"all": conditions(rule), "sort": field, "order": order}
    if rule.limit is not None:
        playlist["limit"] = rule.limit
    return Rendered(json.dumps(playlist, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def conditions(rule: SmartRule) -> list[Condition]:
    """What must all hold, in Navidrome's words; for a rule without filters, what its order asks for."""
    found = [
        *_one_of("is", "genre", rule.genres),
        *({"isNot": {"genre": one_line(genre)}} for genre in rule.not_genres),
        *_within_energy(rule.energy),
        *_in_the_range("bpm", rule.bpm),
        *_in_the_range("year", rule.year),
        *_one_of("contains", "artist", rule.artists),
        *_one_of("contains", "album", rule.albums),
        *_one_of("contains", "filepath", rule.paths),
    ]
    return found or [{"gt": {ENERGY_FIELD: -1}} if rule.sort in ("energy", "-energy") else _ANY_FILE]


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


def _in_the_range(field: str, limits: tuple[float, float] | None) -> list[Condition]:
    return [] if limits is None else [{"inTheRange": {field: list(limits)}}]
