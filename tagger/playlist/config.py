"""A file of playlists in TOML, read into plans: the names of its keys are those of the options."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, get_args

from tagger.errors import TaggerError
from tagger.playlist.plan import Plan
from tagger.playlist.render import Format
from tagger.playlist.select import Shape, Sort
from tagger.query import FILTERS, read_query

Table = Mapping[str, Any]

MAX_BYTES = 1 << 20
"""Of a file of playlists: 5,000 of them; tomllib takes seconds for each megabyte."""

_FILES = ("output", "relative_to", "like")


def tables_of(file: str) -> list[tuple[str, Table]]:
    """Read the playlists in `file` by name, in its order; raise TaggerError where it cannot be read."""
    try:
        with open(file, "rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise TaggerError(f"{file}: has more than {MAX_BYTES >> 20} MiB, as no file of playlists has")
        content = tomllib.loads(data.decode())
    except OSError as error:
        raise TaggerError(f"{file}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaggerError(f"{file}: not valid TOML: {error}") from error
    except RecursionError:
        raise TaggerError(f"{file}: not valid TOML: its brackets are nested too deep") from None
    for name, table in content.items():
        if not isinstance(table, dict):
            raise TaggerError(f"{file}: {name!r} stands outside a playlist; begin one with [its name]")
    if not content:
        raise TaggerError(f"{file}: describes no playlist; begin one with [its name]")
    return list(content.items())


def plan_of(name: str, table: Table, folder: str) -> Plan:
    """Read the plan of one playlist, paths taken from `folder`; its title is `name` unless it has one.

    Raises TaggerError for an unknown key, with the nearest one, a value of the wrong kind, and a
    playlist without an output.

    >>> plan = plan_of("Loud", {"genre": "Rock", "per-artist": 2, "output": "loud.m3u8"}, "/lists")
    >>> plan.query.genres, plan.per_artist, plan.output, plan.title
    (('Rock',), 2, '/lists/loud.m3u8', 'Loud')
    """
    values: dict[str, Any] = {}
    for key, value in table.items():
        option = key.replace("-", "_")
        if option not in _KINDS:
            raise TaggerError(f"unknown key {key!r}{_nearest(option)}")
        if option in values:
            raise TaggerError(f"{key!r} is given twice")
        values[option] = _read(key, option, value)
    if "output" not in values:
        raise TaggerError('it has no output; name a file, such as output = "loud.m3u8"')
    query = read_query({each.name: values.pop(each.name, None) for each in FILTERS})
    return Plan(query, **{"title": name} | values | _files_from(folder, values))


def _files_from(folder: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Those values that name files of this machine, taken from `folder`."""
    # With `replace_prefix`, `relative_to` is a folder of the other machine.
    names = (key for key in _FILES if key != "relative_to" or "replace_prefix" not in values)
    return {key: os.path.join(folder, os.path.expanduser(values[key])) for key in names if key in values}


def _nearest(option: str) -> str:
    near = difflib.get_close_matches(option, _KINDS, n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""


def _read(key: str, option: str, value: Any) -> Any:
    """The value as the plan or its filters hold it."""
    kind, expected = _KINDS[option]
    read = kind(value)
    if read is None:
        raise TaggerError(f"{key} = {value!r}: give {expected}")
    return read


def _text(value: Any) -> Any:
    return value if isinstance(value, str) and "\0" not in value else None


def _texts(value: Any) -> Any:
    values = [value] if isinstance(value, str) else value
    return tuple(values) if isinstance(values, list) and None not in map(_text, values) else None


def _text_or_number(value: Any) -> Any:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _one_of(choices: Any) -> tuple[Callable[[Any], Any], str]:
    values = get_args(choices)
    return lambda value: value if value in values else None, f"one of {', '.join(values)}"


_KINDS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    **{
        each.name: (_texts, "a text or a list of texts")
        if each.repeats
        else (_flag if each.is_flag else _text_or_number, each.expected)
        for each in FILTERS
    },
    **{each.name: (_text, "a text") for each in fields(Plan) if each.name != "query"},
    "sort": _one_of(Sort),
    "shape": _one_of(Shape),
    "format": _one_of(Format),
    **dict.fromkeys(("limit", "per_artist", "seed"), (_whole, "a whole number")),
    "minutes": (_number, "a number"),
    **dict.fromkeys(("no_missing", "absolute"), (_flag, "true or false")),
}
"""How the value of each key is read, and what is expected of it."""
