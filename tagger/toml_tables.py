"""Tables of TOML that people write: read within bounds, each key by its kind, each fault in one line."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from tagger.errors import TaggerError

Table = Mapping[str, Any]

Kind = tuple[Callable[[Any], Any], str]
"""How the value of a key is read (None: it is not of this kind), and what is expected of it."""

MAX_BYTES = 1 << 20
"""Of a file: 5,000 playlists; tomllib takes seconds for each megabyte."""


def read_toml(file: str, name: str = "file") -> Table:
    """Read a whole file of TOML; raise TaggerError where it cannot be read or is none. `name` is its sort."""
    try:
        with open(file, "rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise TaggerError(f"{file}: has more than {MAX_BYTES >> 20} MiB, as no {name} has")
        return tomllib.loads(data.decode("utf-8-sig"))  # a signature is Notepad's
    except OSError as error:
        raise TaggerError(f"{file}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaggerError(f"{file}: not valid TOML: {error}") from error
    except RecursionError:
        raise TaggerError(f"{file}: not valid TOML: its brackets are nested too deep") from None


def read_values(table: Table, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Read a table whose keys are those of `kinds`, with `-` for `_` if one likes.

    Raises TaggerError for an unknown key, with the nearest one, and for a value of the wrong kind.

    >>> read_values({"per-artist": 2}, {"per_artist": WHOLE})
    {'per_artist': 2}
    >>> read_values({"per-artits": 2}, {"per_artist": WHOLE})
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: unknown key 'per-artits'; did you mean 'per_artist'?
    """
    values: dict[str, Any] = {}
    for key, value in table.items():
        option = key.replace("-", "_")
        if option not in kinds:
            raise TaggerError(f"unknown key {key!r}{nearest(option, kinds)}")
        if option in values:
            raise TaggerError(f"{key!r} is given twice")
        read, expected = kinds[option]
        values[option] = read(value)
        if values[option] is None:
            raise TaggerError(f"{key} = {value!r}: give {expected}")
    return values


def nearest(key: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the `known` keys was meant; the empty text where there is none."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""


def one_of(choices: Any) -> Kind:
    """Give the kind of the values of a `Literal` type."""
    values = get_args(choices)
    return lambda value: value if isinstance(value, str) and value in values else None, (
        f"one of {', '.join(values)}"
    )


def several_of(choices: Any) -> Kind:
    """Give the kind of one or several of the values of a `Literal` type, read as a tuple."""
    values = get_args(choices)

    def read(value: Any) -> Any:
        given = value if isinstance(value, list) else [value]
        return tuple(given) if all(isinstance(each, str) and each in values for each in given) else None

    return read, f"one of {', '.join(values)}"


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


TEXT: Kind = (_text, "a text")
TEXTS: Kind = (_texts, "a text or a list of texts")
WHOLE: Kind = (_whole, "a whole number")
NUMBER: Kind = (_number, "a number")
FLAG: Kind = (_flag, "true or false")


def text_or_number(expected: str) -> Kind:
    """Give the kind of what is written as a text or as a number, such as a range or a year."""
    return _text_or_number, expected
