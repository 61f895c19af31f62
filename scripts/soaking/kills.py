"""So many kills of each command, with a look for harm and litter after each."""

import os
import random

from soaking.steps import Soak, check_whole
from soaking.truth import HarmError


def count_kills(soak: Soak, n_kills: int) -> None:
    """Kill scan, write-tags, undo and playlist `n_kills` times each at random moments; raises HarmError.

    After each kill every file is looked at, the command is run once more to its end, and nothing may be
    left beside the files. Before and after, each file is what it was, byte for byte.
    """
    rng = random.Random(soak.seed)
    soak.begin()
    before = {path: known.content for path, known in soak.truth.files.items()}
    all_folders = list(soak.ground.roots)
    write = ["write-tags", "--yes", "--quiet", "--genre", "replace", "--hard-links", "in-place"]
    undo, playlist = ["undo", "--yes"], ["playlist", "-o", os.path.join(soak.ground.lists, "all.m3u8")]
    for args, codes in ((write, {0, 1}), (undo, {0}), (playlist, {0})):  # how long they take
        soak.expect(soak.commands.run(args), codes)
    soak.check(rng, may_write=True)
    killed = dict.fromkeys(("scan", "write-tags", "undo", "playlist"), 0)
    while min(killed.values()) < n_kills:
        soak.step += 1
        for args in (["scan", "--full", *all_folders], write, undo, playlist):
            if killed[args[0]] < n_kills:
                killed[args[0]] += _kill(soak, rng, args)
        _take_all_back(soak)
        soak.check(rng, may_write=True)
        if other := [path for path, content in before.items() if soak.truth.files[path].content != content]:
            raise HarmError(f"{other[0]}: not what it was, and {len(other) - 1} others")
        if soak.step % 10 == 0:
            print(", ".join(f"{count} {name}" for name, count in killed.items()), flush=True)


def _kill(soak: Soak, rng: random.Random, args: list[str]) -> bool:
    """Kill a command and run it again; whether it was killed before its end."""
    outcome = soak.commands.run(args, kill=(rng.uniform(0.1, 1.0), rng.random() < 0.3))
    soak.is_settled = False
    written = soak.check(rng, may_write=True, n_sample=None)
    if args[0] in ("scan", "playlist") and written:
        raise HarmError(f"{min(written)}: changed by {args[0]}")
    if args[0] == "playlist":
        check_whole(args[2])
    if outcome.is_killed:
        soak.survived[
            f"{args[0]} killed" + (", something half done" if _is_half_done(soak, written) else "")
        ] += 1
    again = soak.commands.run(args if args[0] != "scan" else ["scan", soak.ground.small_music])
    soak.expect(again, {0, 1, 2} if args[0] == "undo" else {0, 1})  # 2: all was undone already
    soak.is_settled = True
    soak.check(rng, may_write=True)
    return outcome.is_killed


def _is_half_done(soak: Soak, written: dict[str, str]) -> bool:
    drafts = any(
        name.startswith(".tagger-")
        for root in soak.truth.roots
        for _, _, names in os.walk(root)
        for name in names
    )
    return drafts or 0 < len(written) < 0.9 * len(soak.truth.files)


def _take_all_back(soak: Soak) -> None:
    while (outcome := soak.commands.run(["undo", "--yes"])).code != 2:
        soak.expect(outcome, {0})
