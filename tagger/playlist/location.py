r"""How a playlist names its files: absolute, relative to a folder, or as another machine sees them.

Nothing here looks at the disk. A path that begins with a drive (`C:\`) or a share (`\\host`) is a
Windows path, everything else is POSIX, so a playlist for one system can be written on the other.
"""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from tagger.errors import TaggerError
from tagger.playlist.entry import Entry

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\/]")
# A URL scheme or drive, a comment, an option of a command, a home folder, or a space that readers strip.
_MISREAD = re.compile(r"[#\-~\[\s]|[^/]*:")


def relocated(
    entries: Iterable[Entry], relative_to: str | None = None, replace_prefix: tuple[str, str] | None = None
) -> list[Entry]:
    """The entries with the paths that `located` gives them."""
    return [replace(entry, path=located(entry.path, relative_to, replace_prefix)) for entry in entries]


def located(path: str, relative_to: str | None = None, replace_prefix: tuple[str, str] | None = None) -> str:
    """What to call the file at the absolute `path`.

    `replace_prefix` (old, new) is applied first, to whole components. Then, if `relative_to` (an
    absolute folder as the playlist's reader sees it, free of symbolic links because `..` crosses
    them) is given, the answer is relative to it, with forward slashes on every system; on another
    drive it stays absolute.
    """
    if replace_prefix is not None:
        path = _with_prefix_replaced(path, *replace_prefix)
    if relative_to is not None:
        path = _relative(path, relative_to)
    return unmistakable(path)


def parse_replacement(text: str) -> tuple[str, str]:
    """`OLD=NEW` as a pair, split at the first `=`; raises TaggerError when there is none or OLD is empty."""
    old, equals, new = text.partition("=")
    if not old or not equals:
        raise TaggerError(f"{text}: write the replacement as OLD=NEW, for example /home/me/Music=/music")
    return old, new


def unmistakable(path: str) -> str:
    """A relative path with `./` in front where a reader could take it for a comment, option or URL."""
    return path if is_absolute(path) else _dotted(path)


def is_absolute(path: str) -> bool:
    """Whether the path begins at a root, a drive or a share."""
    return path.startswith("/") or is_windows(path)


def is_windows(path: str) -> bool:
    r"""Whether the path begins as only a Windows path does: with `C:\`, `C:/` or `\\host`."""
    return _WINDOWS.match(path) is not None


def pure(path: str) -> PurePath:
    """The path in the flavour that it is written in."""
    return PureWindowsPath(path) if is_windows(path) else PurePosixPath(path)


def _with_prefix_replaced(path: str, old: str, new: str) -> str:
    try:
        rest = pure(path).relative_to(pure(old))
    except (TypeError, ValueError):  # not under OLD, or a path of the other system
        return path
    return str(pure(new).joinpath(*rest.parts))


def _dotted(relative: str) -> str:
    return f"./{relative}" if _MISREAD.match(relative) else relative


def _relative(path: str, folder: str) -> str:
    if is_windows(path) != is_windows(folder) or not is_absolute(path):
        return path
    try:
        if is_windows(path):
            return _dotted(ntpath.relpath(path, folder).replace("\\", "/"))
        return _dotted(posixpath.relpath(path, folder))
    except ValueError:  # another drive
        return path
