"""Read what filters take as people type it: energies, tempos, years, lengths and shares.

Each function raises ValueError for a text that it cannot read.
"""

from __future__ import annotations

import math
import re

from tagger.errors import TaggerError
from tagger.musical_key import key_named
from tagger.types import ENERGY_BANDS, ENERGY_LEVELS, MOODS, SOUNDS, Mood, Sound


class UnreadableError(ValueError):
    """A text that a filter cannot read, for a reason of its own, fit to show behind the text."""


def energy_range(text: str) -> tuple[float, float]:
    """Read an energy as the half-open range [low, high) that it names; raise ValueError for another text.

    Where a number is above 1, whole numbers are levels 1-10. `1` alone could be level 1, which is the
    calmest, and the energy 1.0, which is the wildest: it is refused.

    >>> energy_range("medium") == ENERGY_BANDS["medium"]
    True
    >>> low, high = energy_range("0.4-0.7")
    >>> low, 0.7 < high < 0.7001  # so that 0.7 is in it
    (0.4, True)
    >>> low, high = energy_range("7")
    >>> [low <= energy < high for energy in (0.6, 0.61, 0.7, 0.71)]
    [False, True, True, False]
    """
    name = text.strip().lower()
    for band, edges in ENERGY_BANDS.items():
        if name == band:
            return edges
    first, dash, last = name.partition("-")
    low = float(first)
    high = float(last) if dash else low
    if low == high == 1 and not dash:
        raise UnreadableError("give 0-0.1 for level 1, the calmest, or 10 for the wildest")
    _require_order(low, high, text)
    if high > 1:
        return _levels(low, high)
    if not (dash and 0 <= low <= high):
        raise ValueError(text)
    return low, math.nextafter(high, math.inf)


def _levels(low: float, high: float) -> tuple[float, float]:
    """The half-open range of energies that have these levels; raise ValueError for what is no level."""
    if not (low.is_integer() and high.is_integer() and 1 <= low <= high <= len(ENERGY_LEVELS)):
        raise ValueError
    return ENERGY_LEVELS[int(low) - 1][0], ENERGY_LEVELS[int(high) - 1][1]


def _require_order(low: float, high: float, text: str) -> None:
    """Raise UnreadableError where the ends of the range `text` stand the wrong way round."""
    if low > high:
        first, _, last = text.partition("-")
        raise UnreadableError(f"the lower end comes first: {last.strip()}-{first.strip()}")


def mood(text: str) -> Mood:
    """Read the name of a mood; raise TaggerError for another text."""
    found = next((one for one in MOODS if one == text.strip().lower()), None)
    if found is None:
        raise TaggerError(f"--mood {text}: give {', '.join(MOODS[:-1])} or {MOODS[-1]}")
    return found


def sound(text: str) -> Sound:
    """Read the name of a sound; raise TaggerError for another text."""
    found = next((one for one in SOUNDS if one == text.strip().lower()), None)
    if found is None:
        raise TaggerError(f"--sound {text}: give {', '.join(SOUNDS[:-1])} or {SOUNDS[-1]}")
    return found


def musical_key(text: str) -> str:
    """Read a key in any notation; raise TaggerError for another text.

    >>> musical_key("8a"), musical_key("C minor")
    ('Am', 'Cm')
    """
    found = key_named(text)
    if found is None:
        raise TaggerError(f"{text!r} is no key; give one such as Am, F#, 8A (Camelot) or 1m (Open Key)")
    return found


def share_range(text: str) -> tuple[float, float]:
    """Read a range within 0–1 with both its ends; raise ValueError for a text that is none.

    >>> share_range("0.6-"), share_range("-0.3"), share_range("0.4-0.7")
    ((0.6, 1.0), (0.0, 0.3), (0.4, 0.7))
    """
    if "-" not in text:
        raise ValueError(text)
    return _range(text, top=1.0)


def bpm_range(text: str) -> tuple[float, float]:
    """Read a tempo as a range of BPM with both its ends; raise ValueError for a text that is none.

    >>> bpm_range("120-128"), bpm_range("120-"), bpm_range("-128"), bpm_range("124")
    ((120.0, 128.0), (120.0, 999.0), (0.0, 128.0), (123.5, 124.5))
    """
    low, high = _range(text, top=999.0)
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def octave_range(text: str) -> tuple[float, float]:
    """Read a range of about an octave into which tempos are folded; raise ValueError for another text.

    DJ programs offer such as 58-115, 78-155 and 88-175, a little less than an octave.

    >>> octave_range("85-175")
    (85.0, 175.0)
    """
    low, high = _range(text, top=999.0)
    if "-" not in text or not (low >= 20 and 1.9 * low <= high):
        raise ValueError(text)
    return low, high


def in_octave(bpm: float, limits: tuple[float, float]) -> float:
    """Double or halve a tempo until it lies in a range, if it does, as far as whole BPM tell.

    >>> in_octave(87.0, (120.0, 240.0)), in_octave(174.2, (70.0, 140.0)), in_octave(128.0, (85.0, 175.0))
    (174.0, 87.1, 128.0)
    >>> in_octave(77.4, (78.0, 154.0))
    77.4
    """
    low, high = limits[0] - 0.5, limits[1] + 0.5
    folded = bpm
    while 0 < folded < low:
        folded *= 2
    while folded >= high:
        folded /= 2
    return folded if low <= folded < high else bpm


def year_range(text: str) -> tuple[int, int]:
    """Read years as a range with both its ends; raise ValueError for a text that is none.

    >>> year_range("1990-1999"), year_range("1990-"), year_range("-1999"), year_range("1994")
    ((1990, 1999), (1990, 9999), (0, 1999), (1994, 1994))
    >>> year_range("90s"), year_range("00s"), year_range("80s-90s")
    ((1990, 1999), (2000, 2009), (1980, 1999))
    """
    first, _, last = text.partition("-") if "-" in text else (text, "-", text)
    years = f"{_years_of(first)[0]}-{_years_of(last)[1]}"
    low, high = _range(years, 9999.0, text)
    if not (low.is_integer() and high.is_integer()):
        raise ValueError(text)
    return int(low), int(high)


def _years_of(text: str) -> tuple[str, str]:
    """The first and the last year of a decade such as `90s` or `1990s`; any other text twice.

    Of two digits, `30s` and later are of the last century, earlier ones of this one.
    """
    decade = re.fullmatch(r"\s*['’]?(\d\d)?(\d)0['’]?s\s*", text, re.IGNORECASE)
    if not decade:
        return text, text
    century = decade[1] or ("19" if decade[2] >= "3" else "20")
    return f"{century}{decade[2]}0", f"{century}{decade[2]}9"


def length_s(text: str) -> float:
    """Read a duration such as `90s`, `45m`, `2h` or `30d` in seconds; raise ValueError for another text.

    >>> length_s("90s"), length_s("1.5m")
    (90.0, 90.0)
    """
    seconds = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
    number, unit = text.strip()[:-1], text.strip()[-1:].lower()
    value = float(number) * seconds.get(unit, math.nan)
    if not 0 <= value < math.inf:
        raise ValueError(text)
    return value


def given_or_not(text: str) -> bool:
    """Read a flag where it is written as a text: `true` or `false`; raise ValueError for another text."""
    if text.strip().lower() not in ("true", "false"):
        raise ValueError(text)
    return text.strip().lower() == "true"


def share(text: str) -> float:
    """Read a number from 0 to 1; raise ValueError for another text, such as `80` or `nan`."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def _range(text: str, top: float, typed: str = "") -> tuple[float, float]:
    """The ends of `low-high`, `low-`, `-high` or one number, from 0 to `top`; `typed` is for the error."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    low = float(first) if first else 0.0
    high = (float(last) if last else top) if dash else low
    if not (first or last) or not (0 <= low <= top and 0 <= high <= top):
        raise ValueError(text)
    _require_order(low, high, typed or text)
    return low, high
