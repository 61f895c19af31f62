"""`tagger playlist` and `tagger playlists apply`: playlists from options, and from a file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import message
from tagger.cli.terminal import lines_for_terminal
from tagger.errors import TaggerError
from tagger.files import absolute as absolute_path
from tagger.playlist import LIKE_LIMIT, Format, Shape, Sort, known_length_s
from tagger.query import Query
from tagger.types import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagger.library import Library
    from tagger.playlist import Plan, Table
    from tagger.types import Track

_SORTS = "energy (default), -energy, bpm, valence, -valence, -word, path, random."
_SHAPES = "rise, fall, wave, warmup-peak-cooldown."
_FORMATS = "m3u8 xspf pls json paths nsp; else by --output."


def _order(*names: str, metavar: str | None = None, help: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel="Order")


def _file(*names: str, metavar: str | None = None, help: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel="File")


@shared.with_filters
def playlist(
    query: Query,
    sort: Annotated[Sort | None, shared.choice("--sort", Sort, _SORTS, "Order", "ORDER")] = None,
    shape: Annotated[Shape | None, shared.choice("--shape", Shape, _SHAPES, "Order", "CURVE")] = None,
    like: Annotated[
        list[str] | None,
        _order(metavar="FILE", help=f"What sounds most like it, or them: {LIKE_LIMIT}, or --limit."),
    ] = None,
    limit: Annotated[int | None, _order(metavar="N", help="At most N tracks.")] = None,
    minutes: Annotated[float | None, _order(metavar="M", help="At most M minutes.")] = None,
    per_artist: Annotated[int | None, _order(metavar="N", help="At most N of each artist.")] = None,
    seed: Annotated[int | None, _order(metavar="N", help="Another shape; the same shuffle again.")] = None,
    no_missing: Annotated[
        bool | None, _file("--no-missing/--keep-missing", help="Leave out files that are gone.")
    ] = None,
    format: Annotated[Format | None, shared.choice("--format", Format, _FORMATS, "File", "KIND")] = None,
    output: Annotated[str | None, _file("--output", "-o", metavar="FILE", help="Default: stdout.")] = None,
    title: Annotated[str | None, _file(metavar="TEXT", help="Its name. Default: the file's.")] = None,
    relative_to: Annotated[str | None, _file(metavar="DIR", help="Paths relative to DIR.")] = None,
    absolute: Annotated[
        bool | None, _file("--absolute/--relative", help="Full paths, not from the output's folder.")
    ] = None,
    replace_prefix: Annotated[
        str | None, _file(metavar="OLD=NEW", help="As another machine sees the files.")
    ] = None,
    model: shared.Model = None,
    db: shared.Db = None,
) -> None:
    """Make a playlist of the tracks you ask for, sorted by energy or along a curve.

    tagger playlist --word piano --mood calm --energy low -o calm.m3u8
    tagger playlist --shape warmup-peak-cooldown --minutes 45 -o run.xspf
    tagger playlist --like song.mp3 --word=-vocals --limit 30
    """
    given = {
        "sort": sort,
        "shape": shape,
        "like": tuple(like) if like else None,
        "limit": limit,
        "minutes": minutes,
        "per_artist": per_artist,
        "no_missing": no_missing,
        "seed": seed,
        "output": output,
        "format": format,
        "relative_to": relative_to,
        "absolute": absolute,
        "replace_prefix": replace_prefix,
        "title": title or (os.path.splitext(os.path.basename(output))[0] if output else None),
    }
    plan = configured.configuration().usual_playlist.plan(query, given)
    with configured.library(db, model) as library:
        shared.warn(library)
        n_skipped = _deliver(plan, library)
    if n_skipped:
        raise typer.Exit(1)


playlists = typer.Typer(no_args_is_help=True, help="Write many playlists at once, described in a file.")


@playlists.callback()
def _group() -> None:  # keeps `apply` a command of its own while it is the only one
    pass


@playlists.command("apply")
def apply(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Playlists in TOML, a table each.")],
    model: shared.Model = None,
    db: shared.Db = None,
) -> None:
    """Write all playlists that FILE describes: what cron calls after a scan.

    Each table is a playlist, its keys the options of `tagger playlist`.
    Paths in FILE are relative to its folder. One that fails is named
    and stops no other; the exit code is 1.

        [Loud]
        genre = ["Rock", "Metal"]
        energy = "high"
        output = "loud.m3u8"
    """
    from tagger.playlist import tables_of

    tables = tables_of(file)
    folder = os.path.dirname(absolute_path(file))
    with configured.library(db, model) as library:
        shared.warn(library)
        written: dict[str, str] = {}
        n_failed = sum(not _applied(name, table, folder, library, written) for name, table in tables)
    if n_failed:
        message(f"{n_failed} of {counted(len(tables), 'playlists')} in {file} could not be written in full")
        raise typer.Exit(1)


def _applied(name: str, table: Table, folder: str, library: Library, written: dict[str, str]) -> bool:
    """Whether the playlist was written whole. `written` has the names of those before by their files."""
    from tagger.playlist import plan_of

    try:
        plan = plan_of(name, table, folder, library.configuration.usual_playlist)
        file = os.path.realpath(plan.output or "")
        if file in written:
            raise TaggerError(f"its output is that of [{written[file]}]; give it one of its own")
        n_skipped = _deliver(plan, library)
        written[file] = name
    except Exception as error:  # of any kind: the others are to be written
        message(f"[{name}] {shared.error_text(error)}")
        return False
    return not n_skipped


def _deliver(plan: Plan, library: Library) -> int:
    """Make the playlist and write it, or send it to stdout; the number of tracks that it cannot hold.

    Those are named on stderr, and so is the reason why a playlist is empty. Raises TaggerError where
    nothing could be written.
    """
    made = library.playlist(plan)
    name = f"{plan.output}: " if plan.output else ""
    for warning in made.warnings:
        message(f"{name}{warning}")
    for skipped in made.skipped:
        message(f"{name}{skipped.path}: {skipped.reason} (left out)")
    if len(made.skipped) > 1:
        message(f"{name}{counted(len(made.skipped), 'tracks')} left out")
    if plan.output is None:
        _print_content(made.content)
    elif made.tracks != () and sys.stderr.isatty():
        message(f"{name}{_length(made.tracks)}")
    return len(made.skipped)


def _print_content(content: bytes) -> None:
    """Send a playlist to stdout: its very bytes, unless a person looks at them."""
    if sys.stdout.isatty():
        print(lines_for_terminal(content.decode("utf-8", "surrogateescape")), end="")
    else:
        sys.stdout.buffer.write(content)
    sys.stdout.flush()


def _length(tracks: Sequence[Track] | None) -> str:
    if tracks is None:
        return "a rule for Navidrome"
    lengths_s = [*map(known_length_s, tracks)]
    minutes = round(sum(length_s or 0.0 for length_s in lengths_s) / 60)
    unknown = f", and {lengths_s.count(None):,} of unknown length" if None in lengths_s else ""
    return f"{counted(len(tracks), 'tracks')}, {minutes // 60}:{minutes % 60:02} hours{unknown}"
