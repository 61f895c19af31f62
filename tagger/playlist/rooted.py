"""Paths from a folder that the reader knows: MPD's music folder, the drive that a crate of Serato lies on."""

from __future__ import annotations

import ntpath
import os
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tagger.files import absolute
from tagger.playlist.collection import why_unfindable
from tagger.playlist.location import Skipped, is_windows, located, parse_replacement
from tagger.playlist.mpd import music_folder
from tagger.playlist.serato import drive_of, first_root_of
from tagger.types import Track

if TYPE_CHECKING:
    from tagger.playlist.plan import Plan


def rooted(tracks: Sequence[Track], plan: Plan) -> tuple[list[Track], tuple[Skipped, ...]]:
    """Give the tracks their paths from the reader's root, and those that do not lie beneath it.

    The root is `relative_to`; without it, MPD's own `music_directory`, or the drive of the crate. Raises
    TaggerError where MPD's is not known.
    """
    replacement = parse_replacement(plan.replace_prefix) if plan.replace_prefix else None
    paths = [located(track.path, None, replacement) for track in tracks]
    roots = _roots(plan, replacement is not None) or [*map(first_root_of, paths[:1])]
    found, skipped = list[Track](), list[Skipped]()
    for track, path in zip(tracks, paths, strict=True):
        unfindable = why_unfindable(path, "Serato") if plan.wanted_format == "serato" else None
        inner = _beneath(path, roots)
        if unfindable or inner is None:
            skipped.append(Skipped(track.path, unfindable or _why_outside(plan, roots)))
        else:
            found.append(replace(track, path=inner))
    return found, tuple(skipped)


def _roots(plan: Plan, is_elsewhere: bool) -> list[str]:
    """The names of the root, of which one may be that of a symbolic link; none: the first track tells it."""
    named = plan.relative_to
    if named is None and plan.wanted_format == "mpd":
        named = music_folder()
    elif named is None and not is_elsewhere:
        named = drive_of(plan.output and absolute(plan.output))
    if named is None:
        return []
    if is_elsewhere and plan.relative_to is not None:  # the folder is on the reader's machine, not here
        return [named]
    return [*dict.fromkeys((absolute(named), os.path.realpath(named)))]


def _beneath(path: str, roots: Iterable[str]) -> str | None:
    """The path from the first of the roots that it lies beneath, with forward slashes; None: from none."""
    for root in roots:
        if is_windows(path) != is_windows(root) or _is_on_another_disk(path, root):
            continue
        try:
            inner = _from(root, path)
        except ValueError:  # another drive
            continue
        if inner != ".." and not inner.startswith("../"):
            return inner
    return None


def _from(root: str, path: str) -> str:
    if is_windows(path):
        return ntpath.relpath(path, root).replace("\\", "/")
    return posixpath.relpath(path, root)


def _is_on_another_disk(path: str, root: str) -> bool:
    """Whether the root is that of the first disk of a Mac, and the file lies on another."""
    return root == "/" and first_root_of(path) != "/"


def _why_outside(plan: Plan, roots: Sequence[str]) -> str:
    if plan.wanted_format == "mpd":
        return f"it is not in MPD's music folder {roots[0]} (--replace-prefix says where MPD sees it)"
    return f"it is not on the drive of the crate, {roots[0]}; Serato wants a crate on each drive"
