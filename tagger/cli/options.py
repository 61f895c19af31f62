"""Options that several commands share, and what they mean."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from tagger.cli.output import counted, message, shown
from tagger.errors import ModelError, TaggerError
from tagger.types import ENERGY_BANDS

if TYPE_CHECKING:
    from tagger.store import Store

Db = Annotated[
    str | None,
    typer.Option("--db", envvar="TAGGER_DB", metavar="FILE", help="Database. Default: the user data folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Jobs = Annotated[int | None, typer.Option(min=1, max=256, help="Worker processes. Default: one a core.")]
Model = Annotated[str | None, typer.Option("--model", metavar="ID", help="Model: an id or a folder.")]


def database_path(db: str | None) -> str:
    """The database that `--db`, `TAGGER_DB` or the platform names. Raises `TaggerError` for a folder."""
    from tagger.store import default_path

    path = os.path.abspath(db) if db else default_path()
    if os.path.isdir(path):
        example = os.path.join(path, "tagger.db")
        raise TaggerError(f"{shown(path)}: a folder; name the file in it, such as {shown(example)}")
    return path


def check_device(device: str) -> None:
    """Raises `TaggerError` for a name that no device has; whether there is one is seen when it is used."""
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise TaggerError(f"--device {device}: give auto, cpu, cuda or mps")


def check_paths(paths: Sequence[str]) -> None:
    """Raises `TaggerError` for an empty name, and if none of them is there."""
    check_names(paths)
    if paths and not any(os.path.lexists(path) for path in paths):
        raise TaggerError(f"{shown(paths[0])}: no such file or folder; check the name")


def check_names(paths: Sequence[str]) -> None:
    """Raises `TaggerError` for an empty name, which would mean the current folder."""
    if "" in paths:
        raise TaggerError("a PATH is empty; is a variable of the shell not set?")


def check_share(option: str, value: float | None, least: float = 0, most: float = 1) -> None:
    """Raises `TaggerError` for a number that is not from `least` to `most`, such as NaN."""
    if value is not None and not least <= value <= most:
        raise TaggerError(f"{option} {value:g}: give a number from {least:g} to {most:g}")


def answering_model(store: Store, model: str | None) -> str:
    """The id of the model whose answers are asked for: the one named, else that of the last scan.

    Says on stderr where the latter has heard fewer tracks than another one that is installed.
    """
    from tagger.model_card import DEFAULT_MODEL, installed_models, load_card

    if model:
        return load_card(model).id
    models = store.models()
    if len(models) > 1:
        counts = dict.fromkeys(models, 0) | store.counts()
        installed = {models[0], *installed_models()}
        most = max((name for name in models if name in installed), key=counts.__getitem__)
        if counts[models[0]] < counts[most]:
            heard = f"{models[0]}, the last scan's model, has heard {counted(counts[models[0]], 'tracks')}"
            message(f"{heard}; --model {most} asks the one that has heard {counts[most]:,}")
    return models[0] if models else DEFAULT_MODEL


def one_of(option: str, text: str, choices: Any) -> Any:
    """`text` as a value of the `Literal` type `choices`. Raises `TaggerError` with what it may be."""
    values = get_args(choices)
    if text not in values:
        raise TaggerError(f"{option} {text}: give {', '.join(values[:-1])} or {values[-1]}")
    return text


def genre_named(name: str, store: Store, model: str) -> str:
    """The model's spelling of a genre, whatever its case. Raises `TaggerError` with the nearest name."""
    known = _genres_of(store, model)
    by_folded = {genre.casefold(): genre for genre in known}
    wanted = name.strip().casefold()
    if wanted in by_folded:
        return by_folded[wanted]
    near = difflib.get_close_matches(wanted, by_folded, n=1, cutoff=0.4)
    hint = f"did you mean {by_folded[near[0]]!r}? " if near else ""
    raise TaggerError(f"no genre {name!r}; {hint}{model} knows: {', '.join(known)}")


def energy_between(text: str) -> tuple[float, float]:
    """The half-open range [low, high) that `low`, `medium`, `high` or `0.4-0.7` names; 0.7 is included."""
    name = text.strip().lower()
    for band, edges in ENERGY_BANDS.items():
        if name == band:
            return edges
    try:
        low, high = (float(part) for part in name.split("-"))
    except ValueError:
        low, high = math.nan, math.nan
    if not 0 <= low <= high <= 1:
        raise TaggerError(f"--energy {text}: give low, medium, high, or a range within 0-1 such as 0.4-0.7")
    return low, math.nextafter(high, math.inf)


def duration(option: str, text: str) -> timedelta:
    """`90s`, `45m`, `2h` or `30d` as a duration. Raises `TaggerError` for all else, and what is below 0."""
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    number, unit = text.strip()[:-1], text.strip()[-1:].lower()
    try:
        value = timedelta(**{units[unit]: float(number)})
    except (KeyError, ValueError, OverflowError):
        value = timedelta(-1)
    if value < timedelta(0):
        raise TaggerError(f"{option} {text}: give a duration such as 90s, 45m, 2h or 30d")
    return value


def _genres_of(store: Store, model: str) -> Sequence[str]:
    """Of the installed model, else (its folder is gone) those among its stored answers."""
    from tagger.model_card import load_card

    try:
        return load_card(model).genres
    except ModelError:
        return sorted(genre for genre, _ in store.genre_counts(model))
