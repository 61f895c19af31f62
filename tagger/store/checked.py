"""Check what a database says: a value that cannot be becomes None, and spoils its own file alone.

SQLite keeps any type in any column, and a database may have been in other hands: another program's, a
failing drive's. These functions stand where values come in, so that nothing behind them has to ask.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from tagger.musical_key import KEYS
from tagger.types import MOODS, SOUNDS, Mood, Sound

LONGEST_S = 1e9
"""Thirty years: no track lasts so long."""

MOST_BPM = 10_000.0

_KEYS = frozenset(KEYS)
_LARGEST_COUNT = 1e15
_ROUNDING = 1e-3


def text(value: Any) -> str | None:
    """Give a text; bytes as far as they are UTF-8, and None for all else.

    >>> text("Jazz"), text(b"Caf\\xc3\\xa9 \\xff"), text(1.0)
    ('Jazz', 'Café \\ufffd', None)
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def share(value: Any) -> float | None:
    """Give a number from 0 to 1, as energies and confidences are; None for all else.

    >>> share(0.5), share(1.0001), share(7.0), share("loud")
    (0.5, 1.0, None, None)
    """
    if type(value) is float and 0.0 <= value <= 1.0:  # as nearly all are, of which a list has a million
        return value
    found = number(value, -_ROUNDING, 1 + _ROUNDING)
    return None if found is None else min(max(found, 0.0), 1.0)


def number(value: Any, least: float, most: float) -> float | None:
    """Give a number between two others; None for all else.

    >>> number(120, 0, 300), number(1e300, 0, 300), number("120", 0, 300)
    (120.0, None, None)
    """
    is_number = isinstance(value, int | float) and least <= value <= most
    return float(value) if is_number else None


def duration_s(value: Any) -> float | None:
    """Give a duration in seconds; None for what is none."""
    return number(value, 0, LONGEST_S)


def mood(value: Any) -> Mood | None:
    """Give one of the four moods; None for all else."""
    return value if value in MOODS else None


def sound(value: Any) -> Sound:
    """Give speech or noise; music for all else."""
    return value if value in SOUNDS else "music"


def key(value: Any) -> str | None:
    """Give one of the 24 musical keys; None for all else."""
    return value if value in _KEYS else None


def bpm(value: Any) -> float | None:
    """Give a tempo; None for what is none."""
    return number(value, 0, MOST_BPM)


def whole(value: Any, or_else: int = -1) -> int:
    """Give a whole number as it is, and `or_else` for all else; -1 is no size and no date of a file.

    >>> whole(5), whole("five"), whole(5.5)
    (5, -1, -1)
    """
    return value if type(value) is int else or_else


def year(value: Any) -> int | None:
    """Give a year of four digits; None for all else."""
    return value if type(value) is int and 0 < value < 10_000 else None


def json_object(value: Any) -> dict[str, Any]:
    """Read a JSON object; an empty one for what is none.

    >>> json_object('{"found": 3}'), json_object("[1]"), json_object("{torn")
    ({'found': 3}, {}, {})
    """
    try:
        found = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def counts(value: Any) -> Mapping[str, float] | None:
    """Read the counts of a run, without those that are no numbers; None where there are none yet."""
    if value is None:
        return None
    return {
        name: count
        for name, count in json_object(value).items()
        if isinstance(count, int | float) and math.isfinite(count) and abs(count) < _LARGEST_COUNT
    }
