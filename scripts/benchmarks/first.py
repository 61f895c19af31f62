"""The first answer: one new file, from the start of the process to its end."""

import os
import sys
import tempfile

from benchmarks.music import made_mp3_files
from benchmarks.peak import Used, used


def bench_first(repeats: int) -> None:
    """Print the seconds of processor and by the clock that each command takes; in turn, the least of each."""
    taken: dict[str, list[Used]] = {"scan, a new file": [], "show, a new file": [], "show, a known file": []}
    with tempfile.TemporaryDirectory() as folder:
        (file,) = made_mp3_files(folder, n_files=1)
        for turn in range(repeats):
            db, empty = (os.path.join(folder, f"{turn}{name}.db") for name in ("", "-empty"))
            for name, arguments in zip(
                taken,
                (["scan", file, "--db", db], ["show", file, "--db", empty], ["show", file, "--db", db]),
                strict=True,
            ):
                command = [sys.executable, "-m", "tagger", *arguments]
                taken[name].append(used(command, on_one_core=False, environment={}))
    for name, ones in taken.items():
        cpu_s, clock_s = min(one.cpu_s for one in ones), min(one.clock_s for one in ones)
        peak_mb = max(one.peak_mb for one in ones)
        print(
            f"{name:<20}{cpu_s:6.2f} s of processor, {clock_s:6.2f} s by the clock, {peak_mb:4.0f} MB at most"
        )
