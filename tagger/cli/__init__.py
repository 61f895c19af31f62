"""The command line: one module a command, a thin skin over the parts below."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from tagger import __version__
from tagger.cli.configured import choose
from tagger.cli.shared import USAGE, error_text, exit_code, message, usage_text
from tagger.cli.terminal import silence_python
from tagger.errors import TaggerError
from tagger.files import current_folder

COMMANDS = {
    "scan": "scan:scan",
    "watch": "watch:watch",
    "list": "list_tracks:list_tracks",
    "audit": "audit:audit",
    "duplicates": "duplicates:duplicates",
    "playlist": "playlist:playlist",
    "playlists": "playlist:playlists",
    "show": "show:show",
    "spectrogram": "spectrogram:spectrogram",
    "stats": "stats:stats",
    "report": "report:report",
    "browse": "browse:browse",
    "review": "review:review",
    "set": "correct:set_words",
    "unset": "correct:unset_words",
    "corrections": "corrections:corrections",
    "write-tags": "write_tags:write_tags",
    "undo": "undo:undo",
    "runs": "runs:runs",
    "doctor": "doctor:doctor",
    "failures": "runs:failures",
    "ignore": "ignore:ignore",
    "learn": "learn:learn",
    "merge": "merge:merge",
    "models": "models:app",
    "train": "train:train",
    "evaluate": "evaluate:evaluate",
    "config": "config:app",
    "help": "help:show_help",
}
"""Every command in the order of `tagger --help`, as module:function below this package."""


def main() -> None:
    """Runs the command; every end is an exit code, and no traceback reaches the user."""
    _open_descriptors()
    _open_streams()
    if not os.environ.get("TAGGER_DEBUG"):
        silence_python()
    try:
        code = app_for(sys.argv[1:])(prog_name="tagger", standalone_mode=False)
        raise SystemExit(code if isinstance(code, int) else 0)
    except TaggerError as error:
        _end(str(error), exit_code(error))
    except KeyboardInterrupt as error:
        _end("interrupted", exit_code(error))
    except BrokenPipeError:
        _end_unread()
    except SystemExit as end:  # Typer makes 1 of a pipe that nobody reads
        if isinstance(end.__context__, BrokenPipeError):
            _end_unread()
        raise
    except OSError as error:
        _end(_reason(error), USAGE)
    except Exception as error:
        _end(usage_text(error, sys.argv[1:]) or error_text(error), USAGE)


def _open_descriptors() -> None:
    """Put the null device where a parent has closed stdin, stdout or stderr.

    Otherwise the next file that is opened takes the number, and workers and libraries write into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)  # for the workers


def _open_streams() -> None:
    """Names come out as the bytes that they are, and nothing depends on who has closed what.

    What is no terminal gets UTF-8 whatever the locale: files and pipes are read by other programs.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - closed by a daemon's parent
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            is_utf8 = stream.encoding.lower().replace("-", "") == "utf8"
            if is_utf8 or not stream.isatty():
                stream.reconfigure(encoding="utf-8", errors="surrogateescape")
            else:
                stream.reconfigure(errors="replace")


class _InOrder(TyperGroup):
    """The group of all commands; Typer by itself lists those last that are groups."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in COMMANDS if name in self.commands]


def _end_unread() -> NoReturn:
    """`tagger list | head`: nobody reads on, which is no fault."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(0) from None


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The application with the command that `arguments` name, or with all, to show or to suggest them.

    A command does not wait for the others to be imported.
    """
    app = typer.Typer(
        name="tagger",
        cls=_InOrder,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Analyse genre, energy and tempo of your music, tag the files, make playlists.",
    )
    app.callback()(_options)
    named = _command_of(arguments)
    for name in [named] if named else COMMANDS:
        module, function = COMMANDS[name].split(":")
        command = getattr(import_module(f"tagger.cli.{module}"), function)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _command_of(arguments: Sequence[str]) -> str | None:
    """The command that the arguments begin with, behind `--config`; None where they name none."""
    first = arguments[0] if arguments else ""
    if first == "--config":
        arguments = arguments[2:]
    elif first.startswith("--config="):
        arguments = arguments[1:]
    return arguments[0] if arguments and arguments[0] in COMMANDS else None


def _end(text: str, code: int) -> NoReturn:
    message(text)
    raise SystemExit(code) from None


def _reason(error: OSError) -> str:
    """What is wrong and what to do, of an error that nothing else has given words."""
    if isinstance(error, FileNotFoundError):
        try:
            current_folder()
        except TaggerError as gone:
            return str(gone)
    is_files = error.errno in (errno.EMFILE, errno.ENFILE)
    advice = "raise the limit of open files (ulimit -n)" if is_files else "check where the output goes"
    return f"{error.strerror or error}; {advice}"


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tagger {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Configuration, or none; before the command. Default: TAGGER_CONFIG, or the user's.",
        ),
    ] = None,
) -> None:
    choose(config)
