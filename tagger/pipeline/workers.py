"""Worker processes that extract features, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from tagger.files import AudioFile
from tagger.types import Failure, Identified, TrackFeatures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Every core has a worker of its own; libraries that start threads beside them only slow it down."""

GRACE_S = 3.0
"""How long an interrupted scan waits for the files under way; longer than any healthy file takes."""

STUCK_S = 120.0
"""If no file comes back for so long, a file is blocking its worker: a dead drive, a looping codec."""

MAX_DATA_BYTES = 3 << 30
"""Memory that one worker may take; a file that wants more fails by itself instead of ending the run."""

Outcome = TrackFeatures | Identified | Failure


Work = Callable[[AudioFile, str, "str | None"], Outcome]
"""What a worker does with a file, the model's folder and the table of known sounds."""


def extract(file: AudioFile, model_folder: str, known_sounds: str | None) -> Outcome:
    """Extract the features of one file in a worker process."""
    from tagger.pipeline.extract import extract_features  # scipy and PyAV: not for the main process

    return extract_features(file, model_folder, known_sounds)


def extract_all(
    files: Iterable[AudioFile],
    model_folder: str,
    known_sounds: str | None = None,
    *,
    jobs: int,
    ahead: int,
    work: Work | None = None,
    stuck_s: float = STUCK_S,
) -> Iterator[Outcome]:
    """Extract the features of `files` in `jobs` processes; yield outcomes as they come, in any order.

    Sounds in the table `known_sounds` (see `known_sounds_table`) are recognised and not decoded.
    `files` is read from the calling thread, at most `ahead` files before their outcomes are taken, so
    memory is bounded. A file that kills its worker (a crash in a codec, no memory left), or that holds up
    all of them for `stuck_s` seconds, becomes a `Failure`; the others that were under way with it are
    extracted again. No process starts before the first file.
    """
    files = iter(files)
    pool = _Pool(model_folder, known_sounds, jobs, work or extract, stuck_s)
    pending: dict[Future[Outcome], AudioFile] = {}
    ended: SimpleQueue[Future[Outcome]] = SimpleQueue()  # to wait for all pending ones would look at each
    try:
        while True:
            for file in islice(files, ahead - len(pending)):
                future = pool.submit(file)
                pending[future] = file
                future.add_done_callback(ended.put)
            if not pending:
                return
            future_ended = _next(ended, stuck_s)
            if future_ended is None or isinstance(future_ended.exception(), BrokenProcessPool):
                suspects = list(pending.values())
                pending.clear()
                yield from pool.one_by_one(suspects)
            elif pending.pop(future_ended, None):  # not one of those that were extracted again
                yield future_ended.result()
    finally:
        if pending:
            _abandon(pending, jobs)


@contextmanager
def known_sounds_table(audio_ids: Iterable[str]) -> Iterator[str | None]:
    """Write a temporary file of all `audio_ids`, eight bytes each, for `is_listed`; None for no ids."""
    import numpy as np

    keys = np.fromiter((_key(audio_id) for audio_id in audio_ids), np.uint64)
    if not len(keys):
        yield None
        return
    keys.sort()
    with tempfile.TemporaryDirectory(prefix="tagger-") as folder:
        path = os.path.join(folder, "known-sounds.npy")
        np.save(path, keys)
        yield path


def is_listed(table: str, audio_id: str) -> bool:
    """Tell whether a sound is in the table; one in 10^13 is said to be that is not."""
    keys, key = _keys(table), _key(audio_id)
    at = int(keys.searchsorted(keys.dtype.type(key)))
    return at < len(keys) and int(keys[at]) == key


@dataclass(frozen=True, slots=True)
class _Pool:
    """The arguments that every file is submitted with; the executor behind it is loky's reusable one."""

    model_folder: str
    known_sounds: str | None
    jobs: int
    work: Work
    stuck_s: float

    def submit(self, file: AudioFile, jobs: int | None = None) -> Future[Outcome]:
        executor = _executor(jobs or self.jobs)
        future: Future[Outcome] = executor.submit(self.work, file, self.model_folder, self.known_sounds)
        return future

    def one_by_one(self, suspects: Iterable[AudioFile]) -> Iterator[Outcome]:
        """Extract each file alone, so that one which kills or blocks its worker is known by name."""
        # With the same number of workers: to change it, loky would wait for the very file that blocks.
        _executor(self.jobs).shutdown(wait=True, kill_workers=True)
        for file in suspects:
            try:
                yield self.submit(file, jobs=1).result(timeout=self.stuck_s)
            except BrokenProcessPool:
                reason = (
                    "crashed the decoder, or needed more memory than there is; re-encode or replace the file"
                )
                yield Failure(file.path, "decode", reason, file.size, file.mtime_ns)
            except TimeoutError:
                _executor(jobs=1).shutdown(wait=True, kill_workers=True)
                reason = f"not read after {self.stuck_s:.0f} s; check its drive, or replace the file"
                yield Failure(file.path, "decode", reason, file.size, file.mtime_ns)


def _next(ended: SimpleQueue[Future[Outcome]], stuck_s: float) -> Future[Outcome] | None:
    """The next one to end, or None if none does for `stuck_s`."""
    try:
        return ended.get(timeout=stuck_s)
    except Empty:
        return None


def _abandon(pending: Iterable[Future[Outcome]], jobs: int) -> None:
    """Interrupted: nobody waits for these any more. Files under way get a moment to end by themselves."""
    running = [future for future in pending if not future.cancel()]
    stuck = wait(running, timeout=GRACE_S).not_done
    _executor(jobs).shutdown(wait=True, kill_workers=bool(stuck))


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


def _key(audio_id: str) -> int:
    return int(audio_id[:16], 16)


@lru_cache(maxsize=1)
def _keys(table: str) -> NDArray[np.uint64]:
    import numpy as np

    keys: NDArray[np.uint64] = np.load(table, mmap_mode="r")
    return keys
