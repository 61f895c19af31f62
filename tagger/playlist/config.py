"""A file of playlists in TOML, read into plans: the names of its keys are those of the options."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tagger.errors import TaggerError
from tagger.files import named_path
from tagger.playlist.formats import KINDS, Format
from tagger.playlist.plan import BEYOND_A_RULE, BY_WORDS, Plan, kind_of
from tagger.playlist.select import Shape, Sort
from tagger.query import EVERYTHING, FILTERS, Query, read_query
from tagger.toml_tables import (
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Kind,
    Table,
    one_of,
    read_toml,
    read_values,
    several_of,
    text_or_number,
)

_FILES = ("output", "relative_to")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What every playlist is to be unless it says otherwise: filters, and options of `Plan` by name."""

    query: Query = EVERYTHING
    options: Mapping[str, Any] = field(default_factory=dict)

    def plan(self, query: Query, options: Mapping[str, Any]) -> Plan:
        """Make the plan of a playlist from its own filters and options, and these for what it leaves open.

        None is what it leaves open. A default that contradicts it, that a rule of Navidrome cannot say, or
        that names files otherwise than the reader wants them, is left out.

        >>> usual = Defaults(options={"sort": "bpm", "minutes": 45})
        >>> usual.plan(EVERYTHING, {"shape": "rise"}).minutes, usual.plan(EVERYTHING, {"shape": "rise"}).sort
        (45, None)
        """
        given = {name: value for name, value in options.items() if value is not None}
        added = {name: value for name, value in self.options.items() if name not in given}
        usual = {each.field: getattr(self.query, each.field) for each in FILTERS if not each.is_in(query)}
        usual["no_album"] = query.no_album or self.query.no_album
        kind = kind_of(given.get("format"), given.get("output"))
        if kind.naming == "full" or kind is KINDS["serato"]:  # whose root is a drive
            added.pop("relative_to", None)
        if kind.naming == "root":
            added.pop("absolute", None)
        if kind is KINDS["nsp"]:
            added = {name: value for name, value in added.items() if name in _OF_A_RULE}
            if added.get("sort") in BY_WORDS:
                del added["sort"]
            for each in FILTERS:
                if each.name in BEYOND_A_RULE:
                    usual.pop(each.field, None)
        for one, other in _EXCLUSIVE:
            if given.get(one):
                added.pop(other, None)
        return Plan(replace(query, **usual), **added | given)


_OF_A_RULE = ("sort", "limit")
_EXCLUSIVE = (
    ("sort", "shape"),
    ("shape", "sort"),
    ("like", "sort"),
    ("like", "shape"),
    ("absolute", "relative_to"),
    ("relative_to", "absolute"),
)
"""Where a playlist gives the first of two, the default of the second is none."""

NO_DEFAULTS = Defaults()


def tables_of(file: str) -> list[tuple[str, Table]]:
    """Read the playlists in `file` by name, in its order; raise TaggerError where it cannot be read."""
    content = read_toml(file, "file of playlists")
    for name, table in content.items():
        if not isinstance(table, dict):
            raise TaggerError(f"{file}: {name!r} stands outside a playlist; begin one with [its name]")
    if not content:
        raise TaggerError(f"{file}: describes no playlist; begin one with [its name]")
    return list(content.items())


def plans_of(name: str, table: Table, folder: str, usual: Defaults = NO_DEFAULTS) -> list[Plan]:
    """Read the plans of one playlist, one for each of its outputs; its title is `name` unless it has one.

    Paths are taken from `folder`, and `usual` holds for what it leaves open. All outputs are to hold the same
    tracks, so a shuffle gets one seed. Raises TaggerError for an unknown key, with the nearest one, a value
    of the wrong kind, and a playlist without an output.

    >>> table = {"genre": "Rock", "per-artist": 2, "output": ["loud.m3u8", "dj.xml"]}
    >>> [(plan.title, plan.output, plan.wanted_format) for plan in plans_of("Loud", table, "/lists")]
    [('Loud', '/lists/loud.m3u8', 'm3u8'), ('Loud', '/lists/dj.xml', 'rekordbox')]
    """
    values = read_values(table, _KINDS_OF_TABLES)
    outputs, formats = values.pop("output", ()), values.pop("format", ())
    if not outputs:
        raise TaggerError('it has no output; name a file, such as output = "loud.m3u8"')
    if len(formats) not in (0, 1, len(outputs)):
        count = f"{len(outputs)} outputs and {len(formats)} formats"
        raise TaggerError(f"it has {count}; give a format for each output, or one for all")
    is_shuffled = (values.get("sort") or usual.options.get("sort")) == "random" and "shape" not in values
    if len(outputs) > 1 and is_shuffled:
        values.setdefault("seed", secrets.randbits(32))
    query = _filters_from(values)
    each_format = formats if len(formats) == len(outputs) else (formats or (None,)) * len(outputs)
    plans = []
    for output, format in zip(outputs, each_format, strict=True):
        given = {"title": name} | values | {"output": output, "format": format}
        plans.append(usual.plan(query, given | _files_from(folder, given)))
    return plans


def outputs_of(table: Table, folder: str) -> list[str]:
    """Give the files that a playlist is to be written to, as far as they can be told where it is faulty.

    >>> outputs_of({"output": ["dj.xml", 7], "limit": "many"}, "/lists")
    ['/lists/dj.xml']
    """
    outputs = table.get("output")
    named = outputs if isinstance(outputs, list) else [outputs]
    return [_within(folder, each) for each in named if isinstance(each, str) and "\0" not in each]


def plan_by(options: Mapping[str, Any], usual: Defaults = NO_DEFAULTS) -> Plan:
    """Make the plan of a caller in Python: filters and options by name, files as texts or paths.

    `usual` holds for what is left open.

    >>> plan_by({"genre": "Rock", "like": "/m/a.mp3"}).like
    ('/m/a.mp3',)
    """
    given = dict(options)
    names = {each.name for each in FILTERS}
    query = read_query({name: given.pop(name) for name in names & given.keys()})
    if given.get("output"):
        given["output"] = named_path(given["output"])
    if like := given.get("like"):
        several = (like,) if isinstance(like, str | os.PathLike) else like
        given["like"] = tuple(map(named_path, several))
    return usual.plan(query, given)


def defaults_of(table: Table, folder: str) -> Defaults:
    """Read what every playlist is to be, paths taken from `folder`; keys and errors as of `plans_of`.

    >>> defaults_of({"min-length": "30s", "per-artist": 2}, "/lists").query.min_length_s
    30.0
    """
    values = read_values(table, {key: kind for key, kind in _KINDS.items() if key not in _OF_ONE})
    query = _filters_from(values)
    Plan(query, **values)  # which raises for what contradicts itself
    return Defaults(query, values | _files_from(folder, values))


_OF_ONE = ("output", "title", "like", "format", "seed")
"""Keys that make sense for one playlist alone."""


def _filters_from(values: dict[str, Any]) -> Query:
    """Take the filters out of the values."""
    query = read_query({each.name: values.pop(each.name, None) for each in FILTERS})
    return replace(query, no_album=values.pop("no_album", False))


def _files_from(folder: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those values that name files of this machine, taken from `folder`."""
    # With `replace_prefix`, `relative_to` is a folder of the other machine.
    names = (key for key in _FILES if key != "relative_to" or "replace_prefix" not in values)
    files: dict[str, Any] = {key: _within(folder, values[key]) for key in names if key in values}
    if "like" in values:
        files["like"] = tuple(_within(folder, file) for file in values["like"])
    return files


def _within(folder: str, file: str) -> str:
    return os.path.join(folder, os.path.expanduser(file))


_KINDS: Mapping[str, Kind] = {
    **{
        each.name: TEXTS if each.repeats else FLAG if each.is_flag else text_or_number(each.expected)
        for each in FILTERS
    },
    **{each.name: TEXT for each in fields(Plan) if each.name != "query"},
    "sort": one_of(Sort),
    "shape": one_of(Shape),
    "format": one_of(Format),
    "like": TEXTS,
    **dict.fromkeys(("limit", "per_artist", "seed"), WHOLE),
    "minutes": NUMBER,
    **dict.fromkeys(("no_missing", "no_album", "absolute"), FLAG),
}
"""The kind of each key."""

_KINDS_OF_TABLES: Mapping[str, Kind] = {**_KINDS, "output": TEXTS, "format": several_of(Format)}
"""The same in a file, where one playlist may be written into several files."""
