"""From paths that changed to the few files and folders that a scan must look at."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence

from tagger.scan import is_music_name, is_skipped_folder
from tagger.store import Store
from tagger.watching.folders import folders_around, nearest


def targets(changed: Iterable[str], roots: Sequence[str], store: Store) -> list[str]:
    """What to scan, none of it within another: changed music files and folders; for what is gone, around it.

    Left out is what a scan of `roots` would not look at (other files, hidden folders), and what is gone
    and was never heard: other programs' temporary files, SQLite's and ours. Without that, a database
    within the music would have a watch scan for ever.
    """
    found = {target for path in changed if (target := _target(path, roots, store)) is not None}
    return sorted(path for path in found if found.isdisjoint(folders_around(path)))


def matters(path: str, roots: Sequence[str]) -> bool:
    """Whether a change of `path` may be news: not of a file that is there and that no scan would look at.

    A download or a log that grows for hours is no reason to wait with the songs beside it.
    """
    return _is_heard(path, roots) or not os.path.isfile(path)


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
        return path if _is_heard(path, roots) else None
    was_heard = next(iter(store.whereabouts([path])), None) is not None
    return _surroundings(path, root, store) if was_heard else None


def _is_heard(path: str, roots: Container[str]) -> bool:
    """Whether a scan of `roots` takes a file of this name for music."""
    return path in roots or is_music_name(os.path.basename(path))


def _surroundings(path: str, root: str, store: Store) -> str:
    """The nearest folder around `path` with a known file that is still there, else `root`.

    A scan takes a folder that has lost all its files for a drive that is not mounted; only of a root
    may that be said.
    """
    for folder in folders_around(path):
        if folder == root:
            break
        if any(os.path.lexists(known) for _, known, _, _ in store.whereabouts([folder])):
            return folder
    return root
