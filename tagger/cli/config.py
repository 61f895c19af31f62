"""`tagger config`: what holds and who says so; and a first file to write into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import message, print_json
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.configuration import Configuration

app = typer.Typer()

WIDEST = 40
"""Characters of a column; a longer value moves what stands behind it."""


@app.callback(invoke_without_command=True)
def config(context: typer.Context, db: shared.Db = None, json: shared.Json = False) -> None:
    """Print what holds where no option says otherwise, and where each value comes from.

    The file is ~/.config/tagger/config.toml on Linux; `tagger --config FILE`
    and TAGGER_CONFIG name another one, or `none`.

        tagger config
        tagger config init
        tagger --config party.toml config
    """
    if context.invoked_subcommand is not None:
        return
    ours = configured.configuration()
    values = list(_values(ours, db, _is_typed(context)))
    if json:
        fields = {one.name: {"value": one.value, "from": one.source} for one in values}
        print_json({"file": ours.file, "values": fields})
        return
    rows = [("key", "value", "from"), *((one.name, shown(_text(one.value)), one.source) for one in values)]
    widths = [max(min(len(row[i]), WIDEST) for row in rows) for i in (0, 1)]
    for name, value, source in rows:
        say(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {shown(source)}")
    if ours.file is None:
        message(f"{_no_file()}; `tagger config init` makes one")


@app.command("init")
def init(
    force: Annotated[bool, typer.Option("--force", help="Take the place of one that is there.")] = False,
) -> None:
    """Write a first file, in which every key is explained and commented out.

    tagger config init
    tagger --config ~/party.toml config init
    """
    from tagger.configuration import chosen_file, template
    from tagger.files import replace_atomically

    file, by = chosen_file(configured.chosen().named)
    if file is None:
        raise TaggerError(
            f"{by} says that there is no file; name one with `tagger --config FILE config init`"
        )
    if os.path.lexists(file) and not force:
        raise TaggerError(f"{file}: it is there already; edit it, or give --force to begin anew")
    os.makedirs(os.path.dirname(file), exist_ok=True)
    replace_atomically(file, template().encode())
    say(shown(file))
    message("it changes nothing yet: take the # away in front of what you set")


@dataclass(frozen=True, slots=True)
class _Value:
    """A key, what holds for it, and who says so."""

    name: str
    value: Any
    source: str


def _values(ours: Configuration, db: str | None, is_typed: bool) -> Iterator[_Value]:
    from tagger.configuration_keys import KEYS

    for key in KEYS:
        source = ours.source_of(key.path)
        value = getattr(ours, key.name)
        if key.name == "db":
            value = shared.database_path(db)
            source = ("--db" if is_typed else "TAGGER_DB") if db else source
        if key.name == "min_bpm_confidence" and value is None:
            value, source = ours.min_confidence, ours.source_of("tags.min_confidence")
        yield _Value(key.path, value, source)
    for name, value in ours.playlist.items():
        yield _Value(f"playlist.{name}", value, ours.file or "")


def _is_typed(context: typer.Context) -> bool:
    """Whether --db was given, rather than its variable."""
    source = context.get_parameter_source("db")
    return source is not None and source.name == "COMMANDLINE"


def _text(value: Any) -> str:
    from tagger.configuration import as_toml

    return as_toml(value) or "-"


def _no_file() -> str:
    from tagger.configuration import chosen_file

    file, by = chosen_file(configured.chosen().named)
    return f"{shown(file)}: no such file" if file else f"{by} says that there is no file"
