"""Options that several commands share, and what they mean."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from tagger.cli.output import message
from tagger.errors import TaggerError
from tagger.query import EVERYTHING, FILTERS, Filter, Query, read_query

if TYPE_CHECKING:
    from tagger.library import Library

_FILTERS_PANEL = "Filters (all must hold; --genre, --artist, --album, --path repeat)"


def one_of(option: str, text: str, choices: Any) -> Any:
    """Give `text` as a value of the `Literal` type `choices`; raise TaggerError with what it may be.

    >>> one_of("--sort", "path", Literal["path", "energy"])
    'path'
    """
    values = get_args(choices)
    if text not in values:
        raise TaggerError(f"{option} {text}: give {', '.join(values[:-1])} or {values[-1]}")
    return text


def choice(option: str, choices: Any, help: str, panel: str | None = None, metavar: str | None = None) -> Any:
    """Declare an option that takes one value of the `Literal` type `choices`.

    Typer's own choice ends in a box of many lines; this one in the line of `one_of`.
    """
    return typer.Option(
        option,
        parser=lambda text: one_of(option, text, choices),
        autocompletion=lambda: list(get_args(choices)),
        metavar=metavar,
        help=help,
        rich_help_panel=panel,
    )


DeviceName = Literal["auto", "cpu", "cuda", "mps"]

Db = Annotated[
    str | None,
    typer.Option("--db", envvar="TAGGER_DB", metavar="FILE", help="Database. Default: the user data folder."),
]
Device = Annotated[DeviceName, choice("--device", DeviceName, "auto, cpu, cuda or mps.", metavar="NAME")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Jobs = Annotated[int | None, typer.Option(min=1, max=256, help="Worker processes. Default: one a core.")]
Model = Annotated[str | None, typer.Option("--model", metavar="ID", help="Model: an id or a folder.")]
Paths = Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these files and folders.")]


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` an option for each of `FILTERS`, and the `Query` that they make as its argument `query`.

    The options stand where `query` stands among the command's parameters.
    """
    signature = inspect.signature(command, eval_str=True)

    @wraps(command)
    def filtered(**given: Any) -> None:
        typed = {each.name: given.pop(each.name) for each in FILTERS}
        command(query=read_query(typed), **given)

    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += map(_parameter, FILTERS) if parameter.name == "query" else [parameter]
    filtered.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    filtered.__annotations__ = {each.name: each.annotation for each in parameters}
    return filtered


def _parameter(each: Filter) -> inspect.Parameter:
    """The filter as a parameter of a command."""
    option = typer.Option(metavar=each.metavar, help=each.help, rich_help_panel=_FILTERS_PANEL)
    kind = list[str] | None if each.repeats else str | None
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(each.name, keyword, default=None, annotation=Annotated[kind, option])


def warn(library: Library, query: Query = EVERYTHING) -> None:
    """Say on stderr why the answers to `query` can be fewer than expected."""
    for line in library.warnings(query):
        message(line)


def database_path(db: str | None) -> str:
    """Give the database that `--db`, `TAGGER_DB` or the platform names; raise TaggerError for a folder."""
    from tagger.store import default_path

    path = os.path.abspath(db) if db else default_path()
    if os.path.isdir(path):
        example = os.path.join(path, "tagger.db")
        raise TaggerError(f"{path}: a folder; name the file in it, such as {example}")
    return path


def named(paths: Sequence[str] | None) -> tuple[str, ...]:
    """Give the paths as `Query` holds them; an empty name, which would mean this folder, is refused."""
    if "" in (paths or ()):
        raise TaggerError("a PATH is empty; is a variable of the shell not set?")
    return tuple(paths or ())


def check_paths(paths: Sequence[str]) -> None:
    """Raise TaggerError for an empty name, and if none of them is there."""
    if named(paths) and not any(os.path.lexists(path) for path in paths):
        raise TaggerError(f"{paths[0]}: no such file or folder; check the name")


def check_share(option: str, value: float | None, least: float = 0, most: float = 1) -> None:
    """Raise TaggerError for a number that is not from `least` to `most`, such as NaN."""
    if value is not None and not least <= value <= most:
        raise TaggerError(f"{option} {value:g}: give a number from {least:g} to {most:g}")


def duration(option: str, text: str) -> timedelta:
    """Read `90s`, `45m`, `2h` or `30d`; raise TaggerError for all else, and for what is below 0.

    >>> duration("--older-than", "90s")
    datetime.timedelta(seconds=90)
    """
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    number, unit = text.strip()[:-1], text.strip()[-1:].lower()
    try:
        value = timedelta(**{units[unit]: float(number)})
    except (KeyError, ValueError, OverflowError):
        value = timedelta(-1)
    if value < timedelta(0):
        raise TaggerError(f"{option} {text}: give a duration such as 90s, 45m, 2h or 30d")
    return value
