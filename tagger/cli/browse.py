"""`tagger browse`: the database to look through in a browser, by Datasette (https://datasette.io)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from tagger.cli import configured, shared
from tagger.cli.help import page
from tagger.cli.shared import message
from tagger.errors import TaggerError

HOST = "127.0.0.1"
"""Loopback: nobody but this computer is answered."""

TIME_LIMIT_MS = 10_000
"""That a question may take; Datasette's second is too short for a million tracks."""

_QUESTION = re.compile(r"^(\S[^\n]*)[:?]\n\n```sql\n(.*?)```", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_COLUMN = re.compile(r"`(\w+)`(?: \(([^()]*)\))?")


def browse(
    port: Annotated[int, typer.Option(min=0, max=65_535, metavar="N", help="Where it listens.")] = 8001,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    db: shared.Db = None,
) -> None:
    """Look through the database in a browser: its tables, ten questions in SQL, and your own.

    Datasette shows it to this computer alone, and can change nothing. A
    scan may write meanwhile. Ctrl-C ends it.

        tagger browse --open
    """
    if find_spec("datasette") is None:
        raise TaggerError("browse needs Datasette; pip install 'music-tagger[browse]'")
    with configured.library(db) as library:
        database = library.store.path
    with (
        tempfile.TemporaryDirectory(prefix="tagger-browse-") as folder,
        shared.terminated_as_interrupted(),  # for Datasette and the folder end with us
    ):
        described = Path(folder) / "metadata.json"
        described.write_text(json.dumps(metadata(Path(database).stem)), encoding="utf-8")
        command = [sys.executable, "-m", "datasette", "serve", database, "--metadata", str(described)]
        command += ["--host", HOST, "--port", str(port), "--setting", "sql_time_limit_ms", str(TIME_LIMIT_MS)]
        message(f"http://{HOST}:{port}/ has the database until you press Ctrl-C")
        environment = os.environ | {"PYTHONWARNINGS": "ignore"}
        ended = subprocess.run([*command, *(["--open"] if open_it else [])], env=environment, check=False)
    if ended.returncode:
        raise TaggerError(f"Datasette has ended with {ended.returncode}; try another --port")


def metadata(database: str) -> dict[str, Any]:
    """Describe the database of that name to Datasette, by the pages of the manual."""
    questions = _QUESTION.findall(page("sql"))
    queries = {
        re.sub(r"\W+", "-", title.lower()).strip("-")[:60]: {"title": title, "sql": sql.strip()}
        for title, sql in questions
    }
    tables = {
        name: {"description": f"A row is {row.strip()}.", "columns": dict(_explained(columns))}
        for name, row, columns in _ROW.findall(page("database"))
    }
    return {"title": "tagger", "databases": {database: {"queries": queries, "tables": tables}}}


def _explained(columns: str) -> list[tuple[str, str]]:
    """Give the columns that the manual says more of than their name."""
    return [(name, meaning) for name, meaning in _COLUMN.findall(columns) if meaning]
