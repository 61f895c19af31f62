"""Two models' answers to the same tracks, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tagger.store import Answer
from tagger.types import energy_level

SILENT = "(silent)"
"""In the place of a genre: silence has none, whatever model was asked."""

UNKNOWN = "(unknown)"
"""In the place of a genre that a model does not hear."""


@dataclass(frozen=True, slots=True)
class GenreChange:
    """Of one genre: the tracks that either model hears as it; all else is of the `old` tracks.

    `changed` get another genre, `levels_changed` another energy level; `energy_difference` (0–1) is the
    mean of |new − old|, None without tracks. Both are None unless each track has an energy of both models.
    """

    genre: str
    old: int
    new: int
    changed: int
    levels_changed: int | None
    energy_difference: float | None

    @property
    def changed_share(self) -> float | None:
        """Of the old tracks (0–1); None without any."""
        return self.changed / self.old if self.old else None


@dataclass(slots=True)
class Differences:
    """Running counts over tracks; by the old genre but for the pairs (old genre, new genre) themselves.

    `with_energies` counts the tracks of which both tell the energy.
    """

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    with_energies: Counter[str] = field(default_factory=Counter)
    levels_changed: Counter[str] = field(default_factory=Counter)
    energy_differences: dict[str, float] = field(default_factory=dict)

    def add(self, old: Answer, new: Answer) -> None:
        """Count one track."""
        genre = _genre(old)
        self.pairs[genre, _genre(new)] += 1
        if old.energy is None or new.energy is None:
            return
        self.with_energies[genre] += 1
        self.levels_changed[genre] += energy_level(old.energy) != energy_level(new.energy)
        difference = abs(new.energy - old.energy)
        self.energy_differences[genre] = self.energy_differences.get(genre, 0.0) + difference

    def by_genre(self) -> list[GenreChange]:
        """A row for each genre that either model hears, most old tracks first."""
        genres = {genre for pair in self.pairs for genre in pair}
        return sorted(map(self._of_genre, genres), key=lambda row: (-row.old, -row.new, row.genre))

    def overall(self) -> GenreChange:
        """The row of all tracks."""
        n = self.pairs.total()
        changed = sum(count for _, count in self.changes())
        if self.with_energies.total() < n:
            return GenreChange("all", n, n, changed, None, None)
        mean = sum(self.energy_differences.values()) / n if n else None
        return GenreChange("all", n, n, changed, self.levels_changed.total(), mean)

    def changes(self) -> list[tuple[tuple[str, str], int]]:
        """The pairs of different genres with their tracks, most first."""
        changed = (item for item in self.pairs.items() if item[0][0] != item[0][1])
        return sorted(changed, key=lambda item: (-item[1], item[0]))

    def _of_genre(self, genre: str) -> GenreChange:
        old = sum(count for (before, _), count in self.pairs.items() if before == genre)
        new = sum(count for (_, after), count in self.pairs.items() if after == genre)
        changed = old - self.pairs[genre, genre]
        if self.with_energies[genre] < old:
            return GenreChange(genre, old, new, changed, None, None)
        mean = self.energy_differences[genre] / old if old else None
        return GenreChange(genre, old, new, changed, self.levels_changed[genre], mean)


def _genre(answer: Answer) -> str:
    return SILENT if answer.silent else answer.genre or UNKNOWN
