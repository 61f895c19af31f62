"""What happens beneath folders, as the operating system tells it through `watchfiles`."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tagger.errors import TaggerError
from tagger.watching.folders import nearest

LOOK_MS = 1000
"""How often it is looked whether the watched paths themselves are still there."""

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
    """Yield what changed at and beneath `roots` (absolute paths) about once a second, for ever.

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
