"""How much is played in so many minutes: tracks in their order whose lengths add up to nearly that.

Taking one track after the other until the next one is too long leaves gaps: a track of ten minutes at the
head of a list for five minutes would leave all of it. So a track that does not fit is passed over, and where
the tracks in a row leave more than a twentieth of the minutes empty, those among the first few are chosen
that fill them: the sums that can be reached are the bits of one large number (Pisinger, Dynamic programming
on the word RAM, 2003), and no track further down the list is looked at than is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tagger.types import Track

FULL = 0.95
"""The share of the minutes from which on a playlist counts as full."""

UNKNOWN_LENGTH_S = 240.0
"""What a track of unknown length counts as where no other length is known either: that of most songs."""

_FINEST_S = 1e-3
_DIGITS = 5  # sums are reckoned to so many digits of the minutes: a thousandth of them for 100 tracks


def known_length_s(track: Track) -> float | None:
    """Give the length of the track, None where it is not known.

    >>> known_length_s(Track("/m/a.mp3", duration_s=180.0)), known_length_s(Track("/m/b.mp3"))
    (180.0, None)
    """
    length_s = track.duration_s
    return length_s if length_s and 0 < length_s < math.inf else None


def length_of(tracks: Sequence[Track]) -> Callable[[Track], float]:
    """Give a function that tells each length in seconds: an unknown one counts as the mean of those known.

    >>> length_s = length_of([Track("/m/a.mp3", duration_s=180.0), Track("/m/b.mp3")])
    >>> length_s(Track("/m/b.mp3"))
    180.0
    """
    known = [length_s for track in tracks if (length_s := known_length_s(track))]
    usual_s = sum(known) / len(known) if known else UNKNOWN_LENGTH_S
    return lambda track: known_length_s(track) or usual_s


def is_full(total_s: float, budget_s: float) -> bool:
    """Tell whether so much fills the time, but for a twentieth."""
    return total_s >= FULL * budget_s - 1e-6


def filling(lengths_s: Sequence[float], budget_s: float, limit: int | None = None) -> list[int]:
    """Choose which of the tracks to play, by their lengths: at most `limit`, their sum at most `budget_s`.

    Returns their indices in rising order. The sum is at least `FULL` of the budget where the tracks have such
    a sum (to a thousandth of the budget), else the largest that they have. Where that takes more than
    `limit`, it is the first so many that fit, each into what those before it leave.

    >>> filling([600, 120, 170, 200], budget_s=300)
    [1, 2]
    """
    few = _in_a_row(lengths_s, budget_s, limit)
    if len(few) == limit or is_full(sum(lengths_s[index] for index in few), budget_s):
        return few
    best = _largest_sum(lengths_s, budget_s)
    return best if limit is None or len(best) <= limit else _passing_over(lengths_s, budget_s, limit)


def _in_a_row(lengths_s: Sequence[float], budget_s: float, limit: int | None) -> list[int]:
    """One after the other up to the first that does not fit; none counts that would not fit by itself."""
    taken: list[int] = []
    left_s = budget_s + 1e-6
    for index, length_s in enumerate(lengths_s):
        if length_s <= budget_s + 1e-6:
            left_s -= length_s
            if left_s < 0 or len(taken) == limit:
                break
            taken.append(index)
    return taken


def _passing_over(lengths_s: Sequence[float], budget_s: float, limit: int) -> list[int]:
    """Each that fits into what those before it leave."""
    taken: list[int] = []
    left_s = budget_s + 1e-6
    for index, length_s in enumerate(lengths_s):
        if len(taken) < limit and length_s <= left_s:
            taken.append(index)
            left_s -= length_s
    return taken


def _largest_sum(lengths_s: Sequence[float], budget_s: float) -> list[int]:
    """Of the first few that have a sum which fills the budget the largest such, else the largest of all."""
    unit_s = max(_FINEST_S, 10.0 ** (math.ceil(math.log10(budget_s)) - _DIGITS))
    room = math.floor(budget_s / unit_s + 1e-6)
    every_sum = (1 << (room + 1)) - 1
    sums, steps = 1, list[tuple[int, int, int]]()
    idle: set[int] = set()  # lengths that add no sum to these
    for index, length_s in enumerate(lengths_s):
        length = max(1, math.ceil(length_s / unit_s - 1e-6))
        if length > room or length in idle:
            continue
        more = (sums | sums << length) & every_sum
        if more == sums:
            idle.add(length)
            continue
        steps.append((index, length, sums))
        sums = more
        idle.clear()
        if sums.bit_length() > FULL * room:
            chosen = _traced(steps, sums.bit_length() - 1)
            if is_full(sum(lengths_s[index] for index in chosen), budget_s):
                return chosen
    return _traced(steps, sums.bit_length() - 1)


def _traced(steps: Sequence[tuple[int, int, int]], total: int) -> list[int]:
    """The tracks that add up to `total`: back from the last, each without which it was not reached."""
    chosen: list[int] = []
    for index, length, sums_before in reversed(steps):
        if not sums_before >> total & 1:
            chosen.append(index)
            total -= length
    return chosen[::-1]
