"""Real processes of the program, and what happens to them: kills, full disks, limits, missing rights."""

import contextlib
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from soaking.ground import Ground
from soaking.screen import typed
from soaking.truth import HarmError

LONGEST_S = 1800.0
GOODBYE_S = 60.0
"""How long workers may outlive a main process that was killed."""


@dataclass(frozen=True)
class Outcome:
    """How a process ended; `is_killed` where the kill came before its end."""

    code: int
    out: str
    err: str
    seconds: float
    is_killed: bool = False


class Commands:
    """Runs the program, and remembers how long each command takes, so that kills meet it at work."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.typical_s: dict[str, float] = {}

    def run(
        self,
        args: Sequence[str],
        *,
        kill: tuple[float, bool] | None = None,
        most_bytes: int | None = None,
        keys: Sequence[str] = (),
    ) -> Outcome:
        """Run one command to its end, or kill it after a share of its usual time, its workers too or not.

        `most_bytes` is the size that no file may exceed. With `keys` it runs on a terminal at which these are
        typed. Raises HarmError for a traceback, a process that
        never ends, and workers that outlive it.
        """
        began = time.monotonic()
        log = os.path.join(self.ground.root, "output")
        with ExitStack() as stack:
            out, err = (stack.enter_context(open(log + end, "w+b")) for end in ("", ".err"))
            terminal, drawn = stack.enter_context(typed(keys)) if keys else (None, b"")
            process = subprocess.Popen(
                [sys.executable, "-m", "tagger", *args],
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=out if terminal is None else terminal,
                stderr=err if terminal is None else terminal, cwd=self.ground.root,
                env=self.ground.environment(), start_new_session=True,
                preexec_fn=(lambda: _limit(most_bytes)) if most_bytes is not None else None,
            )  # fmt: skip
            is_killed = self._wait_or_kill(process, args[0], kill)
            seconds = time.monotonic() - began
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode("utf-8", "replace"))
            texts[1] += bytes(drawn).decode("utf-8", "replace")
        if "Traceback" in texts[1]:
            raise HarmError(f"{' '.join(args)}: a traceback:\n{texts[1][-3000:]}")
        self._wait_for_workers(process.pid, args)
        if kill is None and most_bytes is None:
            self.typical_s[args[0]] = 0.5 * (self.typical_s.get(args[0], seconds) + seconds)
        return Outcome(process.returncode, *texts, seconds, is_killed)

    def _wait_or_kill(
        self, process: subprocess.Popen[bytes], command: str, kill: tuple[float, bool] | None
    ) -> bool:
        try:
            if kill is None:
                process.wait(LONGEST_S)
                return False
            share, with_workers = kill
            process.wait(share * self.typical_s.get(command, 2.0))
        except subprocess.TimeoutExpired:
            if kill is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise HarmError(f"{command}: did not end in {LONGEST_S:.0f} s") from None
            (os.killpg if with_workers else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
            return True
        return False

    def _wait_for_workers(self, group: int, args: Sequence[str]) -> None:
        end = time.monotonic() + GOODBYE_S
        while alive := _alive(group):
            if time.monotonic() > end:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
                raise HarmError(f"{' '.join(args)}: left {len(alive)} processes running: {alive}")
            time.sleep(0.05)


Fault = Callable[[Ground, random.Random], AbstractContextManager[dict[str, int]]]
"""Brings a fault about while its block runs; gives what `Commands.run` is to know of it."""


@contextmanager
def full_disk(ground: Ground, rng: random.Random) -> Iterator[dict[str, int]]:
    """Leave a few bytes free on the drive of the database, the playlists and a part of the music."""
    ballast = ground.fill(rng.choice([0, 0, 4096, 1 << 16, 1 << 18, 1 << 20, 1 << 22]))
    try:
        yield {}
    finally:
        os.unlink(ballast)


@contextmanager
def small_files(ground: Ground, rng: random.Random) -> Iterator[dict[str, int]]:
    """Let no file grow beyond a size, as a quota does."""
    yield {"most_bytes": rng.choice([0, 4096, 1 << 15, 1 << 17, 1 << 19, 1 << 22])}


@contextmanager
def read_only(ground: Ground, rng: random.Random) -> Iterator[dict[str, int]]:
    """Take the right to write from half of the folders: of music, of the database, of the playlists."""
    music = [folder for root in ground.roots for folder, _, _ in os.walk(root)]
    folders = sorted(folder for folder in [*music, ground.state, ground.lists] if rng.random() < 0.5)
    before = {folder: stat.S_IMODE(os.stat(folder).st_mode) for folder in folders}
    try:
        for folder in folders:
            os.chmod(folder, 0o555)
        yield {}
    finally:
        for folder, mode in before.items():
            os.chmod(folder, mode)


def _limit(most_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def _alive(group: int) -> list[str]:
    """The processes of a group that are more than an entry in the table."""
    if not os.path.isdir("/proc/self"):
        return []
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
            state, _, of_group = file.read().rpartition(")")[2].split()[:3]
            if int(of_group) == group and state not in "ZX":
                found.append(name)
    return found
