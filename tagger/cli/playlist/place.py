"""What a playlist calls its files: as its reader will find them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagger.cli.playlist.plan import Plan
from tagger.files import absolute

if TYPE_CHECKING:
    from tagger.playlist import Entry

FOR_PROGRAMS = ("json", "paths")
"""Formats that are read from anywhere, so that a path relative to their folder would mislead."""


def placed(entries: Sequence[Entry], plan: Plan) -> list[Entry]:
    """The entries with the paths that the plan asks for.

    Without `--relative-to`, `--absolute` and `--replace-prefix`, a playlist written to a file names
    what shares more than the root with it by relative paths, so that a folder, a stick or a server's
    volume with both goes on working elsewhere; all else is absolute.
    """
    from tagger.playlist import parse_replacement, relocated

    replacement = parse_replacement(plan.replace_prefix) if plan.replace_prefix else None
    if plan.relative_to is not None:
        if replacement is not None:  # the folder is on the reader's machine, not here
            return relocated(entries, plan.relative_to, replacement)
        return _relative_to(_Folder.of(plan.relative_to), entries)
    if replacement or plan.absolute or not plan.output or plan.wanted_format() in FOR_PROGRAMS:
        return relocated(entries, None, replacement)
    folder = _Folder.of(os.path.dirname(absolute(plan.output)))
    return _beside(folder, entries, as_uris=plan.wanted_format() == "xspf")


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder by its `name` and its `real` path; no symbolic link lies between `anchor` and `name`.

    `..` leads out of the real folder. What lies beneath `anchor` is reached by the names as they are,
    everything else only from the real folder.
    """

    name: str
    real: str
    anchor: str

    @classmethod
    def of(cls, path: str) -> _Folder:
        name = absolute(path)
        real = os.path.realpath(name)
        anchor, real_anchor = name, real
        while anchor != (parent := os.path.dirname(anchor)):
            real_anchor = os.path.dirname(real_anchor)
            if os.path.realpath(parent) != real_anchor:
                break
            anchor = parent
        return cls(name, real, anchor)

    def seen_from(self, path: str) -> str:
        """The name of the folder from which a relative path to `path` is to be reckoned."""
        return self.name if _shared(path, self.anchor) == self.anchor else self.real


def _relative_to(folder: _Folder, entries: Sequence[Entry]) -> list[Entry]:
    from tagger.playlist import located

    return [replace(entry, path=located(entry.path, folder.seen_from(entry.path))) for entry in entries]


def _beside(folder: _Folder, entries: Sequence[Entry], as_uris: bool) -> list[Entry]:
    from tagger.playlist import located, needs_uri

    def called(path: str) -> str:
        start = folder.seen_from(path)
        shared = _shared(path, start)
        if (needs_uri(path) and not as_uris) or os.path.dirname(shared) == shared:
            return located(path)
        return located(path, start)

    return [replace(entry, path=called(entry.path)) for entry in entries]


def _shared(path: str, folder: str) -> str:
    """The deepest folder that both lie in; empty where they are on different drives."""
    try:
        return os.path.commonpath([path, folder])
    except ValueError:
        return ""
