"""`tagger learn`: the owner's own genres, learned from what is tagged and corrected."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import configured, shared
from tagger.cli.shared import message, print_json
from tagger.cli.terminal import say, shown
from tagger.types import counted, rounded

if TYPE_CHECKING:
    from tagger.learn import GenreFigures, Learned

_LEAST_NAME_CELLS, _MOST_NAME_CELLS = 12, 32


def learn(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the model, such as mine.")],
    from_tags: Annotated[bool, typer.Option("--from-tags", help="From the genres in your tags.")] = False,
    from_corrections: Annotated[
        bool, typer.Option("--from-corrections", help="From your corrections. Default: both.")
    ] = False,
    genres: Annotated[
        list[str] | None, typer.Option("--genres", metavar="NAME", help="Only this genre; repeatable.")
    ] = None,
    min_tracks: Annotated[int, typer.Option(min=2, metavar="N", help="Leave rarer genres out.")] = 5,
    keep_ours: Annotated[
        bool, typer.Option("--keep-ours", help="Keep the model's genres that you have no word for.")
    ] = False,
    energy: Annotated[bool, typer.Option("--energy", help="Learn your energy levels, too.")] = False,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Only where something is new and the result is better.")
    ] = False,
    model: shared.Model = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and news only.")] = False,
    db: shared.Db = None,
    json: shared.Json = False,
) -> None:
    """Learn your own genres from what you have tagged or corrected; no file is read.

    The figures are of tracks whose artist or album the head had not heard.
    `tagger scan --model NAME` then answers with it for all tracks.

        tagger learn mine
        tagger learn mine --keep-ours --if-changed && tagger scan --model mine
    """
    from tagger.learn import LearnSettings

    began = time.perf_counter()
    is_both = from_tags == from_corrections
    settings = LearnSettings(
        from_tags or is_both,
        from_corrections or is_both,
        tuple(genres or ()),
        min_tracks,
        keep_ours,
        energy,
        if_changed,
    )
    with configured.library(db, model) as library:
        learned = library.learn(name, settings)
    seconds = time.perf_counter() - began
    if json:
        print_json(_fields(learned, seconds))
    elif not quiet and learned.genres:
        _print(learned)
    _tell(name, learned, seconds, quiet)


def _fields(learned: Learned, seconds: float) -> dict[str, Any]:
    return {
        "model": learned.model,
        "outcome": learned.outcome,
        "tracks": learned.tracks,
        "seconds": round(seconds, 3),
        "accuracy": round(learned.accuracy, 4),
        "accuracy_before": rounded(learned.before, 4),
        "genres": {genre: _figures(figures) for genre, figures in learned.genres.items()},
        "confusions": [
            {"genre": genre, "answer": answer, "tracks": n} for genre, answer, n in learned.confusions
        ],
        "left_out": dict(learned.left_out),
        "doubted": learned.doubted,
        "energy_error": rounded(learned.energy_error, 3),
    }


def _figures(figures: GenreFigures) -> dict[str, float | None]:
    return {
        "precision": rounded(figures.precision, 4),
        "recall": round(figures.recall, 4),
        "tracks": figures.tracks,
        "threshold": figures.threshold,
    }


def _print(learned: Learned) -> None:
    cells = max(_LEAST_NAME_CELLS, min(_MOST_NAME_CELLS, *(len(genre) for genre in learned.genres)))
    say(f"{'genre':<{cells}}  tracks  precision  recall  nine of ten right from")
    for genre, figures in _by_tracks(learned.genres):
        name = genre if len(genre) <= cells else genre[: cells - 1] + "…"
        precision = _percent(figures.precision)
        threshold = _percent(figures.threshold)
        line = f"{figures.tracks:>6,}  {precision:>9}  {figures.recall:>6.0%}  {threshold:>22}"
        say(f"{shown(name):<{cells}}  {line}")
    if learned.confusions:
        say("")
        say("most often confused")
        for genre, answer, n in learned.confusions:
            say(f"  {n:>6,} {shown(genre)} → {shown(answer)}")


def _by_tracks(genres: Mapping[str, GenreFigures]) -> list[tuple[str, GenreFigures]]:
    return sorted(genres.items(), key=lambda item: (-item[1].tracks, item[0]))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _tell(name: str, learned: Learned, seconds: float, quiet: bool) -> None:
    """Say on stderr what has become of the model."""
    right = f"right for {learned.accuracy:.1%} of {counted(learned.tracks, 'tracks')}"
    if learned.outcome == "unchanged":
        if not quiet:
            message(f"{learned.model}: nothing new to learn from; it stays")
        return
    if learned.outcome == "no better":
        message(
            f"{learned.model} stays: a new head is {right}, the last one is for {_percent(learned.before)}"
        )
        return
    before = "" if learned.before is None else f" ({learned.before:.1%} before)"
    what = f"{right}{before}" if learned.genres else "no genre was learned"
    if learned.energy_error is not None:
        what += f", {learned.energy_error:.1f} energy levels off"
    message(
        f"{learned.model} learned in {seconds:.1f} s: {what}; `tagger scan --model {name}` answers with it"
    )
    if quiet:
        return
    if learned.doubted:
        message(f"{counted(learned.doubted, 'tracks')} sound so unlike their genre that they taught nothing")
    if learned.left_out:
        few = ", ".join(f"{shown(genre)} ({n})" for genre, n in [*learned.left_out.items()][:5])
        message(
            f"left out, with too few tracks or artists: {counted(len(learned.left_out), 'genres')}: {few}"
        )
