"""What the store expects beneath the scanned paths, and what of it the walk does not find."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from tagger.files import AudioFile, absolute, fingerprint
from tagger.pipeline.tally import Tally
from tagger.store import Store


class Expected:
    """Files by the fingerprints of their states, each taken out when the walk meets it.

    `answered` is for the walk, which leaves those files out; it is empty with `full`.
    """

    def __init__(
        self, store: Store, model: str, paths: Sequence[str], full: bool, failed_since: datetime, tally: Tally
    ) -> None:
        self._store, self._tally = store, tally
        self._roots = [absolute(path) for path in dict.fromkeys(paths)]
        self._devices = {root: _device(root) for root in self._roots}
        self._unlisted: list[str] = []
        self._failed = set() if full else store.failed(failed_since)
        tracked = store.tracked()
        self._others = tracked if full else store.unanswered(model) | (self._failed & tracked)
        self.answered = set() if full else tracked - self._others if self._others else tracked
        self._n_unmet = len(self.answered)

    def is_new(self, file: AudioFile) -> bool:
        """Whether a file that the walk did not leave out must be heard; counts it if not."""
        self.count_unchanged()
        state = fingerprint(file.path, file.size, file.mtime_ns)
        self._others.discard(state)
        self._tally.failed += state in self._failed
        return state not in self._failed

    def count_unchanged(self) -> None:
        """Counts the files that the walk has left out since the last time."""
        self._tally.unchanged += self._n_unmet - len(self.answered)
        self._n_unmet = len(self.answered)

    def unlisted(self, path: str) -> None:
        """The walk could not look at `path`: nothing is known of what lies beneath it."""
        self._unlisted.append(path)

    def settle_missing(self, forget_before: datetime) -> list[str]:
        """Marks tracks whose file the walk did not meet, unmarks those it did, forgets the long missing.

        Returns the roots beneath which no file at all is left: a drive that is not mounted looks like
        that, so nothing is marked there. To be called after a whole walk.
        """
        self.count_unchanged()
        unmounted = []
        if self.answered or self._others or self._store.has_missing():
            for root in self._roots:
                if not self._settle_root(root):
                    unmounted.append(root)
        if not unmounted:
            self._store.forget_missing(forget_before)
        return unmounted

    def _settle_root(self, root: str) -> bool:
        missing, found, n_present = [], [], 0
        for track_id, path, state, was_missing in self._store.whereabouts([root]):
            unmet = was_missing or state in self.answered or state in self._others
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
