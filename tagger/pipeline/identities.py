"""Which sounds are known already: a table that workers look into before they decode."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from tagger.files import folded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@contextmanager
def identity_table(audio_ids: Iterable[str]) -> Iterator[str | None]:
    """A temporary file of all `audio_ids`, eight bytes each, for `is_listed`; None where there are none."""
    import numpy as np

    keys = np.fromiter((_key(audio_id) for audio_id in audio_ids), np.uint64)
    if not len(keys):
        yield None
        return
    keys.sort()
    with tempfile.TemporaryDirectory(prefix="tagger-") as folder:
        path = os.path.join(folder, "identities.npy")
        np.save(path, keys)
        yield path


def is_listed(table: str, audio_id: str) -> bool:
    """Whether a sound is in the table; one in 10^13 is said to be that is not."""
    keys, key = _keys(table), _key(audio_id)
    at = int(keys.searchsorted(keys.dtype.type(key)))
    return at < len(keys) and int(keys[at]) == key


def is_gone(path: str, renamed: str) -> bool:
    """Whether `path` is no more, or is the same file as `renamed` with its name spelled otherwise.

    macOS keeps `é` as one letter or as two, and its file systems ignore case: either name finds the file.
    """
    if not os.path.lexists(path):
        return True
    return folded(path) == folded(renamed) and os.path.samefile(path, renamed)


def _key(audio_id: str) -> int:
    return int(audio_id[:16], 16)


@lru_cache(maxsize=1)
def _keys(table: str) -> NDArray[np.uint64]:
    import numpy as np

    keys: NDArray[np.uint64] = np.load(table, mmap_mode="r")
    return keys
