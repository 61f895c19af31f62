"""When a path that changed has come to rest: a file that is being copied must not be heard half."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from tagger.watching.folders import folders_around

_State = tuple[int, int] | None


class Settling:
    """Paths that changed and are looked at until nothing has happened to them for `settle_s` seconds."""

    def __init__(self, settle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_s, self._clock = settle_s, clock
        self._looks: dict[str, tuple[_State, float]] = {}

    def note(self, paths: Iterable[str]) -> None:
        """These have changed just now."""
        now = self._clock()
        for path in paths:
            self._looks[path] = _state(path), now

    def settled(self) -> list[str]:
        """Looks at all of them, and hands out those at rest: each file, and folders with nothing restless in.

        A path that is gone waits for its folder, where it may turn up under another name.
        """
        now = self._clock()
        for path, (state, _) in list(self._looks.items()):
            if (new := _state(path)) != state:
                self._looks[path] = new, now
        restless = {path for path, (_, since) in self._looks.items() if now - since < self._settle_s}
        around = {folder for path in restless for folder in folders_around(path)}
        ripe = [path for path in self._looks.keys() - restless if self._scope(path) not in around]
        for path in ripe:
            del self._looks[path]
        return sorted(ripe)

    def _scope(self, path: str) -> str:
        """What a scan for the sake of `path` looks at."""
        return os.path.dirname(path) if self._looks[path][0] is None else path


def _state(path: str) -> _State:
    """Size and mtime_ns; None for what is gone."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
