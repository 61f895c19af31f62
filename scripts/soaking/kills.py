"""So many kills of each command, with a look for harm and litter after each."""

import os
import random
import sqlite3
from contextlib import closing

from soaking.steps import Soak, check_whole
from soaking.truth import HarmError

KILLED = ("scan", "write-tags", "undo", "playlist", "review")

REVIEWED = ("5", "*", "a", "w", "y", "\r", "q")
"""Keys of a review: all rows are marked, accepted and written."""


def count_kills(soak: Soak, n_kills: int) -> None:
    """Kill each command that changes something `n_kills` times at random moments; raises HarmError.

    After each kill every file is looked at. Then all is taken back: each file is what it was before, byte for
    byte, and nothing lies beside it.
    """
    rng = random.Random(soak.seed)
    soak.begin()
    before = {path: known.content for path, known in soak.truth.files.items()}
    commands = _commands(soak)
    for name in ("write-tags", "undo", "playlist", "review", "undo"):  # how long they take
        soak.expect(soak.commands.run(commands[name], keys=_keys(name)), {0, 1})
        soak.check(rng, may_write=True)
    killed = dict.fromkeys(KILLED, 0)
    while min(killed.values()) < n_kills:
        soak.step += 1
        for name in KILLED:
            if killed[name] < n_kills:
                killed[name] += _kill(soak, rng, name, commands[name])
            if name == "write-tags" and rng.random() < 0.5:
                soak.expect(soak.commands.run(commands[name]), {0, 1})
                soak.is_settled = True
                soak.check(rng, may_write=True, n_sample=None)
        _take_all_back(soak, rng, before)
        if soak.step % 5 == 0:
            print(", ".join(f"{count} {name}" for name, count in killed.items()), flush=True)


def _commands(soak: Soak) -> dict[str, list[str]]:
    write = ["write-tags", "--yes", "--quiet", "--genre", "replace", "--hard-links", "in-place"]
    playlist = ["playlist", "-o", os.path.join(soak.ground.lists, "all.m3u8")]
    scan = ["scan", "--full", *soak.ground.roots]
    undo, review = ["undo", "--yes"], ["review"]
    return {"scan": scan, "write-tags": write, "undo": undo, "playlist": playlist, "review": review}


def _keys(name: str) -> tuple[str, ...]:
    return REVIEWED if name == "review" else ()


def _kill(soak: Soak, rng: random.Random, name: str, args: list[str]) -> bool:
    """Run a command and kill it; whether that was before its end."""
    if name == "review":
        _forget_decisions(soak)
    outcome = soak.commands.run(args, kill=(rng.uniform(0.2, 1.0), rng.random() < 0.3), keys=_keys(name))
    soak.is_settled = False
    written = soak.check(rng, may_write=True, n_sample=None)
    if name in ("scan", "playlist") and written:
        raise HarmError(f"{min(written)}: changed by {name}")
    if outcome.is_killed:
        half_done = ", something half done" if _is_half_done(soak, written) else ""
        soak.survived[f"{name} killed{half_done}"] += 1
    if name == "playlist":
        check_whole(args[2])
        if soak.ground.litter():  # which the same command removes the next time
            soak.expect(soak.commands.run(args), {0})
    return outcome.is_killed


def _forget_decisions(soak: Soak) -> None:
    """Let the owner decide anew: what was decided and written is not written again."""
    with closing(sqlite3.connect(soak.ground.database)) as database, database:
        database.execute("DELETE FROM corrections")


def _is_half_done(soak: Soak, written: dict[str, str]) -> bool:
    walks = (names for root in soak.truth.roots for _, _, names in os.walk(root))
    has_drafts = any(name.startswith(".tagger-") for names in walks for name in names)
    return has_drafts or 0 < len(written) < 0.9 * len(soak.truth.files)


def _take_all_back(soak: Soak, rng: random.Random, before: dict[str, str]) -> None:
    """Undo until each file is what it was."""
    while True:
        outcome = soak.commands.run(["undo", "--yes"])
        soak.expect(outcome, {0, 2})
        soak.is_settled = True
        soak.check(rng, may_write=True, n_sample=None)
        files = soak.truth.files
        other = [path for path, content in before.items() if files[path].content != content]
        if not other:
            return
        if outcome.code == 2:
            raise HarmError(f"{other[0]}: not what it was, and {len(other) - 1} others: {outcome.err}")
