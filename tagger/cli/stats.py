"""`tagger stats`: the library at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tagger.cli import configured, shared
from tagger.cli.shared import bar, print_json
from tagger.cli.terminal import say, shown
from tagger.query import Query
from tagger.types import counted
from tagger.wording import key_shown

if TYPE_CHECKING:
    from tagger.store import Run, Statistics

TOP_WORDS, TOP_KEYS = 10, 6

WIDTH = 32
"""Characters of the longest bar."""

_RUN_COUNTS = ("found", "analysed", "failed", "files_written", "files_restored", "skipped")
"""The counts of a run that are shown, of whichever command."""


@shared.with_filters
def stats(
    query: Query,
    paths: shared.Paths = None,
    model: shared.Model = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Show the library at a glance: hours, genres, energies, tempos, moods, words, keys and the last runs.

    tagger stats
    tagger stats ~/Music/New --min-confidence 0.8
    """
    query = replace(query, paths=shared.named(paths))
    with configured.library(db, model) as library:
        found = library.statistics(query)
        shared.warn(library, query)
        answering = library.model
    if json:
        print_json(_fields(found, answering))
    else:
        say("\n".join(_lines(found, answering)))


def _fields(found: Statistics, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "tracks": found.tracks,
        "hours": round(found.duration_s / 3600, 2),
        "silent": found.silent,
        "no_music": dict(found.no_music),
        "missing": found.missing,
        "genres": dict(found.genres),
        "unsure": sum(found.unsure.values()),
        "unsure_genres": dict(found.unsure),
        "energy_levels": list(found.energy_levels),
        "genre_energy_levels": {genre: list(levels) for genre, levels in found.genre_levels.items()},
        "tempos": {str(low): count for low, count in found.tempos.items()},
        "moods": dict(found.moods),
        "words": dict(found.words),
        "keys": dict(found.keys),
        "own_tags": dict(found.own_tags),
        "failures": dict(found.failures),
        "runs": [_run_fields(run) for run in found.runs],
    }


def _run_fields(run: Run) -> dict[str, Any]:
    return {
        "command": run.command,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "counts": run.counts,
    }


def _lines(found: Statistics, model: str) -> Iterator[str]:
    yield f"{counted(found.tracks, 'tracks')}, {found.duration_s / 3600:,.1f} hours, analysed by {model}"
    if found.silent:
        yield f"{found.silent:,} of them silent"
    if found.no_music:
        kinds = ", ".join(f"{count:,} {sound}" for sound, count in found.no_music.items())
        yield f"{sum(found.no_music.values()):,} of them no music: {kinds}"
    if found.missing:
        yield f"{found.missing:,} of them missing: their files were gone at the last scan"
    if found.unsure:
        yield f"{sum(found.unsure.values()):,} of them with a genre that is not sure: perhaps, below"
    if found.genres:
        yield from _genres(found)
    if any(found.energy_levels):
        yield from _bars("energy level", {f"{n:>2}": count for n, count in enumerate(found.energy_levels, 1)})
    if found.genre_levels:
        yield from _genres_by_level(found)
    if found.tempos:
        tempos = range(min(found.tempos), max(found.tempos) + 1, 10)
        yield from _bars("tempo in BPM", {f"{low}-{low + 9}": found.tempos.get(low, 0) for low in tempos})
    if found.moods:
        yield from _bars("mood", found.moods)
    if found.words:
        yield from _bars("most frequent words", dict([*found.words.items()][:TOP_WORDS]))
    if found.keys:
        most = [*found.keys.items()][:TOP_KEYS]
        yield "\nmost frequent keys"
        yield "  " + ", ".join(f"{key_shown(key)} {count:,}" for key, count in most)
    if found.genres and found.own_tags["none"] < found.tracks:
        yield from _bars("your own genre and the answer", found.own_tags)
    yield from _failures(found)
    yield from _runs(found)


def _bars(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"\n{title}"
    most, width = max(counts.values()) or 1, max(map(len, counts))
    for name, count in counts.items():
        yield f"  {name:<{width}} {count:>9,} {bar(count / most, WIDTH)}".rstrip()


def _genres(found: Statistics) -> Iterator[str]:
    """A line a genre: how many tracks have it for sure, and behind that how many perhaps."""
    yield "\ngenre"
    most, width = max(found.genres.values()), max(map(len, found.genres))
    for name, count in found.genres.items():
        unsure = found.unsure.get(name, 0)
        sure_bar = bar((count - unsure) / most, WIDTH)
        perhaps = "░" * round(unsure / most * WIDTH)
        behind = f" {unsure:,} perhaps" if unsure else ""
        yield f"  {name:<{width}} {count - unsure:>9,} {sure_bar}{perhaps}{behind}".rstrip()


def _genres_by_level(found: Statistics) -> Iterator[str]:
    """The share of each energy level in each genre, in percent; a row adds up to 100."""
    width = max(map(len, found.genre_levels))
    yield "\n% of a genre at each energy level"
    yield f"  {'':<{width}} " + "".join(f"{level:>4}" for level in range(1, 11))
    for genre, levels in found.genre_levels.items():
        shares = [100 * count / sum(levels) for count in levels]
        cells = "".join(f"{share:>4.0f}" if share else "   ·" for share in shares)
        yield f"  {genre:<{width}} {cells}"


def _failures(found: Statistics) -> Iterator[str]:
    if found.failures:
        stages = ", ".join(f"{count:,} at {stage}" for stage, count in found.failures.items())
        failed = f"{sum(found.failures.values()):,} could not be analysed"
        yield f"\n{failed} ({stages}); `tagger failures` says why"


def _runs(found: Statistics) -> Iterator[str]:
    if found.runs:
        yield "\nlast runs"
    for run in found.runs:
        began = shared.minute(run.started_at)
        counts = run.counts or {}
        parts = [
            counted(round(counts[name]), name.replace("_", " ")) for name in _RUN_COUNTS if name in counts
        ]
        if "seconds" in counts:
            parts.append(f"{counts['seconds']:,.0f} s")
        end = ", ".join(parts) if run.finished_at else "under way, or cut off"
        yield f"  {began}  {shown(run.command)}: {end}"
