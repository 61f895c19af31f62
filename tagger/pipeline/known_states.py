"""What the store knows of the scanned folders: what is unchanged, what has failed, and what is gone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from tagger.excluded import Excluded
from tagger.files import AudioFile, absolute, fingerprint, may_be_there
from tagger.store import Store, fault
from tagger.types import Failure
from tagger.walk import LostFolders, is_emptied


class KnownStates:
    """The files that the store knows beneath the scanned paths, each taken out when the walk meets it.

    `answered` is for the walk, which leaves those files out; it is empty in a `full` scan. `unlisted` are
    paths that the walk could not look at: nothing is known of the files beneath them.
    """

    def __init__(
        self, store: Store, model: str, paths: Sequence[str], failed_since: datetime, full: bool
    ) -> None:
        self._files = store.files
        self._roots = [absolute(path) for path in dict.fromkeys(paths)]
        self._devices = {root: _device(root) for root in self._roots}
        self._failed = set() if full else self._files.failed(failed_since)
        tracked = self._files.tracked()
        tried_again = self._failed | self._files.unread()
        new = self._files.unanswered(model) | (tried_again & tracked)
        self._untold = set() if full else self._files.without_own_tags() - new
        self._others = tracked if full else new | self._untold
        self.answered = set() if full else tracked - self._others if self._others else tracked
        self.unlisted: list[str] = []
        self._n_unmet = len(self.answered)
        self._faults = self._files.faults()
        self._ignored = store.ignored.paths(self._roots)

    @property
    def excluded(self) -> Excluded:
        """What the walk leaves out."""
        return self._ignored.excluded

    def is_ignored(self, path: str) -> bool:
        """Tell whether the owner wants nothing to be done about the file or folder at `path`."""
        return self._ignored.holds(path)

    def has_failed_so(self, failure: Failure) -> bool:
        """Tell whether the scan before knew this failure: the same reason, the same state of the file."""
        return fault(failure) in self._faults

    def is_failed(self, file: AudioFile) -> bool:
        """Tell whether a file that the walk did not leave out has failed in this state."""
        state = fingerprint(file.path, file.size, file.mtime_ns)
        self._others.discard(state)
        return state in self._failed

    def is_untold(self, file: AudioFile) -> bool:
        """Tell whether a file that the walk did not leave out has its answer, but its tags were not read."""
        return fingerprint(file.path, file.size, file.mtime_ns) in self._untold

    def take_unchanged(self) -> int:
        """Count the files that the walk has left out since the last time."""
        n_met, self._n_unmet = self._n_unmet - len(self.answered), len(self.answered)
        return n_met

    def update_missing(self, forget_before: datetime) -> tuple[int, list[str]]:
        """Mark tracks whose file the walk did not meet, unmark those it did, forget the long missing.

        To be called after a whole walk. Returns how many are newly missing, and the folders that look like
        a drive that is not mounted, so that nothing is marked there: roots beneath which no file at all is
        left, and folders beneath a root that held tracks and are empty now. While a root is not mounted,
        nothing is forgotten.
        """
        n_missing, gone_roots, emptied = 0, list[str](), list[str]()
        if self.answered or self._others or self._files.any_missing():
            for root in self._roots:
                newly_missing = self._update_root(root, emptied)
                if newly_missing is None:
                    gone_roots.append(root)
                else:
                    n_missing += newly_missing
        if not gone_roots:
            self._files.forget_missing(forget_before)
        return n_missing, list(dict.fromkeys(gone_roots + emptied))

    def forget_failures(self, began: datetime) -> None:
        """Forget failures that are none any more; to be called after `update_missing`.

        Those of files that are gone or ignored, and what the walk had found before the scan `began` and did
        not find again. Of files on a drive that is not mounted nothing is known.
        """
        over = []
        for root in self._roots:
            lost, is_root_lost = LostFolders(root), is_emptied(root)
            for path, is_old in self._files.failures_beneath([root], began):
                is_out_of_reach = is_root_lost or self._is_unlisted(path) or lost.around(path)
                is_over = is_old or not may_be_there(path)
                if self.is_ignored(path) or (is_over and not is_out_of_reach):
                    over.append(path)
        if over:
            self._files.forget_failures(over)

    def _update_root(self, root: str, emptied: list[str]) -> int | None:
        """How many tracks beneath `root` are newly missing; None where its drive seems not to be mounted.

        The emptied folders beneath it are added to `emptied`.
        """
        gone, found, n_present = dict[int, str](), list[int](), 0
        for track_id, path, state, was_missing in self._files.beneath([root]):
            is_unmet = was_missing or state in self.answered or state in self._others
            is_gone = is_unmet and not may_be_there(path) and not self._is_unlisted(path)
            n_present += not is_gone
            if is_gone and not was_missing:
                gone[track_id] = path
            elif was_missing and not is_gone:
                found.append(track_id)
        if gone and (n_present == 0 or _device(root) != self._devices[root]):
            return None
        lost = LostFolders(root)
        missing = [track_id for track_id, path in gone.items() if lost.around(path) is None]
        self._files.mark_missing(missing, found)
        emptied += (folder for folder in lost.found if not self.is_ignored(folder))
        return len(missing)

    def _is_unlisted(self, path: str) -> bool:
        return any(path == folder or path.startswith(folder + os.sep) for folder in self.unlisted)


def _device(root: str) -> int | None:
    try:
        return os.stat(root).st_dev
    except OSError:
        return None
