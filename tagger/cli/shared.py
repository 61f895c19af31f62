"""The parts that commands share: options, output, exit codes and signals."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, get_args

import typer

from tagger.cli import completion
from tagger.cli.configured import configuration
from tagger.cli.terminal import say, say_on_stderr
from tagger.errors import BusyError, LostDatabase, TaggerError
from tagger.files import absolute
from tagger.json_fields import csv_cell
from tagger.query import EVERYTHING, FILTERS, Filter, Query, length_s, read_query

if TYPE_CHECKING:
    from tagger.library import Library

SOME_FAILED = 1
USAGE = 2
BUSY = 75
INTERRUPTED = 130

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""A shutdown and `systemctl stop` send SIGTERM."""

_FILTERS_PANEL = "Filters (all must hold; those with a NAME or TEXT may repeat)"


# Options


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
        autocompletion=completion.values_of(choices),
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
CsvSafe = Annotated[bool, typer.Option("--csv-safe", help="Print CSV for spreadsheets: no formulas.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Jobs = Annotated[int | None, typer.Option(min=1, max=256, help="Worker processes. Default: one a core.")]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="ID", autocompletion=completion.models, help="Model: an id or a folder."),
]
Music = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Music files and folders. Default: those of the configuration."),
]
Paths = Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these files and folders.")]


NoAlbum = Annotated[
    bool,
    typer.Option("--no-album", help="Genre by the track's own sound.", rich_help_panel=_FILTERS_PANEL),
]
_NO_ALBUM = inspect.Parameter(
    "no_album", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=False, annotation=NoAlbum
)


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` an option for each of `FILTERS`, and the `Query` that they make as its argument `query`.

    The options stand where `query` stands among the command's parameters, and `--no-album` behind them. Where
    the command has an option of that name for something else, the filter's begins with `--only-`.
    """
    signature = inspect.signature(command, eval_str=True)
    filters = filters_beside(signature.parameters)

    @wraps(command)
    def filtered(**given: Any) -> None:
        typed = {each.name: given.pop(each.name) for each in filters}
        query = replace(read_query(typed, filters), no_album=given.pop("no_album"))
        command(query=query, **given)

    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        of_query = [*map(_parameter, filters), _NO_ALBUM]
        parameters += of_query if parameter.name == "query" else [parameter]
    filtered.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    filtered.__annotations__ = {each.name: each.annotation for each in parameters}
    return filtered


def filters_beside(names: Container[str]) -> list[Filter]:
    """Give the filters for a command that has options of these `names` itself.

    A threshold of its own is a filter already: it takes the place of the one that has its name.
    """
    return [
        replace(each, name=f"only_{each.name}") if each.name in names else each
        for each in FILTERS
        if not (each.name == "min_confidence" and each.name in names)
    ]


def _parameter(each: Filter) -> inspect.Parameter:
    """The filter as a parameter of a command."""
    option = typer.Option(
        *([each.option] if each.is_flag else []),  # or there were a --no-agrees, too
        metavar=each.metavar or None,
        autocompletion=completion.OF_FILTERS.get(each.name.removeprefix("only_")),
        help=each.help,
        rich_help_panel=_FILTERS_PANEL,
    )
    kind: Any = bool if each.is_flag else list[str] | None if each.repeats else str | None
    default = False if each.is_flag else None
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(each.name, keyword, default=default, annotation=Annotated[kind, option])


def warn(library: Library, query: Query = EVERYTHING) -> None:
    """Say on stderr why the answers to `query` can be fewer than expected."""
    for line in library.warnings(query):
        message(line)


def database_path(db: str | None) -> str:
    """Give the database that `--db`, `TAGGER_DB`, the configuration or the platform names."""
    from tagger.store import default_path

    return os.path.abspath(db) if db else configuration().db or default_path()


def named(paths: Sequence[str] | None) -> tuple[str, ...]:
    """Give the paths as `Query` holds them; an empty name, which would mean this folder, is refused."""
    if "" in (paths or ()):
        raise TaggerError("a PATH is empty; is a variable of the shell not set?")
    return tuple(paths or ())


def check_paths(paths: Sequence[str]) -> None:
    """Raise TaggerError for an empty name, and if none of them is there."""
    if named(paths) and not any(os.path.lexists(path) for path in paths):
        absolute(paths[0])  # a name in a folder that was deleted is not mistyped
        raise TaggerError(f"{paths[0]}: no such file or folder; check the name")


def check_share(option: str, value: float | None, least: float = 0, most: float = 1) -> None:
    """Raise TaggerError for a number that is not from `least` to `most`, such as NaN."""
    if value is not None and not least <= value <= most:
        raise TaggerError(f"{option} {value:g}: give a number from {least:g} to {most:g}")


def check_range(option: str, text: str) -> None:
    """Raise TaggerError for a text that is no range of about an octave of tempos."""
    from tagger.query.filter_values import octave_range

    try:
        octave_range(text)
    except ValueError:
        raise TaggerError(f"{option} {text}: give a range of about an octave, such as 85-175") from None


def duration(option: str, text: str) -> timedelta:
    """Read `90s`, `45m`, `2h` or `30d`; raise TaggerError for all else, and for what is below 0.

    >>> duration("--older-than", "90s")
    datetime.timedelta(seconds=90)
    """
    try:
        return timedelta(seconds=length_s(text))
    except (ValueError, OverflowError):
        raise TaggerError(f"{option} {text}: give a duration such as 90s, 45m, 2h or 30d") from None


# Output


def minute(time: str) -> str:
    """Give a time of the database as the clock here shows it; `?` for what is none."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return "?"


def print_json(value: Mapping[str, Any]) -> None:
    """Print one object on stdout."""
    print(json.dumps(value, indent=2))


def print_json_array(values: Iterable[Mapping[str, Any]]) -> None:
    """Print an array on stdout, an element a line, while it is read: any length in little memory."""
    separator = "[\n"
    for value in values:
        sys.stdout.write(separator + json.dumps(value))
        separator = ",\n"
    print("[]" if separator == "[\n" else "\n]")


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], no_formulas: bool = False) -> None:
    """Print CSV (RFC 4180) on stdout with a line of names; truth values as JSON has them.

    Lists, and the names in an object, are joined with "; ".

    With `no_formulas`, a text that a spreadsheet would calculate has an apostrophe in front
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    import csv

    writer = csv.DictWriter(_Lines(), columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        cells = {name: csv_cell(value) for name, value in row.items()}
        texts = {name: f"'{value}" for name, value in cells.items() if no_formulas and _is_formula(value)}
        writer.writerow({**cells, **texts})


def _is_formula(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))


class _Lines:
    """Prints the rows of a `csv.writer`, which quotes only those line ends that are in its own."""

    def write(self, row: str) -> None:
        say(row.removesuffix("\r\n"))


def message(text: str) -> None:
    """Print one line on stderr, after the program's name; a name in it cannot make it two."""
    say_on_stderr(f"tagger: {text}")


def can_ask() -> bool:
    """Tell whether somebody sits before a terminal and can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def nobody_to_ask(verb: str) -> TaggerError:
    """Give the error of a command that asks before it does what `verb` names."""
    return TaggerError(f"nobody to ask without a terminal; give --yes to {verb}, or --dry-run to look first")


def is_yes(question: str) -> bool:
    """Ask on stderr, and tell whether the answer is yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def bar(share: float, width: int = 20) -> str:
    """Draw a share (0–1) as a bar of at most `width` characters.

    >>> bar(0.525, width=20)
    '██████████▌'
    """
    whole, part = divmod(round(share * width * 8), 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[part].strip()


# How a command ends


def error_text(error: Exception) -> str:
    """Give the line of an error. One that nobody expected is raised instead where `TAGGER_DEBUG` is set."""
    if isinstance(error, TaggerError):
        return str(error)
    if os.environ.get("TAGGER_DEBUG"):
        raise error
    if isinstance(error, ImportError):
        while isinstance(error.__cause__, ImportError):  # NumPy puts a page of advice before it
            error = error.__cause__
        return f"a library cannot be loaded ({' '.join(str(error).split())}); install tagger again"
    kind = type(error).__name__
    return f"internal error ({kind}: {error}); set TAGGER_DEBUG=1 to see where, and report it"


def exit_code(error: BaseException) -> int:
    """Give the exit code of a command that `error` has ended."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, LostDatabase):
        return SOME_FAILED
    return BUSY if isinstance(error, BusyError) else USAGE


def usage_text(error: Exception, arguments: Sequence[str]) -> str | None:
    """Give an error of Typer's own, such as an unknown option, in one line; None for another error.

    Where nothing was typed behind a command that has others below it, its help is printed instead.
    """
    tell = getattr(error, "format_message", None)
    if tell is None:
        return None
    if type(error).__name__ == "NoArgsIsHelpError":
        if text := tell():  # empty where Typer has drawn it already
            print(text)
        raise SystemExit(USAGE)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["tagger", *arguments[:1]])
    return f"{_wrong(error, tell())}; see {command} --help"


def _wrong(error: Exception, said: str) -> str:
    """What Typer says, in the words of the other errors."""
    text = str(error)
    if getattr(error, "option_name", None) == "--config":
        return "--config stands before the command, as in `tagger --config FILE scan`"
    if near := getattr(error, "possibilities", None):
        return f"{text[:1].lower()}{text[1:]}; did you mean {' or '.join(near)}?"
    parameter = getattr(error, "param", None)
    for pattern, advice in _ADVICE:
        if parameter and (found := re.search(pattern, text)):
            name = max(parameter.opts, key=len) if parameter.opts[0].startswith("-") else ""
            return f"{name} {found[1]}: {found.expand(advice)}".strip()
    said = " ".join(said.split()).removesuffix(".").replace(". Did you", "; did you")
    return f"{said[:1].lower()}{said[1:]}".replace("argument(s)", "argument")


_ADVICE = (
    (r"^'(.*)' is not a valid int", "give a whole number"),
    (r"^'(.*)' is not a valid float", "give a number"),
    (r"^(.*) is not in the range x>=(\S+?)\.?$", r"give \2 or more"),
    (r"^(.*) is not in the range (\S+)<=x<=(\S+?)\.?$", r"give a number from \2 to \3"),
)
"""What Typer says of a value, whose first part is the value, and what to do."""


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether a signal has come; only a second one raises KeyboardInterrupt."""
    received: list[int] = []

    def stop(number: int, frame: object) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt

    before = [signal.signal(number, stop) for number in SIGNALS]
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
