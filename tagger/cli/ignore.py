"""`tagger ignore`: the files and folders that the owner wants left alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import shared
from tagger.cli.shared import message, print_json_array
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.files import absolute

if TYPE_CHECKING:
    from tagger.store import Store


def ignore(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Files, and folders with all in them.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Ignore them no more.")] = False,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Leave files and folders alone, such as those that fail and stay as they are; or list what is ignored.

    What is ignored is not analysed, is no failure, and `write-tags` passes over it.

        tagger ignore ~/Music/Demos/torn.mp3
        tagger ignore
        tagger ignore --remove ~/Music/Demos/torn.mp3
    """
    from tagger.store import Store

    named = [absolute(path) for path in dict.fromkeys(shared.named(paths))]
    if remove and not named:
        raise TaggerError("--remove: name what to ignore no more; `tagger ignore` lists what is ignored")
    with Store.open(shared.database_path(db), create=bool(named) and not remove) as store:
        lines = _remove(named, store) if remove else _add(named, store)
        known = store.ignored.paths().since
        if json:
            print_json_array({"path": path, "since": since} for path, since in known.items())
            return
        for line in lines if named else map(shown, known):
            say(line)
        if not named and not known:
            message("nothing is ignored")


def _add(paths: Sequence[str], store: Store) -> Iterable[str]:
    """Ignore `paths`, each of which must be there or known; give what to say of each."""
    failed = {failure.path for failure in store.files.failures()} if paths else set()
    for path in paths:
        if not (os.path.lexists(path) or path in failed or store.files.any_beneath(path)):
            raise TaggerError(f"{path}: no such file or folder; check the name")
    if paths:
        store.ignored.add(paths)
    return [f"{shown(path)}: ignored from now on" for path in paths]


def _remove(paths: Sequence[str], store: Store) -> Iterable[str]:
    """Ignore `paths` no more, each of which must be ignored by its own name; give what to say of each."""
    known = store.ignored.paths()
    for path in paths:
        around = known.by(path)
        if around is None:
            raise TaggerError(f"{path}: not ignored; `tagger ignore` lists what is")
        if around != path:
            raise TaggerError(f"{path}: ignored with its folder; `tagger ignore --remove {around}`")
    store.ignored.remove(paths)
    return [f"{shown(path)}: the next scan looks at it" for path in paths]
