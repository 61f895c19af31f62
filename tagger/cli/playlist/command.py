"""`tagger playlist`: one playlist, from options."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tagger.cli import filters, options
from tagger.cli.playlist.deliver import deliver
from tagger.cli.playlist.plan import LIKE_LIMIT, Plan

_ORDER, _FILE = "Order", "File"


def playlist(
    genre: filters.Genre = None,
    not_genre: filters.NotGenre = None,
    energy: filters.Energy = None,
    bpm: filters.Bpm = None,
    min_confidence: filters.MinConfidence = None,
    artist: filters.Artist = None,
    album: filters.Album = None,
    path: filters.PathPart = None,
    year: filters.Year = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="ORDER",
            help="energy (default), -energy, bpm, path, random.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(metavar="CURVE", help="rise, fall, wave, warmup-peak-cooldown.", rich_help_panel=_ORDER),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help=f"What sounds most like it: {LIKE_LIMIT}, or --limit.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="At most N tracks.", rich_help_panel=_ORDER)
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="M", help="At most M minutes.", rich_help_panel=_ORDER)
    ] = None,
    per_artist: Annotated[
        int | None, typer.Option(metavar="N", help="At most N of each artist.", rich_help_panel=_ORDER)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Another shape; the same shuffle again.", rich_help_panel=_ORDER),
    ] = None,
    no_missing: Annotated[
        bool, typer.Option("--no-missing", help="Leave out files that are gone.", rich_help_panel=_FILE)
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="m3u8 xspf pls json paths nsp; else by --output.", rich_help_panel=_FILE
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: stdout.", rich_help_panel=_FILE),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Its name. Default: the file's.", rich_help_panel=_FILE),
    ] = None,
    relative_to: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Paths relative to DIR.", rich_help_panel=_FILE),
    ] = None,
    absolute: Annotated[
        bool,
        typer.Option("--absolute", help="Full paths, not from the output's folder.", rich_help_panel=_FILE),
    ] = False,
    replace_prefix: Annotated[
        str | None,
        typer.Option(metavar="OLD=NEW", help="As another machine sees the files.", rich_help_panel=_FILE),
    ] = None,
    model: options.Model = None,
    db: options.Db = None,
) -> None:
    """Make a playlist of what was heard, sorted by energy or along a curve.

    tagger playlist --genre Rock --energy high -o ~/Music/loud.m3u8
    tagger playlist --shape warmup-peak-cooldown --minutes 45 -o run.xspf
    tagger playlist --like song.mp3 --limit 30 --no-missing
    """
    from tagger.store import Store

    plan = Plan(
        filters.Filters(genre, not_genre, energy, bpm, min_confidence, artist, album, path, year),
        sort=sort,
        shape=shape,
        like=like,
        limit=limit,
        minutes=minutes,
        per_artist=per_artist,
        no_missing=no_missing,
        seed=seed,
        output=output,
        format=format,
        relative_to=relative_to,
        absolute=absolute,
        replace_prefix=replace_prefix,
        title=title or (os.path.splitext(os.path.basename(output))[0] if output else None),
    )
    plan.check()
    with Store.open(options.database_path(db), create=False) as store:
        n_skipped = deliver(plan, store, options.answering_model(store, model))
    if n_skipped:
        raise typer.Exit(1)
