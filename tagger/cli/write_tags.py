"""`tagger write-tags`: put answers into the files' own tags."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from tagger.cli import configured, shared
from tagger.cli.completion import values_of
from tagger.cli.progress import writing_bar
from tagger.cli.shared import asked_to_stop, message, print_json
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.query import Query
from tagger.types import (
    Aspect,
    BpmDecimal,
    BpmPolicy,
    EnergyPlace,
    GenrePolicy,
    HardLinks,
    Requested,
    counted,
)

if TYPE_CHECKING:
    from tagger.library import Library
    from tagger.tag_runs import Planned, Skip, TagPlan, TagSettings, WriteCounts
    from tagger.tags import Change

N_EXAMPLES = 3


@shared.with_filters
def write_tags(
    query: Query,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these. Default: all.")
    ] = None,
    genre: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            autocompletion=values_of(GenrePolicy),
            help="missing (only where none is; default), replace, add or never.",
        ),
    ] = None,
    energy: Annotated[bool | None, typer.Option("--energy/--no-energy", help="Where absent or ours.")] = None,
    bpm: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            autocompletion=values_of(BpmPolicy),
            help="missing (where none is, or ours; default), replace or never.",
        ),
    ] = None,
    bpm_range: Annotated[
        str | None, typer.Option(metavar="RANGE", help="Tempos as in this range, such as 85-175.")
    ] = None,
    bpm_decimal: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            autocompletion=values_of(BpmDecimal),
            help="Of tempos: never (default), allowed (by the kind of tag) or id3 (there, too).",
        ),
    ] = None,
    write: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD",
            autocompletion=values_of(Requested),
            help="Also key, mood or words; or key=replace, mood=replace, words=add. Repeats.",
        ),
    ] = None,
    energy_in: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE",
            autocompletion=values_of(EnergyPlace),
            help='Also tell the energy ("Energy 7") in comment, grouping, rating or mood. Repeats.',
        ),
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(metavar="0-1", help="Of genres, tempos, keys, moods. Default: 0.6.")
    ] = None,
    min_bpm_confidence: Annotated[
        float | None, typer.Option(metavar="0-1", help="Of tempos alone, if not the same.")
    ] = None,
    target_precision: Annotated[
        float | None,
        typer.Option(metavar="0.5-0.99", help="Instead: share of written genres to be right."),
    ] = None,
    max_genres: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Genres a file, likeliest first. Default: 1.")
    ] = None,
    keep_mtime: Annotated[
        bool | None, typer.Option("--keep-mtime/--new-mtime", help="Keep the files' dates.")
    ] = None,
    hard_links: Annotated[
        str | None,
        typer.Option(
            metavar="RULE",
            autocompletion=values_of(HardLinks),
            help="A file of several names: skip (default), break or in-place.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print each change, write none.")] = False,
    save_plan: Annotated[
        str | None, typer.Option(metavar="FILE", help="Save each change as a line to edit, write none.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write just what this saved plan has.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    model: shared.Model = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Write genre, energy and tempo into the files' own tags; `undo` takes it back.

    Key, mood and words (style, voice, instrument) are written if you ask for
    them, and so is the energy where your player shows it, before your comment.
    Your genres and tempos are kept unless you say otherwise. Each file is
    copied, the copy changed and verified, then put in its place. A file with
    hard links is skipped unless --hard-links says `break` (the other names keep
    the old tags) or `in-place` (all names get the new ones).

        tagger write-tags --dry-run
        tagger write-tags ~/Music/New --genre add --yes
        tagger write-tags --write mood --write words
        tagger write-tags --energy-in comment
        tagger write-tags --target-precision 0.9
        tagger write-tags --artist Prince --save-plan prince.jsonl
        tagger write-tags --plan prince.jsonl
    """
    from tagger.model_choice import require_aspect
    from tagger.tag_runs import WriteCounts, read_plan

    if plan is not None and save_plan is not None:
        raise TaggerError("--plan and --save-plan exclude each other; give one of them")
    if target_precision is not None and min_confidence is not None:
        raise TaggerError("--target-precision and --min-confidence exclude each other; give one of them")
    shared.check_share("--target-precision", target_precision, 0.5, 0.99)
    given = {
        "genre": genre,
        "energy": energy,
        "bpm": bpm,
        "bpm_range": bpm_range,
        "bpm_decimal": bpm_decimal,
        "write": tuple(write) if write else None,
        "energy_in": tuple(dict.fromkeys(energy_in)) if energy_in else None,
        "min_confidence": min_confidence,
        "min_bpm_confidence": min_bpm_confidence,
        "max_genres": max_genres,
        "keep_mtime": keep_mtime,
        "hard_links": hard_links,
    }
    settings = _settings({name: value for name, value in given.items() if value is not None})
    shared.check_paths(paths or ())
    if not (dry_run or save_plan or yes or shared.can_ask()):
        raise shared.nobody_to_ask("write")
    query = replace(query, paths=shared.named(paths))
    wanted = _Wanted(query, settings, None if plan is None else read_plan(plan))
    with configured.library(db, model) as library:
        if target_precision is not None:
            require_aspect(library.store, library.model, "genre", "leave out --target-precision")
            named = model or library.configuration.model or library.model
            precise = _with_precision(target_precision, settings, named, quiet)
            wanted = replace(wanted, settings=precise)
        if plan is None:
            _require_asked(library, write or (), energy_in or ())
        if not quiet:
            shared.warn(library, query)
            _warn_of_keys(library, write or (), query.paths)
        counts = WriteCounts(_print_error if quiet else _print_skip)
        if dry_run:
            _print_preview(library, wanted, counts, json, quiet)
        elif save_plan is not None:
            _save_plan(library, wanted, counts, save_plan, json, quiet)
        elif yes or _is_wanted(library, wanted):
            _write(library, wanted, counts, quiet=json or quiet)
            _report(counts, json, quiet)
        else:
            message("nothing was written")
            return
    if counts.errors:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options say: which tracks, how, and with a plan just what that has."""

    query: Query
    settings: TagSettings
    plan: TagPlan | None

    def preview(
        self, library: Library, counts: WriteCounts | None, on_change: Callable[[Planned], None]
    ) -> WriteCounts:
        """Give each file that would be written to `on_change`, and count it."""
        return library.preview_tags(
            *self.query.paths,
            settings=self.settings,
            query=self.query,
            plan=self.plan,
            counts=counts,
            on_change=on_change,
        )


def _settings(given: Mapping[str, Any]) -> TagSettings:
    """The choices of the run: those `given`, and for what they leave open the configuration."""
    shared.check_share("--min-confidence", given.get("min_confidence"))
    shared.check_share("--min-bpm-confidence", given.get("min_bpm_confidence"))
    choices = {"genre": GenrePolicy, "bpm": BpmPolicy, "bpm_decimal": BpmDecimal, "hard_links": HardLinks}
    for name in choices.keys() & given.keys():
        shared.one_of(f"--{name.replace('_', '-')}", given[name], choices[name])
    if bpm_range := given.get("bpm_range"):
        shared.check_range("--bpm-range", bpm_range)
    for field in given.get("write", ()):
        shared.one_of("--write", field, Requested)
    for place in given.get("energy_in", ()):
        shared.one_of("--energy-in", place, EnergyPlace)
    chosen = replace(configured.configuration(), **given)
    if clash := chosen.clash:
        raise TaggerError(clash)
    return chosen.tag_settings


def _require_asked(library: Library, write: Iterable[str], energy_in: Sequence[str]) -> None:
    """Raise TaggerError where the model knows nothing of what is to be written on request."""
    from tagger.model_choice import require_aspect

    aspects: tuple[Aspect, ...] = ("mood", "words")
    for aspect in aspects:
        if any(each.startswith(aspect) and not each.endswith("=never") for each in write):
            require_aspect(library.store, library.model, aspect, f"leave out --write {aspect}")
    if energy_in:
        require_aspect(library.store, library.model, "energy", "leave out --energy-in")


def _warn_of_keys(library: Library, write: Iterable[str], paths: Sequence[str]) -> None:
    """Say on stderr why tracks get no key that is asked for, where an earlier tagger heard them."""
    from tagger.model_choice import without_keys

    if any(each.startswith("key") and not each.endswith("=never") for each in write):
        for line in without_keys(library.store, library.model, paths):
            message(line)


def _with_precision(target: float, settings: TagSettings, model: str, quiet: bool) -> TagSettings:
    """With the thresholds of `model` (an id or a folder) that reached the precision; says which did not."""
    from tagger.model_card import genre_thresholds, load_card

    thresholds = genre_thresholds(load_card(model), target)
    names = configured.configuration().names
    never = [names.shown(genre) for genre, threshold in thresholds.items() if threshold is None]
    if never and not quiet:
        message(f"not written, as they never reached precision {target:g}: {', '.join(never)}")
    return replace(settings, genre_thresholds=thresholds)


def _save_plan(
    library: Library, wanted: _Wanted, counts: WriteCounts, file: str, as_json: bool, quiet: bool
) -> None:
    """Write each change that would be made into a file, a line a field of a file."""
    from tagger.files import replace_atomically
    from tagger.tag_runs import plan_lines

    lines: list[bytes] = []
    wanted.preview(library, counts, lambda planned: lines.extend(plan_lines(planned, library.store.names)))
    replace_atomically(file, b"".join(lines))
    _report(counts, as_json, quiet)
    if not quiet:
        changes = f"{counted(len(lines), 'changes')} to {counted(counts.files_written, 'files')}"
        message(f"{file}: {changes}, a line each; `tagger write-tags --plan` writes what you leave in it")


def _print_preview(
    library: Library, wanted: _Wanted, counts: WriteCounts, as_json: bool, quiet: bool
) -> None:
    """Print each change that would be made, as it is found or in one object of JSON."""
    if not quiet:
        warn_of_open_run(library)
    planned: list[Planned] = []

    def on_change(one: Planned) -> None:
        if as_json:
            planned.append(one)
        elif not quiet:
            print_changes(one.track.path, one.changes)

    wanted.preview(library, counts, on_change)
    _report(counts, as_json, quiet, planned)


def warn_of_open_run(library: Library) -> None:
    """Say on stderr that a preview cannot know all, where a run was cut off."""
    if not library.store.tag_changes.nothing_is_open():
        message("an earlier run was cut off; the next one that writes recovers it, and may count otherwise")


def _is_wanted(library: Library, wanted: _Wanted) -> bool:
    """Show what would be done, and ask for a yes."""
    examples: list[Planned] = []

    def keep(planned: Planned) -> None:
        if len(examples) < N_EXAMPLES:
            examples.append(planned)

    counts = wanted.preview(library, None, keep)
    if not counts.files_written:
        return True  # there is nothing to ask, and the run says why
    for name, count in _field_counts(counts).items():
        say(f"{name:<14} {counted(count, 'files', width=9)}", file=sys.stderr)
    say("for example", file=sys.stderr)
    for planned in examples:
        print_changes(planned.track.path, planned.changes, file=sys.stderr)
    return shared.is_yes(f"Write tags into {counts.files_written:,} of {counted(counts.done, 'files')}?")


def _write(library: Library, wanted: _Wanted, counts: WriteCounts, quiet: bool) -> None:
    is_watched = sys.stderr.isatty() and not quiet
    bar = writing_bar(counts) if is_watched else nullcontext(lambda: None)
    with asked_to_stop() as is_stopped, bar as advance:
        library.write_tags(
            *wanted.query.paths,
            settings=wanted.settings,
            query=wanted.query,
            plan=wanted.plan,
            counts=counts,
            on_progress=advance,
            is_stopped=is_stopped,
        )
    if is_stopped():
        written = counted(counts.files_written, "files")
        message(f"interrupted after {written}; `tagger undo {counts.run}` takes them back")
        raise KeyboardInterrupt


def _report(counts: WriteCounts, as_json: bool, quiet: bool, planned: Sequence[Planned] = ()) -> None:
    """Print the counts of a run, or of a preview, which has no number; JSON has what is `planned`."""
    run = counts.run
    if as_json:
        fields: dict[str, object] = {"run": run, **counts.as_dict()}
        changes = [change_object(one.track.path, one.changes) for one in planned]
        print_json(fields if run else fields | {"changes": changes})
    elif not quiet:
        _print_summary(counts)
    if not (counts.done or quiet):
        message("no scanned tracks there; `tagger scan` them first")
    if counts.errors:
        message(f"{counts.errors:,} could not be written" + (", left as before" if run else ""))


def _print_summary(counts: WriteCounts) -> None:
    run = counts.run
    done = "" if run else "to write"
    rows = {f"files {done or 'written'}": counts.files_written, **_field_counts(counts)}
    rows |= {f"bytes {done or 'written'}": counts.bytes_written}
    rows |= {"unchanged": counts.unchanged}
    rows |= {"no music": counts.no_music} if counts.no_music else {}
    rows |= {"skipped": counts.skipped}
    for name, count in rows.items():
        say(f"  {name:<16} {count:>13,}")
    if run and counts.files_written:
        message(f"this was run {run}; `tagger undo {run}` takes it back")


def _field_counts(counts: WriteCounts) -> dict[str, int]:
    """Count the files in which each field changes, by the fields' names."""
    from tagger.tags import FIELDS

    return {_named(field): counts.fields[field] for field in FIELDS if counts.fields[field]}


def print_changes(path: str, changes: Iterable[Change], arrow: str = "→", file: TextIO | None = None) -> None:
    """Print a file and what its fields are before and after, on stdout unless `file` is another stream."""
    texts = (f"{_named(one.field)} {_values(one.before)} {arrow} {_values(one.after)}" for one in changes)
    say(f"{shown(path)}\n    {', '.join(texts)}", file=file)


def change_object(path: str, changes: Iterable[Change]) -> dict[str, object]:
    """Give the same for JSON."""
    fields: dict[str, object] = {"path": path}
    return fields | {one.field: {"before": one.before, "after": one.after} for one in changes}


def _named(field: str) -> str:
    return field.replace("_", " ")


def _values(texts: Sequence[str]) -> str:
    return shown("; ".join(texts)) if texts else "none"


def _print_skip(skip: Skip) -> None:
    """Print why a file was left as it is, on stderr."""
    message(f"{shown(skip.path)}: {skip.reason} (skipped)")


def _print_error(skip: Skip) -> None:
    if skip.is_error:
        _print_skip(skip)
