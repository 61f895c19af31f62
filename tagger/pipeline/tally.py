"""The counts of one scan."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tagger.pipeline.recorder import Settled


@dataclass(slots=True)
class Tally:
    """The running counts of one scan; every file found is counted in exactly one of the first five.

    `unchanged` files have their answer already, `moved` ones had it under another path, `duplicates`
    sound like another file. `missing` are tracks whose file is gone since the scan before. `left` are
    files that a limit or a budget leaves to the next scan; they do not count as found. `unmounted` are
    roots that are gone, or beneath which nothing is left.
    """

    analysed: int = 0
    unchanged: int = 0
    failed: int = 0
    moved: int = 0
    duplicates: int = 0
    missing: int = 0
    left: int = 0
    unmounted: int = 0
    started: float = field(default_factory=time.perf_counter)

    def add(self, settled: Settled) -> None:
        """Counts one batch."""
        self.analysed += settled.analysed
        self.unchanged += settled.unchanged
        self.moved += settled.moved
        self.duplicates += settled.duplicates
        self.failed += len(settled.failures)

    @property
    def found(self) -> int:
        return self.analysed + self.unchanged + self.failed + self.moved + self.duplicates

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def counts(self) -> dict[str, float]:
        """The counts by the names that `tagger scan --json` prints, with seconds and tracks per second."""
        seconds = self.seconds
        return {
            "found": self.found,
            "analysed": self.analysed,
            "unchanged": self.unchanged,
            "moved": self.moved,
            "duplicates": self.duplicates,
            "failed": self.failed,
            "missing": self.missing,
            "seconds": round(seconds, 3),
            "tracks_per_s": round(self.analysed / seconds, 2),
        }
