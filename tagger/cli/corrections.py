"""`tagger corrections`: what the owner said in the place of a model, listed, exported and taken over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tagger.cli import configured, shared
from tagger.cli.correct import in_words
from tagger.cli.shared import message, minute, print_json_array
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.correct import Corrected, Imported, OwnersWords
    from tagger.store import Said

MOST_CONFLICTS = 20
"""Lines about them; there are as many as there are computers that say otherwise."""


def corrections(
    paths: shared.Paths = None,
    export: Annotated[
        str | None, typer.Option("--export", metavar="FILE", help="Write them, a line of JSON each.")
    ] = None,
    take: Annotated[
        str | None, typer.Option("--import", metavar="FILE", help="Take over what is newer in such a file.")
    ] = None,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """List what you have corrected, the latest at the end; write it to a file, or take over such a file.

    A correction is known by its sound, so that a file of them serves another
    computer with the same music. Of two that contradict each other the newer
    one holds; those of sounds that are not here yet are kept for later.

        tagger corrections
        tagger corrections ~/Music/Ventures --json
        tagger corrections --export corrections.jsonl
        tagger corrections --import corrections.jsonl
    """
    if take is not None and (paths or json or export is not None):
        raise TaggerError("--import stands alone; leave out the rest")
    places = shared.named(paths)
    with configured.library(db) as library:
        words = library.corrections
        words.sounds(*places)  # which says what is mistyped
        if take is not None:
            _report(words, words.take(take))
        elif export is not None:
            count = words.export(export, *places)
            say(f"{shown(export)}: {counted(count, 'corrections')}")
        elif json:
            _print_json(words.all(*places))
        else:
            _print(words.all(*places))


def _print_json(found: Iterable[Corrected]) -> None:
    from tagger.correct import correction_json

    print_json_array(correction_json(one) | {"written": one.said.correction.is_written} for one in found)


def _print(found: Sequence[Corrected]) -> None:
    for one in found:
        path = "(no file here has this sound)" if one.path is None else shown(one.path)
        say(f"{minute(one.said.correction.made_at)}  {shown(_said(one.said)):<30}  {path}")
    if not found:
        message("nothing is corrected; `tagger set` and `tagger review` do it")


def _said(said: Said) -> str:
    from tagger.store import owners_word

    word = "; ".join(in_words(owners_word({said.field: said.correction})))
    return word or f"{said.field} left as it is"


def _report(words: OwnersWords, found: Imported) -> None:
    """Say what was taken over, and first what contradicts what was here."""
    places = {one.said.audio_id: one.path for one in words.all()}
    conflicts = [(new, old, "over yours") for old, new in found.replaced]
    conflicts += [(ours, theirs, "of yours stays before") for ours, theirs in found.kept]
    for holds, other, how in conflicts[:MOST_CONFLICTS]:
        sound = places.get(holds.audio_id) or holds.audio_id
        message(f"{shown(sound)}: {_dated(holds)} {how}, {_dated(other)}")
    if len(conflicts) > MOST_CONFLICTS:
        message(f"… and {len(conflicts) - MOST_CONFLICTS:,} more that contradicted each other")
    n_later = sum(places.get(said.audio_id) is None for said in found.taken)
    rows = {
        "taken over": len(found.taken),
        "of them for later": n_later,
        "known already": found.n_known,
        "yours are newer": len(found.kept),
    }
    for name, count in rows.items():
        say(f"  {name:<18} {count:>9,}")


def _dated(said: Said) -> str:
    return f"{shown(_said(said))} ({minute(said.correction.made_at)})"
