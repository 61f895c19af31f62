"""The log-mels of all clips, made once and kept on disk, where they stay until a batch wants them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from tagger.audio import read_excerpt
from tagger.audio.excerpt import WHOLE_S
from tagger.errors import AudioError, TaggerError
from tagger.features import log_mel
from tagger.files import AudioFile
from tagger.training.clips import FRONT_END, Clip, filter_bank
from tagger.training.log_mel_store import LogMelStore
from tagger.types import FrontEnd

log = logging.getLogger(__name__)


def cached_log_mels(
    folder: str, clips: Sequence[Clip], cache: str, jobs: int, front_end: FrontEnd = FRONT_END
) -> tuple[list[Clip], list[NDArray[np.float16]]]:
    """The clips that can be heard, and the log-mel of each, (n_mels, n_frames) float16 in dB.

    A clip under 30 s is heard whole, a longer one for 30 s in its middle. What is not in the folder
    `cache` yet is heard in `jobs` processes and kept there; files that changed are heard again. The
    arrays are read-only views of the cache's file: they take no memory until they are read.
    A file that cannot be heard is logged and left out. Raises `TaggerError` where none can be heard,
    and `BusyError` where another run is filling the cache.
    """
    files = [_state(os.path.join(folder, clip.path)) for clip in clips]
    store = LogMelStore(cache, front_end)
    missing = [file for file in files if file and file not in store]
    if missing:
        log.info("hearing %d of %d clips", len(missing), len(clips))
        with store.filling() as add:
            for file, heard in _heard(missing, front_end, jobs):
                if isinstance(heard, str):
                    log.warning("%s: %s (left out)", file.path, heard)
                else:
                    add(file, heard)
    kept = [(clip, file) for clip, file in zip(clips, files, strict=True) if file and file in store]
    if not kept:
        raise TaggerError(f"{folder}: none of {len(clips)} clips can be heard; see the log")
    if len(kept) < len(clips):
        log.warning("%d of %d clips cannot be heard and are left out", len(clips) - len(kept), len(clips))
    return [clip for clip, _ in kept], store.views([file for _, file in kept])


def _state(path: str) -> AudioFile | None:
    """The file as it is now; None, and a line in the log, where it cannot be looked at."""
    whole = os.path.abspath(path)
    try:
        status = os.stat(whole)
    except OSError as error:
        log.warning("%s: %s (left out)", whole, error.strerror)
        return None
    return AudioFile(whole, status.st_size, status.st_mtime_ns)


def _heard(
    files: Sequence[AudioFile], front_end: FrontEnd, jobs: int
) -> Iterator[tuple[AudioFile, NDArray[np.float16] | str]]:
    """Each file with its log-mel, or with why there is none, as they come; few are in memory at once."""
    bank = filter_bank(front_end)
    tasks = (delayed(_hear)(file, bank, front_end) for file in files)
    yield from Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks)


def _hear(
    file: AudioFile, bank: NDArray[np.float32], front_end: FrontEnd
) -> tuple[AudioFile, NDArray[np.float16] | str]:
    try:
        excerpt = read_excerpt(
            file.path, sample_rate_hz=front_end.sample_rate_hz, window_s=WHOLE_S, centres=(0.5,)
        )
    except AudioError as error:
        return file, str(error)
    except Exception as error:  # a fault of ours or of a library's: it costs this clip, not the run
        return file, " ".join(f"unexpected {type(error).__name__}: {error}".split())
    return file, log_mel(excerpt.windows[0].samples, bank, front_end).astype(np.float16)
