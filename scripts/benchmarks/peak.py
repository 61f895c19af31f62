"""What a command takes of the computer: memory, processor, time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Used:
    """Seconds of processor of all its processes and by the clock, and MB of the largest one at most."""

    cpu_s: float
    clock_s: float
    peak_mb: float
    stdout: str


def used(command: list[str], *, on_one_core: bool, environment: Mapping[str, str]) -> Used:
    """Run a command; asked of a small parent, as in `peak_mb`.

    Raises `CalledProcessError` where it ends with another status than 0.
    """
    code = (
        "import json, os, resource, subprocess, sys, time\n"
        "if sys.argv[1] and hasattr(os, 'sched_setaffinity'):\n"
        "    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\n"
        "began = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[2:], capture_output=True, text=True, errors='replace')\n"
        "clock_s, took = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "cpu_s = took.ru_utime + took.ru_stime\n"
        "print(json.dumps([done.returncode, done.stdout, done.stderr, cpu_s, clock_s, took.ru_maxrss]))"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code, "1" if on_one_core else "", *command],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    status, stdout, stderr, cpu_s, clock_s, peak_kb = json.loads(asked.stdout)
    if status != 0:
        raise subprocess.CalledProcessError(status, command, stdout, stderr)
    return Used(cpu_s, clock_s, peak_kb / 1000, stdout)


def peak_mb(command: list[str]) -> float:
    """Resident memory of a command at its largest, asked of a small parent: a fork counts its parent's."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    asked = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return int(asked.stdout) / 1000
