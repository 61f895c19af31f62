"""What `tagger write-tags` wrote, or would write, as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from tagger.cli.output import message, print_json, shown

if TYPE_CHECKING:
    from tagger.tag_runs import Planned, Skip, WriteTally


def report(run: int | None, tally: WriteTally, as_json: bool, planned: Sequence[Planned] = ()) -> None:
    """What was written in `run`, or would be (None), and what could not be; JSON has what is `planned`."""
    if as_json:
        fields: dict[str, object] = {"run": run, **tally.counts()}
        print_json(fields if run else fields | {"changes": [_change_object(one) for one in planned]})
    else:
        _print_summary(run, tally)
    if not tally.done:
        message("no scanned tracks there; `tagger scan` them first")
    if tally.errors:
        message(f"{tally.errors:,} could not be written" + (", left as before" if run else ""))


def _print_summary(run: int | None, tally: WriteTally) -> None:
    counts = tally.counts()
    done = "" if run else "to write"
    rows = {f"files {done or 'written'}": tally.files_written, **field_counts(tally)}
    rows |= {f"bytes {done or 'written'}": tally.bytes_written}
    rows |= {"unchanged": tally.unchanged, "skipped": tally.skipped}
    for name, count in rows.items():
        print(f"  {name:<16} {count:>13,}")
    if run and counts["files_written"]:
        message(f"this was run {run}; `tagger undo {run}` takes it back")


def field_counts(tally: WriteTally) -> dict[str, int]:
    """The files in which each field changes, by the fields' names."""
    from tagger.tags import FIELDS

    return {_named(field): tally.fields[field] for field in FIELDS if tally.fields[field]}


def print_change(planned: Planned, file: TextIO | None = None) -> None:
    """A file and what each of its fields was and becomes, on stdout unless `file` is another stream."""
    changes = ", ".join(
        f"{_named(change.field)} {_values(change.before)} → {_values(change.after)}"
        for change in planned.changes
    )
    print(f"{shown(planned.track.path)}\n    {changes}", file=file)


def _change_object(planned: Planned) -> dict[str, object]:
    path: dict[str, object] = {"path": planned.track.path}
    return path | {one.field: {"before": one.before, "after": one.after} for one in planned.changes}


def _named(field: str) -> str:
    return field.replace("_", " ")


def _values(texts: Sequence[str]) -> str:
    return shown("; ".join(texts)) if texts else "none"


def say_skip(skip: Skip) -> None:
    """A file that was left as it is, on stderr."""
    message(f"{shown(skip.path)}: {skip.reason} (skipped)")
