"""The charts of a report as plain numbers, ready for the template to draw."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType

from tagger.store import Statistics
from tagger.types import Track

COLOURS = (
    *("#4c8dd9", "#b9783f", "#a89a3a", "#e8923a", "#9a6ee0", "#8a93a3", "#5aa84f", "#c9a21f", "#d45fa6"),
    *("#2ba9b8", "#e0603f", "#6d7be0", "#3fb58a", "#e889b8", "#7d5aa6", "#7fae2e", "#cc4b4b", "#5f86a8"),
    *("#d9576b", "#b06fd0"),
)
"""Of genres, in the order of the model: of middling lightness, to be seen on white and on black."""

OTHER = len(COLOURS)
"""The number of the colour of what has none of its own."""

OTHER_COLOUR = "#8b9099"

N_YEAR_BARS = 40
N_STEPS = 240
"""Of the curve of growth, at most."""

MOST_WORDS, MOST_OWN_WORDS = 40, 16

TEMPO_BIN_BPM = 10

_HEAT_STEPS = 10
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name: `share` (0–100) of the longest; the first `sure` (0–100) of it is drawn full."""

    name: str
    count: int
    share: float
    sure: float
    n_unsure: int = 0
    colour: int = OTHER


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of a table of counts: `cells` are (count, percent of the row, heat 0–10)."""

    name: str
    total: int
    cells: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """A table of counts with the names of its columns."""

    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve that climbs to `top`: `points` are x and y within 0–1000, `ticks` (x within 0–100 %, label)."""

    top: int
    points: tuple[tuple[int, int], ...]
    ticks: tuple[tuple[float, str], ...]


def colours_of(genres: Sequence[str], counts: Mapping[str, int]) -> list[int]:
    """Give the number of the colour of each genre: by its place in the model, so that it stays the same.

    Where they are more than there are colours, the most frequent have one.
    """
    named = set(sorted(genres, key=lambda genre: -counts.get(genre, 0))[: len(COLOURS)])
    numbers = iter(range(len(COLOURS)))
    return [next(numbers) if genre in named else OTHER for genre in genres]


def bars(
    counts: Mapping[str, int], unsure: Mapping[str, int] = _NONE, colours: Mapping[str, int] = _NONE
) -> tuple[Bar, ...]:
    """Give a bar for each count, in their order.

    >>> [(bar.share, bar.sure) for bar in bars({"Rock": 4, "Jazz": 2}, {"Rock": 1})]
    [(100.0, 75.0), (50.0, 50.0)]
    """
    most = max(counts.values(), default=0) or 1
    return tuple(
        Bar(
            name,
            count,
            100 * count / most,
            100 * (count - unsure.get(name, 0)) / most,
            unsure.get(name, 0),
            colours.get(name, OTHER),
        )
        for name, count in counts.items()
    )


def energies(found: Statistics) -> tuple[Bar, ...]:
    """Give a bar for each energy level; none where no track has one."""
    levels = {str(level): count for level, count in enumerate(found.energy_levels, 1)}
    return bars(levels) if any(found.energy_levels) else ()


def tempos(found: Statistics) -> tuple[Bar, ...]:
    """Give a bar for each ten BPM between the slowest and the fastest track."""
    if not found.tempos:
        return ()
    lows = range(min(found.tempos), max(found.tempos) + 1, TEMPO_BIN_BPM)
    return bars({str(low): found.tempos.get(low, 0) for low in lows})


def years(tracks: Iterable[Track]) -> tuple[Bar, ...]:
    """Give a bar for each year between the first and the last, or for some years together."""
    counts = Counter(track.year for track in tracks if track.year)
    if not counts:
        return ()
    first, last = min(counts), max(counts)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10_000) if (last - first) / step <= N_YEAR_BARS)
    starts = range(first - first % step, last + 1, step)
    return bars({str(at): sum(counts[year] for year in range(at, at + step)) for at in starts})


def words(found: Statistics) -> tuple[Bar, ...]:
    """Give a bar for each of the words that most tracks have."""
    return bars(dict(islice(found.words.items(), MOST_WORDS)))


def genres_by_level(found: Statistics) -> Heat:
    """Give the tracks of each genre by energy level."""
    levels = tuple(map(str, range(1, 11)))
    return Heat(levels, tuple(_heat_row(genre, row) for genre, row in found.genre_levels.items()))


def own_by_answer(own_words: Mapping[tuple[str, str | None], int]) -> Heat:
    """Give the tracks of each of the owner's most frequent words by the answer, the most frequent first."""
    by_word, by_answer = Counter[str](), Counter[str]()
    for (word, answer), count in own_words.items():
        if answer is not None:
            by_word[word] += count
            by_answer[answer] += count
    answers = tuple(answer for answer, _ in by_answer.most_common())
    rows = (
        _heat_row(word, [own_words.get((word, answer), 0) for answer in answers])
        for word, _ in by_word.most_common(MOST_OWN_WORDS)
    )
    return Heat(answers, tuple(rows))


def growth(dates_s: Sequence[float]) -> Curve | None:
    """Give how many of the files were there at what time; None for fewer than two dates.

    >>> growth([0.0, 50.0, 100.0]).points[-1]
    (1000, 1000)
    """
    if len(dates_s) < 2 or dates_s[-1] <= dates_s[0]:
        return None
    first, span, top = dates_s[0], dates_s[-1] - dates_s[0], len(dates_s)
    points = []
    for step in range(N_STEPS + 1):
        at = first + span * step / N_STEPS
        count = top if step == N_STEPS else bisect_right(dates_s, at)
        points.append((round(1000 * step / N_STEPS), round(1000 * count / top)))
    return Curve(top, tuple(points), tuple(_ticks(first, span)))


def _ticks(first_s: float, span_s: float) -> Iterable[tuple[float, str]]:
    """The beginnings of years within the span, a few of them; of a shorter one its two ends."""
    began, ended = (datetime.fromtimestamp(at).astimezone() for at in (first_s, first_s + span_s))
    inner = range(began.year + 1, ended.year + 1)
    if len(inner) < 2:
        return [(0.0, f"{began:%Y-%m-%d}"), (100.0, f"{ended:%Y-%m-%d}")]
    step = -(-len(inner) // 6)
    at_s = {year: datetime(year, 1, 1).astimezone().timestamp() for year in inner if year % step == 0}
    return [(100 * (at - first_s) / span_s, str(year)) for year, at in at_s.items()]


def _heat_row(name: str, counts: Sequence[int]) -> HeatRow:
    total = sum(counts) or 1
    cells = ((count, round(100 * count / total), _heat(count / total)) for count in counts)
    return HeatRow(name, sum(counts), tuple(cells))


def _heat(share: float) -> int:
    """A step of colour: half a row in one cell is as hot as it gets."""
    return min(_HEAT_STEPS, round(2 * _HEAT_STEPS * share)) or int(share > 0)
