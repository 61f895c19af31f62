"""`tagger audit`: where the owner's genre and the sound contradict each other."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import message, print_csv, print_json_array
from tagger.cli.terminal import for_terminal, say, shown
from tagger.errors import TaggerError
from tagger.query import Query
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.audit import Audit, Finding
    from tagger.library import Library

CSV_COLUMNS = ["path", "tag", "answer", "confidence", "doubt", "artist", "album", "title"]
"""Names of `finding_json`; a new one goes to the end, for programs that count columns."""

_TAG_CELLS, _LEAST_NAME_CELLS = 34, 20
_HEADER = f"{'doubt':>5}  {'own tag → answer':<{_TAG_CELLS}}  tracks  "


@shared.with_filters
def audit(
    query: Query,
    paths: shared.Paths = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many lines.")] = None,
    playlist: Annotated[
        str | None, typer.Option("--playlist", metavar="FILE", help="Write the tracks to a playlist, too.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a track a line.")] = False,
    csv_safe: shared.CsvSafe = False,
    model: shared.Model = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Find tracks whose own genre contradicts their sound, the surest first.

    Tracks of one album with the same genre are one line. Genres that are
    near each other, such as Rock and Metal, are no contradiction.
    Nothing is changed.

        tagger audit --limit 20
        tagger audit ~/Music/New --playlist check.m3u8
    """
    from tagger.audit import finding_json

    query = replace(query, paths=shared.named(paths))
    with configured.library(db, model) as library:
        found = library.audit(query)
        shared.warn(library, query)
        findings = found.findings[:limit]
        rows = chain.from_iterable(map(finding_json, findings))
        if json:
            print_json_array(rows)
        elif as_csv or csv_safe:
            print_csv(CSV_COLUMNS, rows, no_formulas=csv_safe)
        else:
            _print(findings)
            message(_summary(found, len(findings), library.model))
        if playlist:
            _write_playlist(playlist, findings, library)


def _print(findings: Sequence[Finding]) -> None:
    """A line each: whole for a pipe, within its width on a terminal."""
    if findings:
        say(f"{_HEADER}artist – album, or path")
    for finding in findings:
        left = f"{min(finding.doubt, 0.99):>5.0%}  {_tag_and_answer(finding)}  {len(finding.tracks):>6,}  "
        say(left + _name(finding))


def _tag_and_answer(finding: Finding) -> str:
    from rich.cells import cell_len

    from tagger.cli.table import beginning

    answer = f" → {finding.answer}"
    tag = beginning(shown(for_terminal(finding.tag)), _TAG_CELLS - cell_len(answer))
    return tag + answer + " " * (_TAG_CELLS - cell_len(tag + answer))


def _name(finding: Finding) -> str:
    """The path of one track; of several what they share."""
    from tagger.cli.table import end

    names = [shown(name) for name in (finding.artist, finding.album) if name]
    several = len(finding.tracks) > 1
    name = " – ".join(names) if several and names else shown(finding.tracks[0].path)
    if not sys.stdout.isatty():
        return name
    from rich.console import Console

    return end(for_terminal(name), max(Console().width - len(_HEADER), _LEAST_NAME_CELLS))


def _summary(found: Audit, n_shown: int, model: str) -> str:
    if not found.n_judged + found.n_unknown:
        return "nothing to report: no track has a genre of its own that a scan has read"
    judged = f"{counted(found.n_judged, 'tracks')} with an own genre"
    if found.n_unknown:
        judged += f"; {counted(found.n_unknown, 'tracks')} with words that {model} has no genre for"
    if not found.findings:
        return f"nothing to report: no contradiction in {judged}"
    n_tracks = sum(len(finding.tracks) for finding in found.findings)
    n_lines = len(found.findings)
    first = f"the first {n_shown:,} of " if n_shown < n_lines else ""
    return f"{first}{counted(n_lines, 'contradictions')}, {counted(n_tracks, 'tracks')}, in {judged}"


def _write_playlist(output: str, findings: Sequence[Finding], library: Library) -> None:
    """Write the tracks of the findings, in their order, to a playlist; name what it cannot hold."""
    from tagger.playlist import Plan, playlist_of, write_output

    title = os.path.splitext(os.path.basename(output))[0]
    plan = Plan(output=output, title=title)
    if plan.wanted_format == "nsp":
        raise TaggerError(f"{output}: a smart playlist cannot hold these tracks; choose another format")
    tracks = [track for finding in findings for track in finding.tracks]
    made = playlist_of(tracks, plan, names=library.store.names)
    write_output(output, plan.wanted_format, made.content)
    for skipped in made.skipped:
        message(f"{output}: {skipped.path}: {skipped.reason} (left out)")
