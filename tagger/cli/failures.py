"""`tagger failures`: what could not be read and why."""

from __future__ import annotations

from tagger.cli import options
from tagger.cli.output import message, print_json_array, shown


def failures(db: options.Db = None, json: options.Json = False) -> None:
    """List the files that could not be read, and why."""
    from tagger.store import Store

    with Store.open(options.database_path(db), create=False) as store:
        if json:
            print_json_array(
                {"path": failure.path, "stage": failure.stage, "reason": failure.reason}
                for failure in store.failures()
            )
            return
        failure = None
        for failure in store.failures():
            print(f"{shown(failure.path)}: {failure.reason} ({failure.stage})")
        if failure is None:
            message("no file has failed")
