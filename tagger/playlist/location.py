r"""How a playlist names its files: absolute, relative to a folder, or as another machine sees them.

`placed` follows a plan and knows the links of this machine; what stands below it looks at no disk. A path
that begins with a drive (`C:\`) or a share (`\\host`) is a
Windows path, everything else is POSIX, so a playlist for one system can be written on the other.
"""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from tagger.errors import TaggerError
from tagger.files import absolute
from tagger.types import Track

if TYPE_CHECKING:
    from tagger.playlist.plan import Plan

SURROGATES = re.compile("[\ud800-\udfff]")
"""What stands for the bytes of a name that are no UTF-8."""

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions
_NOT_WINDOWS = re.compile(r'[\x00-\x1f<>:"/\\|?*]|[ .]\Z')
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\/]")
# A URL scheme or drive, a comment, an option of a command, a home folder, or a space that readers strip.
_MISREAD = re.compile(r"[#\-~\[\s]|[^/]*:")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A track that a format or its reader's system cannot name, and why, in words fit to show."""

    path: str
    reason: str


def nameable(tracks: Sequence[Track], plan: Plan) -> tuple[list[Track], tuple[Skipped, ...]]:
    """Part the tracks that the reader of the playlist can name from those that no Windows can."""
    replacement = parse_replacement(plan.replace_prefix) if plan.replace_prefix else None
    reasons = [_why_unnameable(track.path, replacement) for track in tracks]
    kept = [track for track, reason in zip(tracks, reasons, strict=True) if reason is None]
    pairs = zip(tracks, reasons, strict=True)
    return kept, tuple(Skipped(track.path, reason) for track, reason in pairs if reason)


def placed(tracks: Sequence[Track], plan: Plan) -> list[Track]:
    """Give the tracks the paths that the plan asks for.

    Without `relative_to`, `absolute` and `replace_prefix`, a playlist written to a file names what shares
    more than the root with it by relative paths, so that a folder, a stick or a server's volume with both
    goes on working on another machine; all else is absolute.
    """
    replacement = parse_replacement(plan.replace_prefix) if plan.replace_prefix else None
    if plan.relative_to is not None:
        if replacement is not None:  # the folder is on the reader's machine, not here
            return relocated(tracks, plan.relative_to, replacement)
        return _relative_to(_Folder.of(plan.relative_to), tracks)
    if replacement or plan.absolute or not plan.output or plan.kind.naming != "beside":
        return relocated(tracks, None, replacement)
    return _beside(_Folder.of(os.path.dirname(absolute(plan.output))), tracks, plan.wanted_format == "xspf")


def relocated(
    tracks: Iterable[Track], relative_to: str | None = None, replace_prefix: tuple[str, str] | None = None
) -> list[Track]:
    """Give the tracks the paths that `located` gives."""
    return [replace(track, path=located(track.path, relative_to, replace_prefix)) for track in tracks]


def located(path: str, relative_to: str | None = None, replace_prefix: tuple[str, str] | None = None) -> str:
    r"""Name the file at the absolute `path` as the reader of the playlist finds it.

    `replace_prefix` (old, new) is applied first, to whole components. Then, if `relative_to` (an
    absolute folder as the playlist's reader sees it, free of symbolic links because `..` crosses
    them) is given, the answer is relative to it, with forward slashes on every system; on another
    drive it stays absolute.

    >>> located("/music/Rock/a.mp3", "/music/lists"), located("/music/#1.mp3", "/music")
    ('../Rock/a.mp3', './#1.mp3')
    >>> located("/home/me/Music/a.mp3", "/music/lists", ("/home/me/Music", "/music"))
    '../a.mp3'
    >>> print(located("/music/a.mp3", None, ("/music", r"Z:\Music")))
    Z:\Music\a.mp3
    """
    if replace_prefix is not None:
        path = _with_prefix_replaced(path, *replace_prefix)
    if relative_to is not None:
        path = _relative(path, relative_to)
    return unmistakable(path)


def parse_replacement(text: str) -> tuple[str, str]:
    """Read `OLD=NEW` as a pair; raise TaggerError where `=`, OLD, or the share of NEW is missing.

    >>> parse_replacement("/home/me/Music=/music")
    ('/home/me/Music', '/music')
    """
    old, equals, new = text.partition("=")
    if not old or not equals:
        raise TaggerError(f"{text}: write the replacement as OLD=NEW, for example /home/me/Music=/music")
    if re.fullmatch(r"\\\\[^\\/]+[\\/]?", new):
        raise TaggerError(
            f"{text}: name the share behind the host, such as {new.rstrip('/').rstrip(chr(92))}\\music"
        )
    return old, new


def unmistakable(path: str) -> str:
    """Put `./` before a relative path that a reader could take for a comment, an option or a URL."""
    return path if is_absolute(path) else _dotted(path)


def is_absolute(path: str) -> bool:
    """Tell whether the path begins at a root, a drive or a share."""
    return path.startswith("/") or is_windows(path)


def is_windows(path: str) -> bool:
    r"""Tell whether the path begins as only a Windows path does: with `C:\`, `C:/` or `\\host`."""
    return _WINDOWS.match(path) is not None


def pure(path: str) -> PurePath:
    """Give the path in the flavour that it is written in."""
    return PureWindowsPath(path) if is_windows(path) else PurePosixPath(path)


def _with_prefix_replaced(path: str, old: str, new: str) -> str:
    try:
        rest = pure(path).relative_to(pure(old))
    except (TypeError, ValueError):  # not under OLD, or a path of the other system
        return path
    return str(pure(new).joinpath(*rest.parts))


def _why_unnameable(path: str, replacement: tuple[str, str] | None) -> str | None:
    """Why the file has no name on the reader's Windows; None where it has one, or another system reads."""
    seen = _with_prefix_replaced(path, *replacement) if replacement else path
    if not is_windows(seen):
        return None
    if SURROGATES.search(seen):
        return "its name is not UTF-8, and Windows has none for it"
    if is_windows(path):
        return None
    parts = pure(path).relative_to(pure(replacement[0])).parts if replacement else ()
    if unknown := next((part for part in parts if _NOT_WINDOWS.search(part)), None):
        return f"Windows has no such name as {unknown!r}"
    return None


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


def _relative_to(folder: _Folder, tracks: Sequence[Track]) -> list[Track]:
    return [replace(track, path=located(track.path, folder.seen_from(track.path))) for track in tracks]


def _beside(folder: _Folder, tracks: Sequence[Track], as_uris: bool) -> list[Track]:
    from tagger.playlist.lines import needs_uri  # which imports this module

    def called(path: str) -> str:
        start = folder.seen_from(path)
        shared = _shared(path, start)
        if (needs_uri(path) and not as_uris) or os.path.dirname(shared) == shared:
            return located(path)
        return located(path, start)

    return [replace(track, path=called(track.path)) for track in tracks]


def _shared(path: str, folder: str) -> str:
    """The deepest folder that both lie in; empty where they are on different drives."""
    try:
        return os.path.commonpath([path, folder])
    except ValueError:
        return ""
