"""The soak itself: random steps from a seed, and after each a look at what must be true.

`COMMANDS`, `FAULTS` and the owner's methods are the table: what is added there is drawn from then on.
"""

import os
import random
import re
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, field

from soaking.commands import Commands, Fault, Outcome, full_disk, read_only, small_files
from soaking.ground import Ground
from soaking.owner import Owner
from soaking.truth import HarmError, Truth
from soaking.words import check_words, say

LISTS = ("rock.m3u8", "loud.xspf", "all.json", "old.pls", "paths.txt")
SHARE_OF_FAULTS = 0.5

LEAVE_NOTHING = ("playlist", "set", "unset", "corrections")
"""Commands after which, cut off, no run of scan or write-tags has anything to recover."""


@dataclass
class Run:
    """A run of write-tags that can be taken back, and what the files held before it."""

    number: int
    before: dict[str, str] = field(default_factory=dict)


class Soak:
    """One soak over one library."""

    def __init__(self, ground: Ground, n_files: int, seed: int) -> None:
        self.ground, self.seed = ground, seed
        self.truth = Truth(ground.roots)
        self.owner = Owner(ground, self.truth, n_files)
        self.commands = Commands(ground)
        self.survived: Counter[str] = Counter()
        self.runs: list[Run] = []
        self.is_settled, self.step = True, 0
        self.open_lists: set[str] = set()
        self.is_scan_open = False

    def begin(self) -> None:
        """Make the library and scan it once."""
        self.owner.fill(random.Random(f"{self.seed} library"))
        self.expect(self.commands.run(["scan", *self.ground.roots]), {0, 1})
        self.check(random.Random(0), may_write=False)

    def do_step(self) -> str:
        """Do the next step and look at the library; give the step's name. Raises HarmError."""
        self.step += 1
        rng = random.Random(f"{self.seed} {self.step}")
        if not self.is_clean and rng.random() < 0.4:
            self.recover(rng)
        names = list(STEPS)
        name = rng.choices(names, [STEPS[name][0] for name in names])[0]
        told = STEPS[name][1](self, rng)
        self.survived[told] += 1
        return told

    def finish(self) -> None:
        """Recover, look at every file, and take back all that can be."""
        rng = random.Random(f"{self.seed} end")
        self.recover(rng)
        while self.runs:
            undo(self, rng, None)
        self.check(rng, may_write=True, n_sample=None)

    def recover(self, rng: random.Random) -> None:
        """Run each command that was cut off once more, to its end: then nothing may be left of it."""
        for name in sorted(self.open_lists):
            self.expect(self.commands.run(_playlist(self, name, rng)), {0})
        self.open_lists.clear()
        self.expect(self.commands.run(["scan", self.ground.small_music]), {0, 1})
        self._note_end("scan")
        written = self.check(rng, may_write=True)
        self._remember(written)

    @property
    def is_clean(self) -> bool:
        return self.is_settled and not self.open_lists and not self.is_scan_open

    def under_faults(
        self, name: str, args: list[str], rng: random.Random, codes: set[int]
    ) -> tuple[Outcome, str]:
        """Run a command, as often as not under a fault; give how it ended and what the report calls it."""
        fault = rng.choices(list(FAULTS), [weight for weight, _ in FAULTS.values()])[0]
        if rng.random() > SHARE_OF_FAULTS or (fault == "on a full disk" and not self.ground.can_be_full):
            outcome = self.commands.run(args)
            self.expect(outcome, codes)
            self._note_end(name)
            return outcome, name
        if fault.startswith("killed"):
            kill = (rng.uniform(0.05, 1.05), "with its workers" in fault)
            outcome = self.commands.run(args, kill=kill)
            if not outcome.is_killed:
                self.expect(outcome, codes)
                self._note_end(name)
                return outcome, name
        else:
            bring_about: Fault | None = FAULTS[fault][1]
            with bring_about(self.ground, rng) if bring_about else nullcontext({}) as limits:
                outcome = self.commands.run(args, **limits)
            self.expect(outcome, {0, 1, 2, *codes})
        if name not in LEAVE_NOTHING:
            self.is_settled = False
            self.is_scan_open |= name == "scan"
        return outcome, f"{name} {fault}"

    def _note_end(self, name: str) -> None:
        """Note that a command has come to its end: of what was cut off before, each cleans up its own."""
        if name not in LEAVE_NOTHING:
            self.is_settled = True
        if name == "scan":
            self.is_scan_open = False

    def after(self, rng: random.Random, *, may_write: bool) -> dict[str, str]:
        """Look at the library after a step; give the former content of what was written."""
        written = self.check(rng, may_write=may_write)
        self._remember(written)
        return written

    def check(self, rng: random.Random, *, may_write: bool, n_sample: int | None = 40) -> dict[str, str]:
        written = self.truth.check(rng, may_write=may_write, is_settled=self.is_settled, n_sample=n_sample)
        check_words(self.ground)
        if self.is_clean and (litter := self.ground.litter()):
            raise HarmError(f"litter: {', '.join(litter)}")
        return written

    def _remember(self, written: dict[str, str]) -> None:
        """Keep what files held before the last run of write-tags, which may have been killed since."""
        if self.runs:
            for path, content in written.items():
                self.runs[-1].before.setdefault(path, content)

    def lose_sight(self, paths: list[str]) -> None:
        """Of these the earlier content is not asked for any more: their owner has changed them."""
        for run in self.runs:
            for path in paths:
                run.before.pop(path, None)

    def expect(self, outcome: Outcome, codes: set[int]) -> None:
        if outcome.code not in codes:
            raise HarmError(f"exit code {outcome.code}, not {codes}: {outcome.err[-2000:]}")


def scan(soak: Soak, rng: random.Random) -> str:
    """Scan all, or hear a few folders again."""
    folders = _some_folders(soak, rng, 6)
    args = ["scan", *soak.ground.roots] if rng.random() < 0.6 else ["scan", "--full", *folders]
    _, told = soak.under_faults("scan", args, rng, {0, 1})
    soak.after(rng, may_write=False)
    return told


_ENERGY_PLACES = [["--energy-in", place] for place in ("grouping", "mood")]
"""Those of fields that are all ours; in a comment the owner's words go on, which tests of tags look at."""


def write_tags(soak: Soak, rng: random.Random) -> str:
    """Write the tags of a few folders, seldom of all, by any policy."""
    args = ["write-tags", "--yes", "--quiet", "--genre", rng.choice(["missing", "replace", "add", "never"])]
    args += ["--bpm", rng.choice(["missing", "replace"]), "--min-confidence", rng.choice(["0", "0.6"])]
    args += ["--hard-links", rng.choice(["skip", "break", "in-place"])]
    args += rng.choice([[], ["--keep-mtime"]])
    args += rng.choice(
        [[], ["--write", "mood", "--write", "words"], ["--write", "words=add"], *_ENERGY_PLACES]
    )
    args += rng.choice([[], ["--write", "key"], ["--write", "key=replace"]])
    args += rng.choice([[], ["--bpm-range", "85-175", "--bpm-decimal", "id3"], ["--bpm-decimal", "allowed"]])
    args += _some_folders(soak, rng, 8) if rng.random() < 0.9 else []
    newest, was_settled = _newest_run(soak), soak.is_settled
    _, told = soak.under_faults("write-tags", args, rng, {0, 1})
    if (number := _newest_run(soak)) != newest:
        soak.runs.append(Run(number))
    written = soak.after(rng, may_write=True)
    if not was_settled:  # what an earlier run had begun to write in place was finished by this one
        soak.lose_sight([path for path in written if os.stat(path).st_nlink > 1])
    return told


def undo(soak: Soak, rng: random.Random, share_of_faults: float | None = SHARE_OF_FAULTS) -> str:
    """Take back the last run; where all came back, each file is what it was, byte for byte."""
    if not soak.runs:
        return "undo of nothing"
    run = soak.runs[-1]
    args = ["undo", "--yes", str(run.number)]
    if share_of_faults is None:
        outcome, told = soak.commands.run(args), "undo"
    else:
        outcome, told = soak.under_faults("undo", args, rng, {0, 1, 2})
    soak.truth.check(rng, may_write=True, is_settled=soak.is_settled)
    if outcome.is_killed or told != "undo":
        return told
    soak.runs.pop()
    other = [path for path, content in run.before.items() if soak.truth.files[path].content != content]
    other = [path for path in other if path not in outcome.err]
    if other:
        raise HarmError(f"{other[0]}: not what it was before run {run.number}, and {len(other) - 1} others")
    return told


def playlist(soak: Soak, rng: random.Random) -> str:
    """Write one of a few playlists again."""
    name = rng.choice(LISTS)
    _, told = soak.under_faults("playlist", _playlist(soak, name, rng), rng, {0})
    if told == "playlist":
        soak.open_lists.discard(name)
    else:
        soak.open_lists.add(name)
    check_whole(os.path.join(soak.ground.lists, name))
    soak.after(rng, may_write=False)
    return told


def words(soak: Soak, rng: random.Random) -> str:
    """Let the owner say something in the place of the models, or take it back."""
    told = say(soak.ground, soak.under_faults, _some_folders(soak, rng, 4), rng)
    soak.after(rng, may_write=False)
    return told


def damage(soak: Soak, rng: random.Random) -> str:
    """Write random bytes into the database, go on for a while, then do what the messages say."""
    if not soak.is_clean:
        soak.recover(rng)
    database = soak.ground.database
    size = os.path.getsize(database)
    with open(database, "r+b") as file:
        for _ in range(rng.choice([1, 3, 20])):
            file.seek(rng.choice([rng.randrange(size), rng.randrange(min(size, 4096)), rng.randrange(100)]))
            file.write(rng.randbytes(rng.choice([1, 4, 64, 4096])))
    write = ["write-tags", "--yes", "--quiet", "--genre", "replace", *_some_folders(soak, rng, 2)]
    commands: list[str] = []
    for args in (["scan", soak.ground.small_music], write, ["undo", "--yes"], ["playlist"]):
        outcome = soak.commands.run(args)
        soak.expect(outcome, {0, 1, 2})
        commands += re.findall(r"run: (mv .*)", outcome.err)
        soak.truth.check(rng, may_write=True, is_settled=True)
    told = "database damaged, told and restored" if commands else "database damaged, not noticed and restored"
    _restore(soak, commands)
    soak.runs.clear()
    soak.expect(soak.commands.run(["scan", *soak.ground.roots]), {0, 1})
    soak.after(rng, may_write=False)
    return told


def by_owner(name: str) -> Callable[[Soak, random.Random], str]:
    """Make a step of what the owner does."""

    def step(soak: Soak, rng: random.Random) -> str:
        if not soak.is_settled:
            soak.recover(rng)  # a file half written in place is nobody's to copy
        soak.lose_sight(getattr(soak.owner, name)(rng))
        soak.check(rng, may_write=False, n_sample=10)
        return f"owner: {name.replace('_', ' ')}"

    return step


STEPS: dict[str, tuple[float, Callable[[Soak, random.Random], str]]] = {
    "scan": (5, scan),
    "write-tags": (7, write_tags),
    "undo": (4, undo),
    "playlist": (3, playlist),
    "words": (4, words),
    "damage": (0.7, damage),
    **{
        name: (1, by_owner(name))
        for name in ("add", "retag", "move", "copy", "delete", "replace", "change_dates")
    },
}

FAULTS: dict[str, tuple[float, Fault | None]] = {
    "killed": (5, None),
    "killed with its workers": (2, None),
    "on a full disk": (3, full_disk),
    "under a limit of file sizes": (2, small_files),
    "in read-only folders": (2, read_only),
}


def _some_folders(soak: Soak, rng: random.Random, most: int) -> list[str]:
    folders = sorted({os.path.dirname(path) for path in soak.truth.files})
    return rng.sample(folders, min(len(folders), rng.randint(1, most)))


def _playlist(soak: Soak, name: str, rng: random.Random) -> list[str]:
    format_ = {"paths.txt": ["--format", "paths"]}.get(name, [])
    energy = rng.choice([[], ["--shape", "wave"], ["--sort", "bpm"], ["--limit", "200"]])
    return ["playlist", "-o", os.path.join(soak.ground.lists, name), *format_, *energy]


def check_whole(path: str) -> None:
    """Raise HarmError for half a playlist."""
    if not os.path.exists(path):
        return
    with open(path, "rb") as file:
        data = file.read()
    begins = {".m3u8": b"#EXTM3U", ".xspf": b"<?xml", ".json": b"[", ".pls": b"[playlist]", ".txt": b"/"}
    ends = {".xspf": b"</playlist>", ".json": b"]"}
    kind = os.path.splitext(path)[1]
    if not data.startswith(begins[kind]) or not data.rstrip(b"\n").endswith(ends.get(kind, b"")):
        raise HarmError(f"{path}: half a playlist: {data[:60]!r}…{data[-60:]!r}")


def _newest_run(soak: Soak) -> int:
    with closing(sqlite3.connect(soak.ground.database)) as connection:
        (number,) = connection.execute("SELECT max(id) FROM runs WHERE command = 'write-tags'").fetchone()
        return number or 0


def _restore(soak: Soak, commands: list[str]) -> None:
    """Do what a message says; where the damage was not met, the same, for the model is of the time before."""
    database = soak.ground.database
    if commands:
        subprocess.run(["sh", "-ec", commands[-1]], check=True)
    else:
        for ending in ("-wal", "-shm"):
            if os.path.exists(database + ending):
                os.unlink(database + ending)
        os.replace(database, database + ".damaged")
        if os.path.exists(database + ".bak"):
            subprocess.run(["cp", database + ".bak", database], check=True)
    os.unlink(database + ".damaged")


def minutes_since(began: float) -> float:
    """Give the minutes since a moment of the monotonic clock."""
    return (time.monotonic() - began) / 60
