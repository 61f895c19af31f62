"""The command line: one module a command, a thin skin over the parts below."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from tagger import __version__
from tagger.cli import doctor, failures, list_, models, runs, scan, show, stats, undo, watch, write_tags
from tagger.cli.exit_codes import USAGE, exit_code
from tagger.cli.playlist import apply, command
from tagger.errors import TaggerError

app = typer.Typer(
    name="tagger",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hears the genre and energy of the music you own, remembers them, tags the files, makes playlists.",
)
app.command("scan")(scan.scan)
app.command("watch")(watch.watch)
app.command("list")(list_.list_tracks)
app.command("playlist")(command.playlist)
app.add_typer(apply.app, name="playlists")
app.command("show")(show.show)
app.command("stats")(stats.stats)
app.command("write-tags")(write_tags.write_tags)
app.command("undo")(undo.undo)
app.command("runs")(runs.runs)
app.command("doctor")(doctor.doctor)
app.command("failures")(failures.failures)
app.command("models")(models.models)


def main() -> None:
    """Runs the command; every end is an exit code, and no traceback reaches the user."""
    for stream in (sys.stdout, sys.stderr):  # names come out as the bytes that they are
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="surrogateescape")
    try:
        app()
    except TaggerError as error:
        _end(str(error), exit_code(error))
    except KeyboardInterrupt as error:
        _end("interrupted", exit_code(error))
    except BrokenPipeError:  # `tagger list | head`: nobody reads on, which is no fault
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("TAGGER_DEBUG"):
            raise
        kind = type(error).__name__
        _end(f"internal error ({kind}: {error}); set TAGGER_DEBUG=1 to see where, and report it", USAGE)


def _end(message: str, code: int) -> NoReturn:
    print(f"tagger: {message}", file=sys.stderr)
    raise SystemExit(code) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tagger {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
