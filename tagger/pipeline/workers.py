"""Worker processes that extract features, and what happens when one of them dies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from tagger.descriptors import Folder, try_lock
from tagger.errors import WorkerError
from tagger.files import AudioFile
from tagger.pipeline.executor import Executor
from tagger.types import Analysis, Failure, Identified, TrackFeatures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRACE_S = 3.0
"""How long an interrupted scan waits for the files under way; longer than any healthy file takes."""

STUCK_S = 120.0
"""If no file comes back for so long, a file is blocking its worker: a dead drive, a looping codec."""

_UNABLE = (
    "worker processes {} before they read a file; check the free memory and the limits of this user "
    "(ulimit -a), or try --jobs 1. No file is blamed for it"
)

_TABLE = "known-sounds.npy"

Outcome = Analysis | TrackFeatures | Identified | Failure


Work = Callable[[AudioFile, str, "str | None"], Outcome]
"""What a worker does with a file, the model's folder and the table of known sounds."""


def extract(file: AudioFile, model_folder: str, known_sounds: str | None) -> Outcome:
    """Extract the features of one file in a worker process."""
    from tagger.pipeline.extract import extract_features  # scipy and PyAV: not for the main process

    return extract_features(file, model_folder, known_sounds)


def analyse(file: AudioFile, model_folder: str, known_sounds: str | None) -> Outcome:
    """Extract the features of one file in a worker process, and predict from them."""
    from tagger.pipeline.extract import analyse_features, extract_features

    return analyse_features(extract_features(file, model_folder, known_sounds), model_folder)


def read_tags(file: AudioFile, model_folder: str, known_sounds: str | None) -> Outcome:
    """Read in a worker process what the tags of a file say whose sound is known."""
    from tagger.pipeline.extract import read_known_file

    return read_known_file(file)


def start(jobs: int, model_folder: str) -> None:
    """Start workers and nothing else: they have imports to do while the caller goes on."""
    Executor(jobs).submit(is_able, model_folder)


def is_able(model_folder: str) -> bool:
    """Do in a worker process all that comes before the first byte of a file: imports, loading the model."""
    from tagger.pipeline.extract import is_ready

    return is_ready(model_folder)


def extract_all(
    files: Iterable[AudioFile],
    model_folder: str,
    known_sounds: str | None = None,
    *,
    jobs: int,
    ahead: int,
    work: Work | None = None,
    stuck_s: float = STUCK_S,
    on_end: Callable[[AudioFile], None] = lambda file: None,
    is_spent: Callable[[], bool] = lambda: False,
    on_left: Callable[[AudioFile], None] = lambda file: None,
) -> Iterator[Outcome]:
    """Extract the features of `files` in `jobs` processes; yield outcomes as they come, in any order.

    Sounds in the table `known_sounds` (see `known_sounds_table`) are recognised and not decoded.
    `files` is read from the calling thread, at most `ahead` files before their outcomes are taken, so
    memory is bounded. A file that kills its worker (a crash in a codec, no memory left), or that holds up
    all of them for `stuck_s` seconds, becomes a `Failure`; the others that were under way with it are
    extracted again. No process starts before the first file. Raises WorkerError where a worker dies, or
    hangs, without any file: whose fault that is, is not known of the files then.

    `on_end` is called as soon as the outcome of a file is there, from a thread of its own, also while the
    caller is busy with others. Once `is_spent`, `on_left` gets the files that no worker has begun with.
    """
    files = iter(files)
    first = [*islice(files, jobs)]  # no more workers start than there are files
    files = chain(first, files)
    pool = _Pool(model_folder, known_sounds, max(1, len(first)), work or extract, stuck_s)
    pending: dict[Future[Outcome], AudioFile] = {}
    ended: SimpleQueue[Future[Outcome]] = SimpleQueue()  # to wait for all pending ones would look at each

    def note(future: Future[Outcome]) -> None:
        file = pending.get(future)
        ended.put(future)
        if future.cancelled():
            return
        if file and not future.exception():
            on_end(file)
        if is_spent():
            for other in list(pending):
                other.cancel()  # which only those take that no worker has begun with

    try:
        while True:
            for file in islice(files, ahead - len(pending)):
                future = pool.submit(file)
                pending[future] = file
                future.add_done_callback(note)
            if not pending:
                return
            future_ended = _next(ended, stuck_s)
            if future_ended and future_ended.cancelled():
                if left := pending.pop(future_ended, None):
                    on_left(left)
            elif future_ended is None or isinstance(future_ended.exception(), BrokenExecutor):
                suspects = [pending.pop(future) for future in list(pending) if not future.cancelled()]
                for file, outcome in zip(suspects, pool.one_by_one(suspects), strict=True):
                    on_end(file)
                    yield outcome
            elif pending.pop(future_ended, None):  # not one of those that were extracted again
                yield future_ended.result()
    finally:
        if pending:
            pool.abandon(pending)


@contextmanager
def known_sounds_table(audio_ids: Iterable[str]) -> Iterator[str | None]:
    """Write a temporary file of all `audio_ids`, eight bytes each, for `is_listed`; give its name.

    None for no ids, and where there is no place for temporary files: known sounds are then decoded, too.
    """
    found = [key for key in map(_key, audio_ids) if key is not None]
    if not found:
        yield None
        return
    import numpy as np

    keys = np.array(found, np.uint64)
    keys.sort()
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tagger-"))
            table = os.path.join(folder, _TABLE)
            file = stack.enter_context(open(f"{table}.new", "xb"))
            try_lock(file.fileno())  # as long as it is used, and before it has the name
            np.save(file, keys)
            file.flush()
            if os.name == "posix":
                os.rename(file.name, table)
            else:  # where an open file is renamed by nobody
                file.close()
                os.rename(file.name, table)
        except OSError:
            table = None
        yield table


def remove_stale_tables() -> None:
    """Remove the tables of scans that were killed: our own ones, which nobody holds."""
    if not hasattr(os, "geteuid"):
        return
    ours: list[os.DirEntry[str]] = []
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        ours += (one for one in entries if one.name.startswith("tagger-"))
    for one in ours:
        with suppress(OSError):
            is_mine = one.stat(follow_symlinks=False).st_uid == os.geteuid()
            if is_mine and one.is_dir(follow_symlinks=False) and os.listdir(one.path) == [_TABLE]:
                with Folder(one.path) as folder, open(folder.open(_TABLE, os.O_RDONLY), "rb") as file:
                    if not try_lock(file.fileno()):
                        continue
                    folder.unlink(_TABLE)
                os.rmdir(one.path)


def is_listed(table: str, audio_id: str) -> bool:
    """Tell whether a sound is in the table; one in 10^13 is said to be that is not."""
    keys, key = _keys(table), _key(audio_id)
    if key is None:
        return False
    at = int(keys.searchsorted(keys.dtype.type(key)))
    return at < len(keys) and int(keys[at]) == key


class _Pool:
    """The workers, and the arguments that every file is submitted with."""

    def __init__(
        self, model_folder: str, known_sounds: str | None, jobs: int, work: Work, stuck_s: float
    ) -> None:
        self._arguments = model_folder, known_sounds
        self._work, self._stuck_s = work, stuck_s
        self._executor = Executor(jobs)

    def submit(self, file: AudioFile, alone: bool = False) -> Future[Outcome]:
        return self._executor.submit(self._work, file, *self._arguments, alone=alone)

    def one_by_one(self, suspects: Iterable[AudioFile]) -> Iterator[Outcome]:
        """Extract each file alone, so that one which kills or blocks its worker is known by name."""
        self._executor.shutdown(kill=True)
        for file in suspects:
            future = self.submit(file, alone=True)
            try:
                outcome = future.result(timeout=self._stuck_s)
            except BrokenExecutor:
                self._require_able()
                reason = (
                    "crashed the decoder, or needed more memory than there is; re-encode or replace the file"
                )
                outcome = Failure(file.path, "decode", reason, file.size, file.mtime_ns)
            except TimeoutError:
                self._executor.shutdown(kill=True)
                self._require_able()
                reason = f"not read after {self._stuck_s:.0f} s; check its drive, or replace the file"
                outcome = Failure(file.path, "decode", reason, file.size, file.mtime_ns)
            except KeyboardInterrupt:  # the end of the program would wait for a file that blocks
                self._executor.shutdown(kill=True)
                raise
            yield outcome

    def _require_able(self) -> None:
        """Raise WorkerError where a new worker cannot even begin: then the file was not to blame."""
        future = self._executor.submit(is_able, self._arguments[0], alone=True)
        try:
            future.result(timeout=STUCK_S)
        except BrokenExecutor:
            raise WorkerError(_UNABLE.format("end")) from None
        except TimeoutError:
            self._executor.shutdown(kill=True)
            raise WorkerError(_UNABLE.format("hang")) from None

    def abandon(self, pending: Iterable[Future[Outcome]]) -> None:
        """Interrupted: nobody waits for these any more. Files under way get a moment to end by themselves."""
        running = [future for future in pending if not future.cancel()]
        stuck = wait(running, timeout=GRACE_S).not_done
        self._executor.shutdown(kill=bool(stuck))


def _next(ended: SimpleQueue[Future[Outcome]], stuck_s: float) -> Future[Outcome] | None:
    """The next one to end, or None if none does for `stuck_s`."""
    try:
        return ended.get(timeout=stuck_s)
    except Empty:
        return None


def _key(audio_id: str) -> int | None:
    """The number that stands for a sound; None where its name in the database is damaged."""
    try:
        key = int(audio_id[:16], 16)
    except ValueError:
        return None
    return key if key >= 0 else None


@lru_cache(maxsize=1)
def _keys(table: str) -> NDArray[np.uint64]:
    import numpy as np

    keys: NDArray[np.uint64] = np.load(table, mmap_mode="r")
    return keys
