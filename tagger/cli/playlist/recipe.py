"""A file of playlists in TOML, read into plans: the names of its keys are those of the options."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from tagger.cli.filters import Filters
from tagger.cli.output import shown
from tagger.cli.playlist.plan import Plan
from tagger.errors import TaggerError

Table = Mapping[str, Any]

_FILTERS = {each.name for each in fields(Filters)}
_KEYS = _FILTERS | {each.name for each in fields(Plan)} - {"filters"}
_FILES = ("output", "relative_to", "like")


def tables_of(file: str) -> list[tuple[str, Table]]:
    """The playlists in `file` by name, in its order. Raises `TaggerError` where it cannot be read."""
    try:
        with open(file, "rb") as opened:
            content = tomllib.load(opened)
    except OSError as error:
        raise TaggerError(f"{shown(file)}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaggerError(f"{shown(file)}: not valid TOML: {error}") from error
    for name, table in content.items():
        if not isinstance(table, dict):
            raise TaggerError(f"{shown(file)}: {name!r} stands outside a playlist; begin one with [its name]")
    if not content:
        raise TaggerError(f"{shown(file)}: describes no playlist; begin one with [its name]")
    return list(content.items())


def plan_of(name: str, table: Table, folder: str) -> Plan:
    """The plan of one playlist, paths taken from `folder`; its title is `name` unless it has one.

    Raises `TaggerError` for an unknown key, with the nearest one, a value of the wrong kind, and a
    playlist without an output.
    """
    values = {}
    for key, value in table.items():
        option = key.replace("-", "_")
        if option not in _KEYS:
            raise TaggerError(f"unknown key {key!r}{_nearest(option)}")
        if option in values:
            raise TaggerError(f"{key!r} is given twice")
        values[option] = _read(key, option, value)
    if "output" not in values:
        raise TaggerError('it has no output; name a file, such as output = "loud.m3u8"')
    if "replace_prefix" in values:  # then `relative_to` is a folder of the other machine
        values |= {key: _from(folder, values[key]) for key in ("output", "like") if key in values}
    else:
        values |= {key: _from(folder, values[key]) for key in _FILES if key in values}
    filters = Filters(**{key: values.pop(key) for key in _FILTERS & values.keys()})
    return Plan(filters, **{"title": name} | values)


def _nearest(option: str) -> str:
    near = difflib.get_close_matches(option, _KEYS, n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""


def _from(folder: str, path: str) -> str:
    return os.path.join(folder, os.path.expanduser(path))


def _read(key: str, option: str, value: Any) -> Any:
    """The value as the plan holds it."""
    kind, words = _KINDS.get(option, (_text, "a text"))
    read = kind(value)
    if read is None:
        raise TaggerError(f"{key} = {value!r}: give {words}")
    return read


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> Any:
    values = [value] if isinstance(value, str) else value
    return tuple(values) if isinstance(values, list) and all(isinstance(v, str) for v in values) else None


def _range(value: Any) -> Any:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


_KINDS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    **dict.fromkeys(("genre", "not_genre", "artist", "album", "path"), (_texts, "a text or a list of texts")),
    **dict.fromkeys(("energy", "bpm", "year"), (_range, 'a text such as "1990-1999", or a number')),
    **dict.fromkeys(("limit", "per_artist", "seed"), (_whole, "a whole number")),
    **dict.fromkeys(("minutes", "min_confidence"), (_number, "a number")),
    **dict.fromkeys(("no_missing", "absolute"), (_flag, "true or false")),
}
