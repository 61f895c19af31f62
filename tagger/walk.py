"""Walk from files and folders to the audio files in them, at one `stat` each."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter, itemgetter

from tagger.excluded import NOTHING_EXCLUDED, Excluded
from tagger.files import (
    AUDIO_EXTENSIONS,
    LAST_MTIME_NS,
    AudioFile,
    FileState,
    Fingerprint,
    absolute,
    drive_fault,
    fingerprint,
)
from tagger.types import Failure

# Thumbnails and trash that NAS systems and Windows put into shared folders, in lower case.
_SYSTEM_FOLDERS = frozenset(("@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information"))

# As `opendir` does it: what is no folder any more is not waited for.
_A_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NONBLOCK", 0)

_FolderId = tuple[int, int]
_NamedFiles = dict[_FolderId, set[str]]


def walk(
    paths: Sequence[str], known: set[Fingerprint] | None = None, excluded: Excluded = NOTHING_EXCLUDED
) -> Iterator[AudioFile | Failure]:
    """Yield every audio file among and beneath `paths`, each once, and a failure for what cannot be read.

    Files in a state that is `known` are left out, and their fingerprints taken out of the set: in a
    library of which little has changed, making a value of each would take longer than looking at it.

    Named files come first and whatever their extension; of folders, only regular files with one of
    `AUDIO_EXTENSIONS`, in the order of their names, a folder's own files before those of its
    subfolders. Symbolic links are followed; every real folder is listed once, under its own name
    where the walk meets both it and a link to it. Skipped silently: hidden folders (unless
    named), macOS `._*` files, trash and thumbnail folders of NAS systems, and what is `excluded`: its folders
    are not looked into. Failures have the stage `scan`. Memory grows with the folders, not with the files.
    """
    known = set() if known is None else known
    named: _NamedFiles = {}
    folders: list[str] = []
    for path in dict.fromkeys(map(absolute, paths)):
        found = _named(path, named)
        if isinstance(found, str):
            folders.append(found)
        elif isinstance(found, Failure) or (found and not _is_known(found, known)):
            yield found
    yield from _walk_folders((each for each in folders if not excluded.holds(each)), named, known, excluded)


def _is_known(file: AudioFile, known: set[Fingerprint]) -> bool:
    state = fingerprint(file.path, file.size, file.mtime_ns)
    is_known = state in known
    known.discard(state)
    return is_known


def is_music_name(name: str) -> bool:
    """Tell whether the walk takes a regular file of this name, found in a folder, for music.

    >>> [is_music_name(name) for name in ("a.FLAC", "cover.jpg", ".mp3", "._a.mp3")]
    [True, False, False, False]
    """
    stem, _, extension = name.rpartition(".")
    return extension.lower() in AUDIO_EXTENSIONS and bool(stem) and not name.startswith("._")


def is_skipped_folder(name: str) -> bool:
    """Tell whether the walk skips a folder of this name unless it was named.

    >>> [is_skipped_folder(name) for name in (".git", "@eaDir", "...And Justice for All")]
    [True, True, False]
    """
    is_hidden = name.startswith(".") and not name.startswith("..")  # "...And Justice for All" is music
    return is_hidden or name.lower() in _SYSTEM_FOLDERS


class LostFolders:
    """The folders of which all is gone but they: each has the shape of a drive that is not mounted.

    A mount point without its drive is an empty folder, a link to a drive leads nowhere. An owner who has
    done with an album removes its folder, too. Looked for are folders beneath `root`, which is absolute.
    """

    def __init__(self, root: str = os.sep) -> None:
        self._root = root
        self._known: dict[str, str | None] = {}
        self.found: list[str] = []

    def around(self, path: str) -> str | None:
        """Give the lost folder in which the track at `path`, which is gone, was; None where it is in none."""
        folder = os.path.dirname(path)
        if folder not in self._known:
            self._known[folder] = self._look_at(folder)
        return self._known[folder]

    def _look_at(self, folder: str) -> str | None:
        if folder == self._root or len(folder) < len(self._root) or folder == os.path.dirname(folder):
            return None
        if not os.path.lexists(folder):
            return self.around(folder)
        if not is_emptied(folder):
            return None
        self.found.append(folder)
        return folder


def is_emptied(folder: str) -> bool:
    """Tell whether nothing at all is in a folder, or it is a link that leads nowhere."""
    try:
        with os.scandir(folder) as listing:
            return next(listing, None) is None
    except FileNotFoundError:
        return os.path.islink(folder)
    except NotADirectoryError:
        return False
    except OSError:  # a drive that fails: no sign that an owner has removed something
        return True


def _named(path: str, named: _NamedFiles) -> AudioFile | Failure | str | None:
    """Look at a named path: give its file, or the path again for a folder, or None if it was named before."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return path
        names = named.setdefault(_folder_id(os.path.dirname(path)), set())
    except FileNotFoundError:
        return Failure(path, "scan", "no such file or folder; check the name, and that its drive is mounted")
    except OSError as error:
        return _failure(path, error)
    if os.path.basename(path) in names:
        return None
    names.add(os.path.basename(path))
    if not stat.S_ISREG(status.st_mode):
        return Failure(path, "scan", "not a regular file; name a file or a folder")
    state = FileState.of(status)
    return AudioFile(path, state.size, state.mtime_ns)


def _walk_folders(
    folders: Iterable[str], named: _NamedFiles, known: set[Fingerprint], excluded: Excluded
) -> Iterator[AudioFile | Failure]:
    # Links wait until all real folders are listed: a file keeps its path when a link to it appears.
    seen: set[_FolderId] = set()
    pending, links = list(folders)[::-1], list[str]()
    while pending or links:
        folder = pending.pop() if pending else links.pop(0)
        try:
            identity = _folder_id(folder)
            if identity in seen:
                continue
            seen.add(identity)
            with _opened(folder) as at:
                found, subfolders = _listed(folder, at, named.get(identity, ()), known, excluded)
        except OSError as error:
            yield _failure(folder, error)
            continue
        yield from sorted(found, key=attrgetter("path"))
        for path, is_link in sorted(subfolders, key=itemgetter(0), reverse=True):
            (links if is_link else pending).append(path)


@contextmanager
def _opened(folder: str) -> Iterator[int | None]:
    """Open a folder, so that a look at a file in it, a fifth faster, does not begin at the root.

    None where the system cannot look so.
    """
    if os.stat not in os.supports_dir_fd:
        yield None
        return
    at = os.open(folder, _A_FOLDER)
    try:
        yield at
    finally:
        os.close(at)


def _listed(
    folder: str, at: int | None, already: Container[str], known: set[Fingerprint], excluded: Excluded
) -> tuple[list[AudioFile | Failure], list[tuple[str, bool]]]:
    """List what is new in one folder, and its subfolders, each with whether it is a link, in any order.

    `at` is the open folder. Raises OSError if it cannot.
    """
    found: list[AudioFile | Failure] = []
    subfolders: list[tuple[str, bool]] = []
    is_excluded = excluded.matches if excluded.patterns else None
    inside, look = os.path.join(folder, ""), os.stat
    with os.scandir(folder) as listing:
        for entry in listing:  # a hundred thousand times: nothing that can be done without
            name = entry.name
            path = inside + name
            stem, _, extension = name.rpartition(".")
            is_audio = extension.lower() in AUDIO_EXTENSIONS and stem and name[:2] != "._"
            if is_excluded and is_excluded(path, name):
                continue
            try:
                if is_audio:
                    status = entry.stat() if at is None else look(name, dir_fd=at)
                    size, mtime_ns = status.st_size, status.st_mtime_ns
                    state = hash((path, size, mtime_ns))  # `fingerprint`, spelled out
                    if state in known:
                        known.remove(state)
                        continue
                    if stat.S_ISREG(status.st_mode) and name not in already:  # a FIFO would never end
                        found.append(AudioFile(path, size, min(mtime_ns, LAST_MTIME_NS)))  # as `FileState.of`
                if entry.is_dir() and not is_skipped_folder(name):
                    subfolders.append((path, entry.is_symlink()))
            except OSError as error:
                if is_audio:
                    found.append(_failure(path, error, entry.is_symlink()))
    return found, subfolders


def _folder_id(path: str) -> _FolderId:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _failure(path: str, error: OSError, is_link: bool = False) -> Failure:
    if is_link and error.errno == errno.ENOENT:
        return _dangling(path)
    return Failure(path, "scan", drive_fault(error))


def _dangling(path: str) -> Failure:
    """With the state of the link, by which a fault that is known is told from another one."""
    reason = "a symbolic link to a file that is gone; mend or remove the link"
    try:
        state = FileState.of(os.lstat(path))
    except OSError:
        return Failure(path, "scan", reason)
    return Failure(path, "scan", reason, state.size, state.mtime_ns)
