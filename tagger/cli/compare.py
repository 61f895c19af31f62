"""`tagger models compare`: what another model would change in a library."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import options
from tagger.cli.exit_codes import SOME_FAILED
from tagger.cli.interrupts import terminated_as_interrupted
from tagger.cli.one_scan import cores
from tagger.cli.output import counted, message, shown
from tagger.cli.progress import hearing_bar
from tagger.errors import ModelError, TaggerError

if TYPE_CHECKING:
    from tagger.compare import Comparison, Heads
    from tagger.model_card import ModelCard
    from tagger.store import Store

    Side = tuple[str, ModelCard | None]


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The model that has heard the tracks.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The other one: an id or a folder.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these files and folders.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Hear at most this many tracks.")] = 200,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    """Show what the model NEW would change of what OLD has heard, genre by genre; nothing is stored.

    Stored answers of NEW are taken as they are. Where the models differ
    only in what they make of an embedding, no track is heard. Else NEW
    hears --limit tracks, drawn by lot, but the same each time.

        tagger models compare small standard
        tagger models compare small standard ~/Music/Jazz --limit 1000
    """
    from tagger.compare import compare_stored
    from tagger.store import Store

    options.check_device(device)
    with Store.open(options.database_path(db), create=False) as store:
        before, after = _side(old, store), _side(new, store)
        _check(before[0], after[0], paths, store)
        options.warn_of_unknown(paths, store)
        for side in (before, after):
            _check_genre(*side, store)
        heads = _heads(before[1], after[1], device)
        found = compare_stored(store, paths or (), (before[0], after[0]), heads, limit)
    if found.unheard:
        _hear(found, after, device)
    _report(found, before[0], after[0], json)
    if found.failed:
        message(f"{found.failed:,} could not be heard")
        raise typer.Exit(SOME_FAILED)


def _side(name: str, store: Store) -> Side:
    """The model's id and card; a model that is not installed any more is known by its stored answers."""
    from tagger.model_card import load_card

    try:
        card = load_card(name)
        return card.id, card
    except ModelError:
        if name in store.models():
            return name, None
        raise


def _check(old: str, new: str, paths: Sequence[str] | None, store: Store) -> None:
    """Raises before any work what would end it anyway."""
    if old == new:
        raise TaggerError(f"both models are named {old}, so their answers cannot be told apart")
    if old not in (heard_by := store.models()):
        known = f"it has those of {', '.join(heard_by)}" if heard_by else "`tagger scan` the music first"
        raise TaggerError(f"no answers of {old} in the database; {known}")
    options.check_paths(paths or ())


def _check_genre(model: str, card: ModelCard | None, store: Store) -> None:
    if not (card.predicts_genre if card else store.has("genre", model)):
        raise TaggerError(f"{model} hears no genre, by which tracks are compared; name a model that does")


def _heads(old: ModelCard | None, new: ModelCard | None, device: str) -> tuple[Heads, Heads] | None:
    """Both networks, where only their heads differ."""
    from tagger.model_card import shares_trunk

    if not (old and new and shares_trunk(old, new)):
        return None
    from tagger.predict import Predictor

    return Predictor(old, device), Predictor(new, device)


def _hear(found: Comparison, new: Side, device: str) -> None:
    """Has the new model hear the tracks that were drawn, and tells how many were not."""
    name, card = new
    if card is None:
        message(f"{name}, which is not installed any more, has not heard {counted(found.unheard, 'tracks')}")
        found.to_hear.clear()
        return
    unheard = counted(found.unheard, "tracks")
    message(f"{unheard} would have to be heard with {name}; hears {len(found.to_hear):,} now")
    if not found.to_hear:
        return
    from tagger.nets import tune_process
    from tagger.pipeline.unstored import hear_unstored
    from tagger.predict import Predictor

    tune_process(threads=1)

    files = [track.file for track in found.to_hear.values()]
    bar = hearing_bar(len(files)) if sys.stderr.isatty() else nullcontext(lambda: None)
    with terminated_as_interrupted(), bar as advance:
        for outcome in hear_unstored(files, card.folder, Predictor(card, device), cores()):
            if failure := found.add(outcome):
                message(f"{shown(failure.path)}: {failure.reason} (skipped)")
            advance()


def _report(found: Comparison, old: str, new: str, as_json: bool) -> None:
    from tagger.cli.compared import fields, lines
    from tagger.cli.output import print_json

    if as_json:
        print_json(fields(found, old, new))
    else:
        print("\n".join(lines(found, old, new)))
