"""`tagger doctor`: print what each player reads from a file's tags, and what it ignores; sum up folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import completion, configured, shared
from tagger.cli.shared import message, print_json_array
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.tags import Fit, Player, Seen, Tags

Players = Mapping[str, "Player"]


def doctor(
    files: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Music files, or folders, which are summed up.")
    ],
    asked: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="PLAYER",
            autocompletion=completion.players,
            help="navidrome, rekordbox, mpd and so on; a wrong one lists them. Repeats. Default: all.",
        ),
    ] = None,
    json: shared.Json = False,
) -> None:
    """Print what players read of genre, energy, BPM, key, mood, words, and what they ignore.

    Of a folder: how many of its files each player sees right, what it misses,
    and what you can do. No scan is needed. Players differ by version and
    settings: this is what they do by default.

        tagger doctor song.mp3 --for navidrome
        tagger doctor ~/Music --for rekordbox
    """
    players = _players(asked)
    n_read, n_failed, found = 0, 0, list[dict[str, Any]]()
    for name in dict.fromkeys(files):
        look = _folder if os.path.isdir(name) else _file
        read, failed = look(name, players, found if json else None)
        n_read, n_failed = n_read + read, n_failed + failed
    if json:
        print_json_array(found)
    if n_failed or not n_read:
        raise typer.Exit(1 if n_read else 2)


def _players(names: Sequence[str] | None) -> Players:
    from tagger.tags import PLAYERS

    for name in names or ():
        if name.lower() not in PLAYERS:
            raise TaggerError(f"--for {name}: give one of {', '.join(PLAYERS)}")
    return {name.lower(): PLAYERS[name.lower()] for name in names or PLAYERS}


# One file


def _file(file: str, players: Players, found: list[dict[str, Any]] | None) -> tuple[int, int]:
    """Print one file, or add it to `found`; give how many were read, and how many could not be."""
    from tagger.tags import TagError, read

    try:
        tags = read(file)
    except TagError as error:
        message(f"{shown(file)}: {error}")
        return 0, 1
    if found is None:
        _print(file, tags, players)
    else:
        found.append(_fields(file, tags, players))
    return 1, 0


def _fields(file: str, tags: Tags, players: Players) -> dict[str, Any]:
    from tagger.tags import seen_by

    seen = {name: seen_by(player, tags) for name, player in players.items()}
    return {
        "path": file,
        "format": tags.format,
        "genres": tags.genres,
        "energy_level": tags.energy_level,
        "energy": tags.energy,
        "bpm": tags.bpm,
        "key": tags.keys,
        "mood": tags.moods,
        "words": tags.words,
        "players": {
            name: {
                "genres": one.genres,
                "energy_level": one.energy_level,
                "bpm": one.bpm,
                "key": one.keys,
                "mood": one.moods,
                "words": one.words,
                "ignored": one.ignored,
                "unknown": one.unknown,
                "note": players[name].note,
            }
            for name, one in seen.items()
        },
    }


def _print(file: str, tags: Tags, players: Players) -> None:
    from tagger.tags import seen_by

    say(f"{shown(file)} ({tags.format})")
    _print_line("in the file", _described(tags, tags.energy))
    for player in players.values():
        seen = seen_by(player, tags)
        if not player.does_open(tags):
            _print_line(player.title, f"does not open {tags.format}")
            continue
        parts = [_described(seen)]
        parts += [f"ignores {', '.join(seen.ignored)}"] if seen.ignored else []
        parts += [f"not known: {', '.join(seen.unknown)}"] if seen.unknown else []
        _print_line(player.title, "; ".join(parts))
        _print_line("", player.note)


def _described(seen: Tags | Seen, energy: str | None = None) -> str:
    values = (
        ("genre", _listed(seen.genres)),
        ("energy", seen.energy_level),
        ("energy 0–1", energy),
        ("BPM", seen.bpm),
        ("key", _listed(seen.keys)),
        ("mood", _listed(seen.moods)),
        ("words", _listed(seen.words)),
    )
    parts = [f"{name} {value}" for name, value in values if value]
    return shown(", ".join(parts) or "nothing")


def _listed(texts: Sequence[str]) -> str:
    return " | ".join(texts)


def _print_line(name: str, text: str) -> None:
    say(f"  {name:<18}  {text}")


# A folder


def _folder(folder: str, players: Players, found: list[dict[str, Any]] | None) -> tuple[int, int]:
    """Print the sum of a folder, or add it to `found`; give the numbers as `_file` does."""
    from tagger.tags import fits

    left = {"empty": 0, "without tags": 0, "unreadable": 0}
    sums = fits(players, _tags_in(folder, left))
    n_files = next(iter(sums.values())).n_files
    if found is not None:
        counts = {
            "files": n_files,
            "empty": left["empty"],
            "without_tags": left["without tags"],
            "unreadable": left["unreadable"],
        }
        found.append({"path": folder, **counts, "players": {k: _sum_fields(fit) for k, fit in sums.items()}})
        return n_files, left["unreadable"]
    if not n_files:
        message(f"{shown(folder)}: no music with tags there")
        return 0, left["unreadable"]
    without = f", {left['empty']:,} with nothing to see in their tags" if left["empty"] else ""
    without += f", {left['without tags']:,} of kinds that carry no tags" if left["without tags"] else ""
    say(f"{shown(folder)} ({counted(n_files, 'files')}{without})")
    for fit in sums.values():
        _print_sum(fit)
    return n_files, left["unreadable"]


def _tags_in(folder: str, left: dict[str, int]) -> Iterator[Tags]:
    """Read the files of a folder, and count in `left` those that cannot be, and those that say nothing."""
    from tagger.tags import TagError, UnsupportedFormat, read
    from tagger.types import Failure
    from tagger.walk import walk

    for file in walk([folder], excluded=configured.configuration().excluded):
        try:
            if isinstance(file, Failure):
                raise TagError(file.reason)
            tags = read(file.path)
            left["empty"] += not any(
                (tags.genres, tags.energy_level, tags.energy, tags.bpm, tags.keys, tags.moods, tags.words)
            )
            yield tags
        except UnsupportedFormat:
            left["without tags"] += 1
        except TagError as error:
            left["unreadable"] += 1
            message(f"{shown(file.path)}: {error}")


def _sum_fields(fit: Fit) -> dict[str, Any]:
    return {
        "right": fit.n_right,
        "split": fit.n_split,
        "not_opened": fit.n_shut,
        "ignored": dict(fit.ignored),
        "unknown": dict(fit.unknown),
        "todo": fit.todo,
        "note": fit.player.note,
    }


def _print_sum(fit: Fit) -> None:
    at_most = "at most " if fit.unknown else ""
    parts = [f"sees {at_most}{fit.n_right:,} of {fit.n_files:,} right"]
    parts += [f"does not open {fit.n_shut:,}"] if fit.n_shut else []
    parts += [f"splits genres of {fit.n_split:,}"] if fit.n_split else []
    parts += [f"ignores {_numbered(fit.ignored)}"] if fit.ignored else []
    parts += [f"not known: {_numbered(fit.unknown)}"] if fit.unknown else []
    _print_line(fit.player.title, "; ".join(parts))
    for line in fit.todo:
        _print_line("", f"to do: {line}")
    _print_line("", fit.player.note)


def _numbered(fields: Mapping[str, int]) -> str:
    return ", ".join(f"{name} of {count:,}" for name, count in fields.items())
