"""`tagger playlist` and `tagger playlists apply`: playlists from options, and from a file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
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
    from tagger.playlist import Plan, Playlist, Table
    from tagger.types import Track

_SORTS = "energy (default), -energy, bpm, key, valence, -valence, -word, path, random."
_SHAPES = "rise, fall, wave, warmup-peak-cooldown."
_FORMATS = "m3u8 xspf pls json csv paths nsp mpd rekordbox nml serato; else by --output."


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
    bpm_range: Annotated[
        str | None, _file(metavar="RANGE", help="Tempos as in this range, such as 85-175.")
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
        "bpm_range": bpm_range,
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
    and stops no other; the exit code is 1. Those for the same rekordbox
    or Traktor file go into it together.

        [Loud]
        genre = ["Rock", "Metal"]
        energy = "high"
        output = "loud.m3u8"
    """
    from tagger.playlist import tables_of

    tables = tables_of(file)
    with configured.library(db, model) as library:
        shared.warn(library)
        failed = _apply(tables, os.path.dirname(absolute_path(file)), library)
    if failed:
        message(
            f"{len(failed)} of {counted(len(tables), 'playlists')} in {file} could not be written in full"
        )
        raise typer.Exit(1)


def _apply(tables: Sequence[tuple[str, Table]], folder: str, library: Library) -> set[str]:
    """Write what the tables describe, each file once; give the names of those that were not written whole."""
    from tagger.playlist import outputs_of, plans_of

    failed, spoilt = set[str](), set[str]()
    files: dict[str, list[tuple[str, Plan]]] = {}
    for name, table in tables:
        try:
            for plan in plans_of(name, table, folder, library.configuration.usual_playlist):
                files.setdefault(os.path.realpath(plan.output or ""), []).append((name, plan))
        except Exception as error:  # of any kind: the others are to be written
            message(f"[{name}] {shared.error_text(error)}")
            failed.add(name)
            spoilt |= {*map(os.path.realpath, outputs_of(table, folder))}
    for file, named in files.items():
        if len({plan.wanted_format for _, plan in named}) == 1 and named[0][1].kind.is_collection:
            failed |= _collected(named, library, is_spoilt=file in spoilt)
        else:
            failed |= _each(named, library)
    return failed


def _each(named: Sequence[tuple[str, Plan]], library: Library) -> set[str]:
    """Write the first of the playlists for one file, which no other may take; the names of what failed."""
    failed, written = set[str](), ""
    for name, plan in named:
        try:
            if written:
                raise TaggerError(f"its output is that of [{written}]; give it one of its own")
            if _deliver(plan, library):
                failed.add(name)
            written = name
        except Exception as error:
            message(f"[{name}] {shared.error_text(error)}")
            failed.add(name)
    return failed


def _collected(named: Sequence[tuple[str, Plan]], library: Library, is_spoilt: bool) -> set[str]:
    """Write the playlists of a collection into its file, or leave that as it was; the names of what failed.

    It is left where one of them cannot be made, which would be missing in it.
    """
    from tagger.playlist import Listed, write_collection

    output, wanted = named[0][1].output or "", named[0][1].wanted_format
    made: list[tuple[str, Plan, Playlist]] = []
    for name, plan in named:
        try:
            made.append((name, plan, library.playlist(replace(plan, output=None, format=wanted))))
        except Exception as error:
            message(f"[{name}] {shared.error_text(error)}")
    try:
        if is_spoilt or len(made) < len(named):
            raise TaggerError(f"{output}: left as it was, because a playlist in it cannot be made")
        listed = [Listed(plan.title or name, playlist.tracks or ()) for name, plan, playlist in made]
        write_collection(output, listed, wanted, library.store.names)
    except Exception as error:
        message(shared.error_text(error))
        return {name for name, _ in named}
    return {name for name, plan, playlist in made if _tell(plan, playlist, f"{output}: [{name}] ")}


def _deliver(plan: Plan, library: Library) -> int:
    """Make the playlist and write it, or send it to stdout; the number of tracks that it cannot hold.

    Raises TaggerError where nothing could be written.
    """
    made = library.playlist(plan)
    n_skipped = _tell(plan, made, f"{plan.output}: " if plan.output else "")
    if plan.output is None:
        _print_content(made.content)
    return n_skipped


def _tell(plan: Plan, made: Playlist, name: str) -> int:
    """Say on stderr why a playlist is empty, and which tracks it cannot hold; give the number of those."""
    for warning in made.warnings:
        message(f"{name}{warning}")
    for skipped in made.skipped:
        message(f"{name}{skipped.path}: {skipped.reason} (left out)")
    if len(made.skipped) > 1:
        message(f"{name}{counted(len(made.skipped), 'tracks')} left out")
    if plan.output is not None and made.tracks != () and sys.stderr.isatty():
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
