"""Files and their names: state, absolute paths, extensions, text folding, atomic replacement."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from tagger.descriptors import Folder, give_rights, is_same, try_lock
from tagger.errors import TaggerError

AUDIO_EXTENSIONS = frozenset(
    "mp3 flac ogg oga opus m4a mp4 aac alac wav aif aiff aifc wma ape wv mpc mp+ webm mka tta dsf".split()  # noqa: SIM905
)
"""Endings, in lower case and without the dot, of the files that a scan takes for music."""

LAST_MTIME_NS = 2**63 - 1
"""In April 2262. Later times, from a broken clock, count as this: SQLite's integers end there."""

_READ_FAULTS = {
    errno.EACCES: "permission denied; give this user the right to read it",
    errno.EPERM: "permission denied; give this user the right to read it",
    errno.ENOENT: "gone since its folder was listed; scan again",
    errno.ELOOP: "symbolic links that lead in a circle; remove the link",
    errno.ENAMETOOLONG: "its name is longer than the system allows; shorten it, or its folders",
    errno.EIO: "the drive reports a read error; check the drive",
}

_LOOKED_AT = 1 << 16
"""Bytes at the beginning of a file in which music, pictures and databases have a NUL."""


StrPath = str | os.PathLike[str]
"""The name of a file or folder; `~` at its beginning is the home folder, unless something has that name."""


@dataclass(frozen=True, slots=True)
class FileState:
    """The size in bytes and the modification time of a file; a file in another state has changed.

    >>> FileState.of(os.stat(__file__)) == FileState.of(os.stat(__file__))
    True
    """

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Give the state of a file from what `os.stat` says; times beyond `LAST_MTIME_NS` are cut to it."""
        return cls(status.st_size, min(status.st_mtime_ns, LAST_MTIME_NS))


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file as the walk found it; it is analysed again only when its state differs.

    `path` is absolute and as the operating system gives it: bytes that are not valid in the file
    system's encoding stand as lone surrogates (PEP 383).
    """

    path: str
    size: int
    mtime_ns: int

    @property
    def state(self) -> FileState:
        """The state in which the walk found it."""
        return FileState(self.size, self.mtime_ns)


Fingerprint = int
"""The hash of a file's path, size and mtime_ns: true within one process only, a tenth of their memory."""


def fingerprint(path: str, size: int, mtime_ns: int) -> Fingerprint:
    """Hash a path and a state: equal for the same file in the same state."""
    return hash((path, size, mtime_ns))


def absolute(path: str) -> str:
    """Make `path` absolute, with the name that the shell has for the current folder.

    A folder that was entered through a symbolic link goes by the link's name, as in `pwd`: the library
    was scanned by it. `os.path.abspath` knows only the folder behind the link, to which `..` leads.

    Raises TaggerError where `path` is not absolute and the current folder was deleted.
    """
    if os.path.isabs(path):
        return os.path.abspath(path)
    named, folder = os.environ.get("PWD", ""), current_folder()
    if os.pardir not in path.split(os.sep) and _leads_to(named, folder):
        path = os.path.join(named, path)
    return os.path.abspath(path)


def current_folder() -> str:
    """Give the working folder of the process. Raises TaggerError where it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise TaggerError("the current folder was deleted; change to another one") from None


@contextmanager
def in_an_existing_folder() -> Iterator[None]:
    """Go to the root folder while the block runs, where the working folder was deleted, and come back.

    Worker processes do not start without one, and MKL then ends the whole program. Every path must be
    absolute by now.
    """
    try:
        os.getcwd()
        deleted = None
    except FileNotFoundError:
        deleted = os.open(os.curdir, os.O_RDONLY)
        os.chdir(os.sep)
    try:
        yield
    finally:
        if deleted is not None:
            os.chdir(deleted)
            os.close(deleted)


def extension_of(path: str) -> str:
    """Give the ending of a name in lower case and without its dot; "" where there is none.

    >>> extension_of("Live/Song.FLAC")
    'flac'
    """
    return os.path.splitext(path)[1].removeprefix(".").lower()


def folded(text: str) -> str:
    """Fold letter case and Unicode form (macOS keeps `é` as two characters), for comparison.

    >>> folded("BJÖRK") == folded("Björk"), folded("bjork") == folded("Björk")
    (True, False)
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def sort_key(name: str) -> str:
    """Give what a name is sorted by: without letter case, accents, and spaces at its ends.

    >>> sorted(["Zoe", "Émile", "abba"], key=sort_key)
    ['abba', 'Émile', 'Zoe']
    """
    if name.isascii():
        return name.strip().lower()
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def is_same_file(one: str, other: str) -> bool:
    """Tell whether two paths lead to one file; False where either leads nowhere."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def may_be_there(path: str) -> bool:
    """Tell whether a file or a link is there, or the drive or the rights keep it from being looked for.

    `os.path.lexists` takes a drive that does not answer for a file that is gone.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def drive_fault(error: OSError) -> str:
    """Say in words for a person what keeps a file or folder from being read, and what to do.

    >>> drive_fault(OSError(errno.ESTALE, "Stale file handle"))
    'stale file handle; check the drive, then scan again'
    """
    words = (error.strerror or str(error)).lower()
    return _READ_FAULTS.get(error.errno or 0, f"{words}; check the drive, then scan again")


@contextmanager
def atomic_replacement(path: str) -> Iterator[BinaryIO]:
    """Give a new file, open for writing, that takes the place of `path` when the block ends, and only then.

    A reader sees the old file or the new one, never half of either, and a power cut neither. A block that
    raises leaves `path` as it was. A kill leaves nothing beside it, or what the next call for the same file
    removes. An existing file keeps its owner and its rights, and a symbolic link stays a link. Raises
    OSError, also where `path` is no regular file.
    """
    target = _followed(path)
    name = os.path.basename(target)
    start = f".tagger-{zlib.crc32(os.fsencode(name)):08x}-"
    draft = f"{start}{secrets.token_hex(6)}.tmp"
    with Folder(os.path.dirname(target)) as folder:
        _check_is_regular(folder, name)
        _remove_drafts(folder, start)
        unnamed = folder.create_unnamed(0o666)
        fd = folder.open(draft, os.O_RDWR | os.O_CREAT, 0o666) if unnamed is None else unnamed
        try:
            with open(fd, "wb") as file:
                try_lock(fd)
                yield file
                file.flush()
                _give_rights_of(folder, name, fd)
                os.fsync(fd)
                status = os.fstat(fd)
                if unnamed is not None:
                    folder.link(fd, draft)
                if os.name == "nt":  # which renames no open file
                    file.close()
                if not is_same(folder.status(draft), status):
                    raise OSError(0, "another program put something else in its place")
                folder.replace(draft, name)
        finally:
            with contextlib.suppress(OSError):
                folder.unlink(draft)


def replace_atomically(path: str, content: bytes) -> None:
    """Replace the file at `path` by `content`, or leave it as it was; `atomic_replacement` says how.

    Raises TaggerError when the folder is missing or not writable, the disk is full, `path` is not a
    regular file, or text would take the place of something else, such as music.
    """
    if b"\0" not in content:
        check_holds_text(path)
    try:
        with atomic_replacement(path) as file:
            file.write(content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TaggerError(f"{path}: cannot be written: {reason}") from error


def check_holds_text(path: str) -> None:
    """Raise TaggerError where there is something that is no text file, so none that was written here."""
    if os.path.abspath(path).startswith(("/dev/", "/proc/")):  # behind which a log may lie
        raise TaggerError(f"{path}: not a file of its own; name one")
    if not os.path.exists(path):
        return
    if not os.path.isfile(path):
        raise TaggerError(f"{path}: not a regular file; give another name")
    try:
        with open(path, "rb") as file:
            if b"\0" not in file.read(_LOOKED_AT):
                return
    except OSError:
        return  # writing will tell
    raise TaggerError(f"{path}: holds something else than text, and is not written over; give another name")


@lru_cache(maxsize=1)  # asked for each of the files that a shell's `*` names
def _leads_to(named: str, folder: str) -> bool:
    """Whether nothing but symbolic links stands between this name and the folder's own."""
    is_plain = os.path.isabs(named) and os.path.normpath(named) == named and not named.startswith("//")
    return is_plain and os.path.realpath(named) == folder


def _remove_drafts(folder: Folder, start: str) -> None:
    """Remove what killed runs have left of the same file: own drafts that nobody holds."""
    for name in folder.names():
        if name.startswith(start) and name.endswith(".tmp"):
            with contextlib.suppress(OSError), open(folder.open(name, os.O_RDONLY), "rb") as file:
                status = os.fstat(file.fileno())
                if stat.S_ISREG(status.st_mode) and try_lock(file.fileno()):
                    folder.unlink(name)


def _followed(path: str) -> str:
    """Give what a path leads to. Raises OSError for a link that another user has laid to a file not his."""
    target = os.path.realpath(path)
    if hasattr(os, "geteuid") and os.path.islink(path):
        owners = {os.geteuid(), 0}
        with contextlib.suppress(OSError):
            owners.add(os.stat(target).st_uid)
        if os.lstat(path).st_uid not in owners:
            raise OSError(0, "a symbolic link of another user")
    return target


def _check_is_regular(folder: Folder, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(folder.status(name).st_mode):
            raise OSError(0, "not a regular file")


def _give_rights_of(folder: Folder, name: str, fd: int) -> None:
    """Give an open draft the owner, rights and ACL of the file whose place it takes, as far as we may."""
    try:
        old = folder.open(name, os.O_RDONLY)
    except FileNotFoundError:
        return
    except PermissionError:  # it may be written, not read
        if os.chmod in os.supports_fd:
            os.chmod(fd, stat.S_IMODE(folder.status(name).st_mode))
        return
    try:
        give_rights(old, fd)
    finally:
        os.close(old)


def named_path(path: StrPath) -> str:
    """Give the path that a person has named; `~` at its beginning is the home folder, unless it is a name.

    Raises TaggerError for an empty name, which would mean the current folder.
    """
    name = os.fspath(path)
    if not name:
        raise TaggerError("a path is empty; name a file or a folder")
    return name if not name.startswith("~") or os.path.lexists(name) else os.path.expanduser(name)
