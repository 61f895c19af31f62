"""A growing file of log-mels with an index, safe against being cut off at any moment."""

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
from numpy.typing import NDArray

from tagger.errors import BusyError, TaggerError
from tagger.files import AudioFile
from tagger.store.lock import scan_lock
from tagger.types import FrontEnd

log = logging.getLogger(__name__)

VERSION = 1
"""Raise it when what is heard of a clip, or `tagger.features.log_mel`, changes its numbers."""

SAVE_EVERY_S = 30.0
"""So much hearing is lost at most when the machine goes down."""

_VALUE_BYTES = 2


@dataclass(frozen=True, slots=True)
class _Extent:
    """Which state of a file was heard, and where in the data its log-mel begins, in values."""

    size: int
    mtime_ns: int
    first: int
    n_frames: int


class LogMelStore:
    """The log-mels of one front end, in a folder of `cache` that no other front end shares.

    `log-mels.f16` holds one array of (n_mels, n_frames) float16 after the other, little-endian.
    `index.json` says which file's is where; it is replaced as a whole, and only after what it points
    to is on the disk, so what stands behind its last entry is overwritten by the next run. The room
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
        """Whether the log-mel of this state of the file is here."""
        extent = self._extents.get(file.path)
        return extent is not None and (extent.size, extent.mtime_ns) == (file.size, file.mtime_ns)

    def views(self, files: Sequence[AudioFile]) -> list[NDArray[np.float16]]:
        """The log-mel of each file, all of which must be here: read-only slices of one memory map."""
        values = np.memmap(self._data, dtype="<f2", mode="r")
        extents = (self._extents[file.path] for file in files)
        return [values[e.first : self._end(e)].reshape(self._front_end.n_mels, e.n_frames) for e in extents]

    @contextmanager
    def filling(self) -> Iterator[Callable[[AudioFile, NDArray[np.float16]], None]]:
        """Gives the function that adds a log-mel. One process fills at a time; others get `BusyError`.

        What was added is kept every `SAVE_EVERY_S` and when the block ends, however it ends.
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
        """The data, cut off behind the last log-mel of the index, and there to be written on."""
        with open(self._data, "ab") as data:
            data.truncate(_VALUE_BYTES * max(map(self._end, self._extents.values()), default=0))
            data.seek(0, os.SEEK_END)
            yield data

    def _save(self, data: BinaryIO) -> None:
        data.flush()
        os.fsync(data.fileno())
        extents = {path: [e.size, e.mtime_ns, e.first, e.n_frames] for path, e in self._extents.items()}
        with open(self._index + ".new", "w", encoding="ascii") as file:
            json.dump({"front_end": asdict(self._front_end), "log_mels": extents}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._index + ".new", self._index)

    def _load(self) -> dict[str, _Extent]:
        """What the index says, less what the data does not hold; nothing where it cannot be read."""
        try:
            with open(self._index, encoding="ascii") as file:
                stored = json.load(file)["log_mels"]
            extents = {path: _Extent(*numbers) for path, numbers in stored.items()}
            n_values = os.path.getsize(self._data) // _VALUE_BYTES
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            log.warning("%s: cannot be read (%s); all clips are heard again", self._index, error)
            return {}
        return {path: extent for path, extent in extents.items() if self._end(extent) <= n_values}

    def _end(self, extent: _Extent) -> int:
        return extent.first + self._front_end.n_mels * extent.n_frames


def front_end_key(front_end: FrontEnd) -> str:
    """16 hex digits that differ wherever a front end's numbers do, or `VERSION`."""
    text = json.dumps([VERSION, asdict(front_end)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
