"""Worker processes that hear files, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any

from tagger.files import AudioFile
from tagger.types import Failure, Identified, TrackFeatures

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Every core has a worker of its own; libraries that start threads beside them only slow it down."""

GRACE_S = 3.0
"""How long an interrupted scan waits for the files under way; longer than any healthy file takes."""

STUCK_S = 120.0
"""If nothing at all is heard for so long, a file is blocking its worker: a dead drive, a looping codec."""

MAX_DATA_BYTES = 3 << 30
"""Memory that one worker may take; a file that wants more fails by itself instead of ending the run."""

Outcome = TrackFeatures | Identified | Failure


def hear_all(
    files: Iterable[AudioFile], model_folder: str, identities: str | None, jobs: int, ahead: int
) -> Iterator[Outcome]:
    """Hears `files` in `jobs` processes and yields outcomes as they come, in any order.

    Sounds in the table `identities` (see `identity_table`) are recognised and not decoded.
    `files` is read from the calling thread, at most `ahead` files before their outcomes are taken, so
    memory is bounded. A file that kills its worker (a crash in a codec, no memory left) becomes a
    `Failure`; the others that were under way with it are heard again. No process starts before the
    first file.
    """
    files = iter(files)
    pending: dict[Future[Outcome], AudioFile] = {}
    ended: SimpleQueue[Future[Outcome]] = SimpleQueue()  # to wait for all pending ones would look at each
    try:
        while True:
            for file in islice(files, ahead - len(pending)):
                future = _submit(file, model_folder, identities, jobs)
                pending[future] = file
                future.add_done_callback(ended.put)
            if not pending:
                return
            future_ended = _next(ended)
            if future_ended is None or isinstance(future_ended.exception(), BrokenProcessPool):
                suspects = list(pending.values())
                pending.clear()
                yield from _one_by_one(suspects, model_folder, identities)
            elif pending.pop(future_ended, None):  # not one of those that were heard again
                yield future_ended.result()
    finally:
        if pending:
            _abandon(pending, jobs)


def _next(ended: SimpleQueue[Future[Outcome]]) -> Future[Outcome] | None:
    """The next one to end, or None if none does for `STUCK_S`."""
    try:
        return ended.get(timeout=STUCK_S)
    except Empty:
        return None


def _one_by_one(
    suspects: Iterable[AudioFile], model_folder: str, identities: str | None
) -> Iterator[Outcome]:
    """Hears each file alone, so that one which kills or blocks its worker is known by name."""
    _executor(jobs=1).shutdown(wait=True, kill_workers=True)
    for file in suspects:
        try:
            yield _submit(file, model_folder, identities, jobs=1).result(timeout=STUCK_S)
        except BrokenProcessPool:
            reason = "crashed the decoder, or needed more memory than there is; re-encode or replace the file"
            yield Failure(file.path, "decode", reason, file.size, file.mtime_ns)
        except TimeoutError:
            _executor(jobs=1).shutdown(wait=True, kill_workers=True)
            reason = f"not read after {STUCK_S:.0f} s; check its drive, or replace the file"
            yield Failure(file.path, "decode", reason, file.size, file.mtime_ns)


def _abandon(pending: Iterable[Future[Outcome]], jobs: int) -> None:
    """Interrupted: nobody waits for these any more. Files under way get a moment to end by themselves."""
    running = [future for future in pending if not future.cancel()]
    stuck = wait(running, timeout=GRACE_S).not_done
    _executor(jobs).shutdown(wait=True, kill_workers=bool(stuck))


def _submit(file: AudioFile, model_folder: str, identities: str | None, jobs: int) -> Future[Outcome]:
    future: Future[Outcome] = _executor(jobs).submit(_hear, file, model_folder, identities)
    return future


def _hear(file: AudioFile, model_folder: str, identities: str | None) -> Outcome:
    from tagger.pipeline.extract import hear  # scipy and PyAV: for workers, not for the main process

    return hear(file, model_folder, identities)


def _executor(jobs: int) -> Any:
    """The running executor, or a new one where there is none or the last one broke."""
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(
        max_workers=jobs, timeout=60, env=ONE_THREAD, initializer=_start, kill_workers=True
    )


def _start() -> None:
    """Sets up a worker process: Ctrl-C reaches the whole group, and only the main process answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(ONE_THREAD)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MAX_DATA_BYTES, MAX_DATA_BYTES))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """Ends this worker when its parent is gone: after a `kill -9` nobody else would."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
