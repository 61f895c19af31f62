"""Try the ear for keys on music whose keys are known: how many are right, and how far its confidence holds.

    python scripts/key_trial.py keys.csv

A line of `keys.csv` has a `path`, from its folder on, and a `key` in any notation (Am, A minor, 8A, 1m). Each
file is heard in the windows of a scan. `weighted` is the score of MIREX: a fifth off 0.5, the relative key
0.3, the parallel one 0.2.
"""

import argparse
import csv
import math
from dataclasses import dataclass
from pathlib import Path

from tagger.audio import read_excerpt
from tagger.musical_key import KEYS, key_named
from tagger.tonality import key_and_confidence

SAMPLE_RATE_HZ, WINDOW_S = 22_050, 10.0
BANDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)


@dataclass(frozen=True)
class Trial:
    """What was heard of one file, and what it is."""

    annotated: str
    heard: str | None
    confidence: float

    @property
    def score(self) -> float:
        """The score of MIREX (https://music-ir.org/mirex/wiki/2021:Audio_Key_Detection), 0 to 1."""
        return 0.0 if self.heard is None else mirex_score(self.annotated, self.heard)


def mirex_score(annotated: str, heard: str) -> float:
    """Say how near one of `KEYS` is to another.

    >>> [mirex_score("C", heard) for heard in ("C", "G", "F", "Am", "Cm", "D")]
    [1.0, 0.5, 0.5, 0.3, 0.2, 0.0]
    """
    is_minor, other_is_minor = (KEYS.index(key) >= 12 for key in (annotated, heard))
    apart = (KEYS.index(heard) - KEYS.index(annotated)) % 12
    if is_minor == other_is_minor:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get(apart, 0.0)
    return {0: 0.2, 3 if is_minor else 9: 0.3}.get(apart, 0.0)


def main() -> None:
    """Hear every file of the table, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("keys", type=Path, help="a table with the columns path and key")
    table = parser.parse_args().keys
    with table.open(encoding="utf-8", newline="") as lines:
        trials = [tried(table.parent / row["path"], row["key"]) for row in csv.DictReader(lines)]
    if trials:
        print("\n".join(report(trials)))


def tried(path: Path, annotated: str) -> Trial:
    """Hear one file. Raises ValueError where its key cannot be read."""
    key = key_named(annotated)
    if key is None:
        raise ValueError(f"{path}: no key: {annotated}")
    excerpt = read_excerpt(str(path), sample_rate_hz=SAMPLE_RATE_HZ, window_s=WINDOW_S)
    heard, confidence = key_and_confidence([window.samples for window in excerpt.windows], SAMPLE_RATE_HZ)
    return Trial(key, heard, confidence or 0.0)


def report(trials: list[Trial]) -> list[str]:
    """Say how many are right, all together and by their confidence."""
    right = [trial.heard == trial.annotated for trial in trials]
    weighted = sum(trial.score for trial in trials) / len(trials)
    lines = [
        f"{len(trials)} files, right {sum(right) / len(trials):.3f}, weighted {weighted:.3f}, "
        f"without a key {sum(trial.heard is None for trial in trials)}"
    ]
    for low, high in zip(BANDS, (*BANDS[1:-1], math.inf), strict=False):
        inside = [
            is_right for trial, is_right in zip(trials, right, strict=True) if low <= trial.confidence < high
        ]
        if inside:
            lines.append(
                f"confidence {low:.1f} and more: {len(inside)}, right {sum(inside) / len(inside):.3f}"
            )
    return lines


if __name__ == "__main__":
    main()
