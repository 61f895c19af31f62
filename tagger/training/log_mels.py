"""The log-mels of all clips, made once and kept on disk, where they stay until a batch takes them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import BinaryIO

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from torch import Tensor

from tagger.audio import read_excerpt
from tagger.audio.excerpt import WHOLE_S
from tagger.errors import AudioError, BusyError, TaggerError
from tagger.features import log_mel
from tagger.files import AudioFile, FileState, atomic_replacement
from tagger.store import scan_lock
from tagger.training.clips import FRONT_END, Clip, filter_bank
from tagger.types import FrontEnd

log = logging.getLogger(__name__)

VERSION = 1
"""Raise it when the excerpt of a clip, or `tagger.features.log_mel`, changes its numbers."""

SAVE_EVERY_S = 30.0
"""So much decoding is lost at most when the machine goes down."""

_VALUE_BYTES = 2

Extracted = tuple[AudioFile, NDArray[np.float16] | str]
"""A file with its log-mel, or with the reason why there is none."""


class LogMels:
    """Log-mels of any lengths, each (n_mels, n_frames) float16 in dB.

    Those of a cache are views of its file, of which only the frames of a batch are read: a data set may be
    larger than memory. `lengths`, (n,), are in frames.
    """

    def __init__(self, log_mels: Sequence[NDArray[np.float16]]) -> None:
        self._log_mels = log_mels
        self.lengths = torch.tensor([one.shape[1] for one in log_mels], dtype=torch.long)

    def __len__(self) -> int:
        return len(self._log_mels)

    def __iter__(self) -> Iterator[NDArray[np.float16]]:
        return iter(self._log_mels)

    def __getitem__(self, at: int) -> NDArray[np.float16]:
        return self._log_mels[at]

    @property
    def n_mels(self) -> int:
        """The number of mel bands, the same of all."""
        return len(self._log_mels[0])

    def rows(self, index: Sequence[int]) -> LogMels:
        """Give the log-mels at these places."""
        return LogMels([self._log_mels[i] for i in index])

    def at(self, frames: Tensor) -> Tensor:
        """Take of each log-mel the frames in its own row of (n, n_frames): (n, n_mels, n_frames) float16."""
        found = np.empty((len(self), self.n_mels, frames.shape[1]), np.float16)
        for one, at, out in zip(self._log_mels, frames.numpy(), found, strict=True):
            np.take(one, at, axis=1, out=out, mode="clip")  # "raise" would buffer; frames are in range
        return torch.from_numpy(found)


def cached_log_mels(
    folder: str, clips: Sequence[Clip], cache: str, jobs: int, front_end: FrontEnd = FRONT_END
) -> tuple[list[Clip], list[NDArray[np.float16]]]:
    """Give the clips that can be decoded, and the log-mel of each, (n_mels, n_frames) float16 in dB.

    A clip under 30 s is read whole, a longer one for 30 s in its middle. Log-mels that the folder `cache`
    does not hold yet are made in `jobs` processes and kept there, and those of changed files anew. The
    arrays are read-only views of the cache's file: they take no memory until they are read.
    A file that cannot be decoded is logged and left out. Raises `TaggerError` where none can be decoded,
    and `BusyError` where another run is filling the cache.
    """
    files = [_file(os.path.join(folder, clip.path)) for clip in clips]
    store = LogMelStore(cache, front_end)
    missing = [file for file in files if file and file not in store]
    if missing:
        log.info("extracting the log-mels of %d of %d clips", len(missing), len(clips))
        with store.filling() as add:
            for file, made in _extracted(missing, front_end, jobs):
                if isinstance(made, str):
                    log.warning("%s: %s (left out)", file.path, made)
                else:
                    add(file, made)
    kept = [(clip, file) for clip, file in zip(clips, files, strict=True) if file and file in store]
    if not kept:
        raise TaggerError(f"{folder}: none of {len(clips)} clips can be decoded; see the log")
    if len(kept) < len(clips):
        log.warning("%d of %d clips cannot be decoded and are left out", len(clips) - len(kept), len(clips))
    return [clip for clip, _ in kept], store.views([file for _, file in kept])


def _file(path: str) -> AudioFile | None:
    """Give the file in its state; None, and a line in the log, where it cannot be looked at."""
    whole = os.path.abspath(path)
    try:
        state = FileState.of(os.stat(whole))
    except OSError as error:
        log.warning("%s: %s (left out)", whole, error.strerror)
        return None
    return AudioFile(whole, state.size, state.mtime_ns)


def _extracted(files: Sequence[AudioFile], front_end: FrontEnd, jobs: int) -> Iterator[Extracted]:
    """Extract the files' log-mels, in the order in which they are done; few are in memory at once."""
    bank = filter_bank(front_end)
    tasks = (delayed(_extract)(file, bank, front_end) for file in files)
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks)


def _extract(file: AudioFile, bank: NDArray[np.float32], front_end: FrontEnd) -> Extracted:
    try:
        rate_hz = front_end.sample_rate_hz
        excerpt = read_excerpt(file.path, sample_rate_hz=rate_hz, window_s=WHOLE_S, centres=(0.5,))
    except AudioError as error:
        return file, str(error)
    except ImportError:  # of a library that is missing or damaged, which no clip is to blame for
        raise
    except Exception as error:  # a fault of ours or of a library's: it costs this clip, not the run
        return file, " ".join(f"unexpected {type(error).__name__}: {error}".split())
    return file, log_mel(excerpt.windows[0].samples, bank, front_end).astype(np.float16)


# The cache on disk.


@dataclass(frozen=True, slots=True)
class _Extent:
    """The state of a file, and the place of its log-mel in the data: `first` is counted in values."""

    size: int
    mtime_ns: int
    first: int
    n_frames: int


class LogMelStore:
    """The log-mels of one front end, in a folder of `cache` that no other front end shares.

    `log-mels.f16` holds one array of (n_mels, n_frames) float16 after the other, little-endian.
    `index.json` gives the place of each file's; it is replaced as a whole, and only after the data that it
    points to is on the disk, so data behind its last entry is overwritten by the next run. The room
    of a log-mel whose file changed or went is not used again: delete the folder to have it back.
    """

    def __init__(self, cache: str, front_end: FrontEnd) -> None:
        if os.path.isfile(cache):
            raise TaggerError(f"{cache}: is a file; --cache is a folder")
        self.folder = os.path.join(cache, front_end_key(front_end))
        self._front_end = front_end
        self._data = os.path.join(self.folder, "log-mels.f16")
        self._index = os.path.join(self.folder, "index.json")
        self._extents = self._load()

    def __contains__(self, file: AudioFile) -> bool:
        """Tell whether the log-mel of this state of the file is here."""
        extent = self._extents.get(file.path)
        return extent is not None and FileState(extent.size, extent.mtime_ns) == file.state

    def views(self, files: Sequence[AudioFile]) -> list[NDArray[np.float16]]:
        """Give the log-mel of each file, all of which must be here: read-only slices of one memory map."""
        values = np.memmap(self._data, dtype="<f2", mode="r")
        extents = (self._extents[file.path] for file in files)
        return [values[e.first : self._end(e)].reshape(self._front_end.n_mels, e.n_frames) for e in extents]

    @contextmanager
    def filling(self) -> Iterator[Callable[[AudioFile, NDArray[np.float16]], None]]:
        """Give the function that adds a log-mel. One process fills at a time; others get `BusyError`.

        Added log-mels are kept every `SAVE_EVERY_S` and when the block ends, however it ends.
        """
        with self._locked(), self._opened() as data:
            saved_s = time.monotonic()

            def add(file: AudioFile, log_mel: NDArray[np.float16]) -> None:
                nonlocal saved_s
                first = data.tell() // _VALUE_BYTES
                data.write(np.ascontiguousarray(log_mel, "<f2").tobytes())
                self._extents[file.path] = _Extent(file.size, file.mtime_ns, first, log_mel.shape[1])
                if time.monotonic() - saved_s > SAVE_EVERY_S:
                    self._save(data)
                    saved_s = time.monotonic()

            try:
                yield add
            finally:
                self._save(data)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with scan_lock(self._index):
                self._extents = self._load()  # another process may have added to it until now
                yield
        except BusyError:
            raise BusyError(f"{self.folder}: another run is filling this cache; try again later") from None

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """Open the data to append to it, cut off behind the last log-mel of the index."""
        with open(self._data, "ab") as data:
            data.truncate(_VALUE_BYTES * max(map(self._end, self._extents.values()), default=0))
            data.seek(0, os.SEEK_END)
            yield data

    def _save(self, data: BinaryIO) -> None:
        data.flush()
        os.fsync(data.fileno())
        extents = {path: [e.size, e.mtime_ns, e.first, e.n_frames] for path, e in self._extents.items()}
        index = json.dumps({"front_end": asdict(self._front_end), "log_mels": extents})
        with atomic_replacement(self._index) as file:
            file.write(index.encode())

    def _load(self) -> dict[str, _Extent]:
        """Read the index, less the log-mels that the data does not hold; empty where it cannot be read."""
        try:
            with open(self._index, encoding="ascii") as file:
                stored = json.load(file)["log_mels"]
            extents = {path: _Extent(*numbers) for path, numbers in stored.items()}
            n_values = os.path.getsize(self._data) // _VALUE_BYTES
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            log.warning("%s: cannot be read (%s); all clips are decoded again", self._index, error)
            return {}
        return {path: extent for path, extent in extents.items() if self._end(extent) <= n_values}

    def _end(self, extent: _Extent) -> int:
        return extent.first + self._front_end.n_mels * extent.n_frames


def front_end_key(front_end: FrontEnd) -> str:
    """Hash a front end and `VERSION` to 16 hex digits that differ wherever one of their numbers does."""
    text = json.dumps([VERSION, asdict(front_end)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
