"""Watch folders: what changed in them, when it has come to rest, and what to scan for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from tagger.errors import TaggerError
from tagger.excluded import NOTHING_EXCLUDED, Excluded
from tagger.files import FileState
from tagger.store import Store
from tagger.walk import is_music_name, is_skipped_folder

LOOK_MS = 1000
"""How often it is checked whether the watched paths themselves are still there."""

_UNREADABLE_NAME = "Unable to decode path"  # watchfiles cannot tell of names that are not UTF-8

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """Since the last look: `paths` that changed, and roots that `appeared` (also at the start) or `vanished`.

    A root that is another folder than before, as when a drive is mounted on it, has appeared.
    """

    paths: frozenset[str] = frozenset()
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()


def changes(roots: Sequence[str]) -> Generator[Changes, None, None]:
    """Yield the changes at and beneath `roots` (absolute paths) about once a second, for ever.

    Every change after a yield is in a later one. A path may have been added, changed or removed, or all
    of it. Where it is not known which file changed, its root is among `paths`. Raises
    TaggerError where the system cannot watch.
    """
    before: dict[str, _Identity | None] = {}
    unwatched = frozenset[str]()
    while True:
        there = {root: _identity(root) for root in roots}
        events = _events([root for root, identity in there.items() if identity])
        first = next(events)  # the watch has begun: from here on nothing is missed
        appeared = tuple(root for root in roots if there[root] and there[root] != before.get(root))
        vanished = tuple(root for root in roots if not there[root] and before.get(root, True))
        yield Changes(first | unwatched.difference(appeared), appeared, vanished)
        for paths in events:
            yield Changes(paths)
            if {root: _identity(root) for root in roots} != there:
                break
        before = there
        unwatched = frozenset(root for root in roots if there[root])  # until the next watch has begun


def _events(roots: Sequence[str]) -> Iterator[frozenset[str]]:
    """Ends where the watch must begin anew."""
    if not roots:
        while True:
            yield frozenset()
            time.sleep(LOOK_MS / 1000)
    import watchfiles

    called = {os.path.realpath(root): root for root in roots}  # macOS tells of no other names
    try:
        for found in watchfiles.watch(
            *called,
            watch_filter=None,
            debounce=LOOK_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield frozenset(_by_root(path, called) for _, path in found)
    except (OSError, RuntimeError) as error:
        if not str(error).startswith(_UNREADABLE_NAME) and all(map(os.path.lexists, roots)):
            raise TaggerError(f"{roots[0]}: cannot be watched ({error}); scan from cron instead") from error
        yield frozenset(roots)


def _by_root(path: str, called: Mapping[str, str]) -> str:
    """`path` with the name of the nearest root around it in place of that root's real one."""
    real = nearest(path, called)
    return path if real is None else called[real] + path[len(real) :]


def _identity(root: str) -> _Identity | None:
    try:
        status = os.stat(root)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Debounce:
    """Paths that changed, held back until nothing has happened to them for `quiet_s` seconds.

    A file that is being copied must not be analysed half.
    """

    def __init__(self, quiet_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet_s, self._clock = quiet_s, clock
        self._looks: dict[str, tuple[FileState | None, float]] = {}

    def note(self, paths: Iterable[str]) -> None:
        """Note that these paths have changed just now."""
        now = self._clock()
        for path in paths:
            self._looks[path] = _state(path), now

    def at_rest(self) -> list[str]:
        """Look at all of them and hand out those at rest: files, and folders in which nothing is restless.

        A path that is gone waits for its folder, where it may turn up under another name.
        """
        now = self._clock()
        for path, (state, _) in list(self._looks.items()):
            if (new := _state(path)) != state:
                self._looks[path] = new, now
        restless = {path for path, (_, since) in self._looks.items() if now - since < self._quiet_s}
        around = {folder for path in restless for folder in folders_around(path)}
        ripe = [path for path in self._looks.keys() - restless if self._scope(path) not in around]
        for path in ripe:
            del self._looks[path]
        return sorted(ripe)

    def _scope(self, path: str) -> str:
        """The path that a scan for the sake of `path` is given."""
        return os.path.dirname(path) if self._looks[path][0] is None else path


def _state(path: str) -> FileState | None:
    """None for what is gone."""
    try:
        return FileState.of(os.stat(path))
    except OSError:
        return None


def targets(
    changed: Iterable[str], roots: Sequence[str], store: Store, excluded: Excluded = NOTHING_EXCLUDED
) -> list[str]:
    """Choose the paths to scan, none within another: changed music and folders; for lost files, around them.

    Left out are paths that a scan of `roots` would not look at (other files, hidden folders, what is
    `excluded`), and those that are gone and were never analysed: other programs' temporary files, SQLite's
    and ours. Without that, a database within the music would have a watch scan for ever.
    """
    looked_at = (path for path in changed if not excluded.holds(path))
    found = {target for path in looked_at if (target := _target(path, roots, store)) is not None}
    return sorted(path for path in found if found.isdisjoint(folders_around(path)))


def matters(path: str, roots: Sequence[str], excluded: Excluded = NOTHING_EXCLUDED) -> bool:
    """Tell whether a change of `path` may be news: not of a file that exists and that no scan would look at.

    A download or a log that grows for hours is no reason to wait with the songs beside it.
    """
    return not excluded.holds(path) and (_is_music(path, roots) or not os.path.isfile(path))


def _target(path: str, roots: Sequence[str], store: Store) -> str | None:
    root = nearest(path, roots)
    if root is None or not os.path.lexists(root):
        return None
    *folders, name = os.path.relpath(path, root).split(os.sep)
    if any(map(is_skipped_folder, folders)):
        return None
    if os.path.isdir(path):
        return None if path != root and is_skipped_folder(name) else path
    if os.path.lexists(path):
        return path if _is_music(path, roots) else None
    was_analysed = next(iter(store.files.beneath([path])), None) is not None
    return _surroundings(path, root, store) if was_analysed else None


def _is_music(path: str, roots: Container[str]) -> bool:
    """Whether a scan of `roots` takes a file of this name for music."""
    return path in roots or is_music_name(os.path.basename(path))


def _surroundings(path: str, root: str, store: Store) -> str:
    """The nearest folder around `path` with a known file that is still there, else `root`.

    A scan takes a root that has lost all its files for a drive that is not mounted, even where somebody has
    removed the folders in it; only of a root of the watch may that be said.
    """
    for folder in folders_around(path):
        if folder == root:
            break
        if any(os.path.lexists(known) for _, known, _, _ in store.files.beneath([folder])):
            return folder
    return root


def folders_around(path: str) -> Iterator[str]:
    """Yield the folders that an absolute `path` lies in, the nearest first."""
    while (folder := os.path.dirname(path)) != path:
        yield folder
        path = folder


def nearest(path: str, among: Container[str]) -> str | None:
    """Give `path` itself or the nearest folder around it that is `among` these; None where none is."""
    return next((folder for folder in chain([path], folders_around(path)) if folder in among), None)
