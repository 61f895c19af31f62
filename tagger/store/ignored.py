"""The files and folders that the owner wants left alone: what cannot be mended is no news any more."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagger.excluded import NOTHING_EXCLUDED, Excluded
from tagger.store import checked
from tagger.store.rows import now, path_from, path_ranges, stored_path

if TYPE_CHECKING:
    from tagger.store.database import Database


@dataclass(frozen=True, slots=True)
class IgnoredPaths:
    """Absolute paths, each with when it was added (ISO 8601 in UTC): what is at and beneath them is ignored.

    So is what the configuration has `excluded`.

    >>> ignored = IgnoredPaths({os.path.join(os.sep, "music", "demos"): "2026-01-01"})
    >>> ignored.holds(os.path.join(os.sep, "music", "demos", "a.mp3"))
    True
    """

    since: dict[str, str]
    excluded: Excluded = NOTHING_EXCLUDED

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be ignored."""
        return not (self.since or self.excluded.patterns)

    def holds(self, path: str) -> bool:
        """Tell whether `path` (absolute) is ignored, by itself or with a folder around it."""
        return bool(self.since and self.by(path) is not None) or self.excluded.holds(path)

    def by(self, path: str) -> str | None:
        """Give the ignored path at or around `path`, or None."""
        while path not in self.since:
            if (folder := os.path.dirname(path)) == path:
                return None
            path = folder
        return path


class Ignored:
    """The table `ignored` of an open store, as `Store.ignored`; errors as of `Store`."""

    def __init__(self, database: Database, excluded: Excluded) -> None:
        """Use `Store.ignored`."""
        self._database, self._excluded = database, excluded

    def paths(self, roots: Sequence[str] = ()) -> IgnoredPaths:
        """Give all ignored paths, sorted; of `roots` (absolute), patterns match only what is beneath."""
        rows = self._database.all("SELECT path, since FROM ignored ORDER BY path")
        since = {path_from(path): checked.text(since) or "" for path, since in rows}
        return IgnoredPaths(since, self._excluded.within(roots))

    def add(self, paths: Sequence[str]) -> None:
        """Ignore what is at and beneath `paths` (absolute) from now on, and forget its failures."""
        at = now()
        with self._database.transaction() as connection:
            values = [(stored_path(path), at) for path in paths]
            connection.executemany("INSERT OR IGNORE INTO ignored (path, since) VALUES (?, ?)", values)
            connection.executemany("DELETE FROM failures WHERE path >= ? AND path < ?", path_ranges(paths))

    def remove(self, paths: Sequence[str]) -> None:
        """Ignore `paths` (absolute) no more: the next scan looks at them."""
        with self._database.transaction() as connection:
            values = [(stored_path(path),) for path in paths]
            connection.executemany("DELETE FROM ignored WHERE path = ?", values)
