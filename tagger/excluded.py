"""Which files and folders the owner's patterns leave out of everything."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tagger.files import folded

MOST_PATTERNS = 1000
LONGEST_PATTERN = 1000
"""Characters; a look at a file stays a matter of microseconds."""

_Segment = re.Pattern[str] | None
"""One name of a path; None is `**`, any number of them."""


@dataclass(frozen=True)
class Excluded:
    """Patterns of paths; what is at and beneath a path that one of them matches is excluded.

    `*`, `?` and `[a-z]` stand within one name, `**` for any folders between two. A pattern that begins at the
    root matches a whole path. Another one matches the end of a path: of `folders` (absolute), and of those
    that are scanned, only what is beneath counts. Letter case and Unicode form do not matter.

    >>> excluded = Excluded(("Audiobooks", "Radio/*/News"))
    >>> [excluded.holds(path) for path in ("/m/audiobooks/a.mp3", "/m/Radio/BBC/News/b.mp3", "/m/c.mp3")]
    [True, True, False]
    """

    patterns: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def within(self, folders: Iterable[str]) -> Excluded:
        """Give the same patterns for further folders."""
        return replace(self, folders=tuple(dict.fromkeys((*self.folders, *folders))))

    def holds(self, path: str) -> bool:
        """Tell whether `path` (absolute) or a folder around it is excluded."""
        if not self.patterns:
            return False
        folder, name = os.path.split(path)
        if folder == path or path in self._roots:  # what is around a folder of music says nothing about it
            whole = _names_of(path)
            return any(_matches(whole[:n], each) for n in range(1, len(whole) + 1) for each in self._whole)
        if folder not in self._known:
            self._known[folder] = self.holds(folder)
        return self._known[folder] or self.matches(path, name)

    def matches(self, path: str, name: str) -> bool:
        """Tell whether a pattern matches the path itself, whose last part is `name`."""
        if self._names and self._names.match(folded(name)):
            return True
        if not (self._whole or self._ends):
            return False
        if any(_matches(_names_of(path), each) for each in self._whole):
            return True
        return any(_matches(self._beneath_root(path), each) for each in self._ends)

    def _beneath_root(self, path: str) -> Sequence[str]:
        folder = path
        while folder not in self._roots and (above := os.path.dirname(folder)) != folder:
            folder = above
        return _names_of(path[len(folder) :])

    @cached_property
    def _roots(self) -> frozenset[str]:
        """The folders that lie in no other one."""
        found = {*self.folders}
        return frozenset(
            each for each in found if not any(each.startswith(_inside(other)) for other in found)
        )

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        """Patterns of one name as one expression: of the many files, most need no other look."""
        names = [
            fnmatch.translate(folded(each)) for each in map(_stripped, self.patterns) if not _has_folder(each)
        ]
        return re.compile("|".join(names)) if names else None

    @cached_property
    def _whole(self) -> list[list[_Segment]]:
        return [_segments(each) for each in map(_stripped, self.patterns) if os.path.isabs(each)]

    @cached_property
    def _ends(self) -> list[list[_Segment]]:
        patterns = (
            each for each in map(_stripped, self.patterns) if _has_folder(each) and not os.path.isabs(each)
        )
        return [[None, *_segments(each)] for each in patterns]


NOTHING_EXCLUDED = Excluded()


def _stripped(pattern: str) -> str:
    """The pattern of a folder in place of that of all in it, which is walked into no more."""
    while (shorter := pattern.rstrip("/" + os.sep).removesuffix("/**")) != pattern and shorter:
        pattern = shorter
    return pattern.removeprefix("**/") if not _has_folder(pattern.removeprefix("**/")) else pattern


def _has_folder(pattern: str) -> bool:
    return "/" in pattern or os.sep in pattern


def _inside(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep


def _names_of(path: str) -> list[str]:
    return [name for name in folded(path).replace(os.sep, "/").split("/") if name]


def _segments(pattern: str) -> list[_Segment]:
    return [None if name == "**" else re.compile(fnmatch.translate(name)) for name in _names_of(pattern)]


def _matches(names: Sequence[str], pattern: Sequence[_Segment]) -> bool:
    """Whether a pattern matches all the names of a path: every place in it is followed at once.

    So the work is at most the product of both lengths, whatever stands in the pattern.
    """
    places = _with_skipped({0}, pattern)
    for name in names:
        here = {place for place in places if place < len(pattern)}
        stay = {place for place in here if pattern[place] is None}
        on = {place + 1 for place in here if (segment := pattern[place]) and segment.match(name)}
        places = _with_skipped(stay | on, pattern)
    return len(pattern) in places


def _with_skipped(places: set[int], pattern: Sequence[_Segment]) -> set[int]:
    """With the places behind each `**`, which may stand for nothing."""
    found = set(places)
    for place in sorted(places):
        while place < len(pattern) and pattern[place] is None:
            place += 1
            found.add(place)
    return found
