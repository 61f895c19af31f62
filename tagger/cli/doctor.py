"""`tagger doctor`: print what each player reads from a file's tags, and what it ignores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli import completion, shared
from tagger.cli.shared import message, print_json_array
from tagger.cli.terminal import say, shown
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.tags import Player, Seen, Tags


def doctor(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Music files; no scan is needed.")],
    player: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="PLAYER",
            autocompletion=completion.players,
            help="navidrome, jellyfin, mixxx, picard, mixed-in-key, kodi or ffmpeg. Default: all.",
        ),
    ] = None,
    json: shared.Json = False,
) -> None:
    """Print what players read from the files' genre, energy, BPM, mood and words, and what they ignore.

    Players differ by version and settings: this is what they do by default.

        tagger doctor song.mp3 --for navidrome
    """
    from tagger.tags import TagError, read

    players = _players(player)
    read_files: dict[str, Tags] = {}
    for file in files:
        try:
            read_files[file] = read(file)
        except TagError as error:
            message(f"{shown(file)}: {error}")
    if json:
        print_json_array(_fields(file, tags, players) for file, tags in read_files.items())
    else:
        for file, tags in read_files.items():
            _print(file, tags, players)
    if len(read_files) < len(set(files)):
        raise typer.Exit(1 if read_files else 2)


def _players(name: str | None) -> Mapping[str, Player]:
    from tagger.tags import PLAYERS

    if name is None:
        return PLAYERS
    if name.lower() not in PLAYERS:
        raise TaggerError(f"--for {name}: give one of {', '.join(PLAYERS)}")
    return {name.lower(): PLAYERS[name.lower()]}


def _fields(file: str, tags: Tags, players: Mapping[str, Player]) -> dict[str, Any]:
    from tagger.tags import seen_by

    seen = {name: seen_by(player, tags) for name, player in players.items()}
    return {
        "path": file,
        "format": tags.format,
        "genres": tags.genres,
        "energy_level": tags.energy_level,
        "energy": tags.energy,
        "bpm": tags.bpm,
        "mood": tags.moods,
        "words": tags.words,
        "players": {
            name: {
                "genres": one.genres,
                "energy_level": one.energy_level,
                "bpm": one.bpm,
                "mood": one.moods,
                "words": one.words,
                "ignored": one.ignored,
                "unknown": one.unknown,
                "note": players[name].note,
            }
            for name, one in seen.items()
        },
    }


def _print(file: str, tags: Tags, players: Mapping[str, Player]) -> None:
    from tagger.tags import seen_by

    say(f"{shown(file)} ({tags.format})")
    _print_line("in the file", _described(tags, tags.energy))
    for player in players.values():
        seen = seen_by(player, tags)
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
        ("mood", _listed(seen.moods)),
        ("words", _listed(seen.words)),
    )
    parts = [f"{name} {value}" for name, value in values if value]
    return shown(", ".join(parts) or "nothing")


def _listed(texts: Sequence[str]) -> str:
    return " | ".join(texts)


def _print_line(name: str, text: str) -> None:
    say(f"  {name:<18}  {text}")
