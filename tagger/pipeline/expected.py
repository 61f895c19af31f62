"""What the store expects beneath the scanned paths, and what of it the walk does not find."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from tagger.pipeline.tally import Tally
from tagger.store import Store, fingerprint


class Expected:
    """Files by the fingerprints of their states: known, failed, and not yet met by this walk."""

    def __init__(
        self, store: Store, model: str, paths: Sequence[str], full: bool, failed_since: datetime, tally: Tally
    ) -> None:
        self._store, self._tally = store, tally
        self._roots = [os.path.abspath(path) for path in dict.fromkeys(paths)]
        self._devices = {root: _device(root) for root in self._roots}
        self._unlisted: list[str] = []
        self._unmet = store.tracked()
        self._failed = set() if full else store.failed(failed_since)
        self._answered = set() if full else self._unmet - store.unanswered(model)

    def is_known(self, path: str, size: int, mtime_ns: int) -> bool:
        """Counts a file that need not be heard again; False for all others."""
        state = fingerprint(path, size, mtime_ns)
        self._unmet.discard(state)
        if state in self._failed:
            self._tally.failed += 1
        elif state in self._answered:
            self._tally.unchanged += 1
        else:
            return False
        return True

    def unlisted(self, path: str) -> None:
        """The walk could not look at `path`: nothing is known of what lies beneath it."""
        self._unlisted.append(path)

    def settle_missing(self, forget_before: datetime) -> list[str]:
        """Marks tracks whose file the walk did not meet, unmarks those it did, forgets the long missing.

        Returns the roots beneath which no file at all is left: a drive that is not mounted looks like
        that, so nothing is marked there. To be called after a whole walk.
        """
        unmounted = []
        if self._unmet or self._store.has_missing():
            for root in self._roots:
                if not self._settle_root(root):
                    unmounted.append(root)
        if not unmounted:
            self._store.forget_missing(forget_before)
        return unmounted

    def _settle_root(self, root: str) -> bool:
        missing, found, n_present = [], [], 0
        for track_id, path, state, was_missing in self._store.whereabouts([root]):
            unmet = was_missing or state in self._unmet
            gone = unmet and not os.path.lexists(path) and not self._is_unlisted(path)
            n_present += not gone
            if gone and not was_missing:
                missing.append(track_id)
            elif was_missing and not gone:
                found.append(track_id)
        if missing and (n_present == 0 or _device(root) != self._devices[root]):
            return False
        self._store.mark_missing(missing, found)
        self._tally.missing += len(missing)
        return True

    def _is_unlisted(self, path: str) -> bool:
        return any(path == folder or path.startswith(folder + os.sep) for folder in self._unlisted)


def _device(root: str) -> int | None:
    try:
        return os.stat(root).st_dev
    except OSError:
        return None
