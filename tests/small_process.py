"""A process that is cheap to copy, for tests that kill dozens of copies.

A copy of the process of the tests, which has loaded PyTorch and librosa, takes longer than the work that is
to be killed in it.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable

_CALL = "import pickle, sys; work, arguments = pickle.load(sys.stdin.buffer); work(*arguments)"


def in_a_small_process(work: Callable[..., None], *arguments: object) -> None:
    """Call a function of a module of tests in a Python of its own; what it raises fails the test."""
    done = subprocess.run(
        [sys.executable, "-c", _CALL],
        input=pickle.dumps((work, arguments)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
