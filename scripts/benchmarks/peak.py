"""The memory of a command."""

import subprocess
import sys


def peak_mb(command: list[str]) -> float:
    """Resident memory of a command at its largest, asked of a small parent: a fork counts its parent's."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    asked = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return int(asked.stdout) / 1000
