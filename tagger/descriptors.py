"""Work on open files and folders: a name may lead elsewhere a moment later, where others may rename.

Whoever owns a folder can put a link in the place of any name in it. So a file is opened once, without
following a link, and owner, rights, dates and attributes are given to what is open. Where the system knows
no descriptors of folders (Windows), names must do.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from types import TracebackType
from typing import Self

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_HELD = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_CAN_HOLD = {os.open, os.stat, os.rename, os.unlink} <= os.supports_dir_fd
_CHMODS, _DATES = os.chmod in os.supports_fd, os.utime in os.supports_fd

_KEPT_XATTRS = ("user.", "system.")
"""What other programs and ACLs have put there; the rest is the system's, which labels each file itself."""


class Folder:
    """A folder held open: names in it are of this folder, whatever becomes of the folder's own name.

    A context manager. Raises OSError where there is none.
    """

    def __init__(self, path: str) -> None:
        """Hold the folder at `path`."""
        self.path = path or os.curdir
        self._fd = os.open(self.path, _HELD) if _CAN_HOLD else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            os.close(self._fd)

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open what is no symbolic link; with O_CREAT, only what is not there yet."""
        flags |= _NO_LINK | _BINARY | (os.O_EXCL if flags & os.O_CREAT else 0)
        return os.open(self._named(name), flags, mode, dir_fd=self._fd)

    def create_unnamed(self, mode: int) -> int | None:
        """Open a new file without a name, of which a kill leaves nothing; None where there are none."""
        if self._fd is None or sys.platform != "linux" or not os.path.isdir("/proc/self/fd"):
            return None
        try:
            return os.open(os.curdir, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, mode, dir_fd=self._fd)
        except OSError:
            return None

    def status(self, name: str) -> os.stat_result:
        """Give the status of a name, of a link itself where it is one."""
        return os.stat(self._named(name), dir_fd=self._fd, follow_symlinks=False)

    def names(self) -> list[str]:
        """List what is in the folder."""
        if self._fd is None:
            return os.listdir(self.path)
        fd = os.open(os.curdir, os.O_RDONLY, dir_fd=self._fd)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def replace(self, old: str, new: str) -> None:
        """Rename `old`, over what has the name `new`."""
        os.replace(self._named(old), self._named(new), src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def link(self, fd: int, name: str) -> None:
        """Give a name to an open file that has none (O_TMPFILE)."""
        os.link(f"/proc/self/fd/{fd}", self._named(name), dst_dir_fd=self._fd, follow_symlinks=True)

    def unlink(self, name: str) -> None:
        """Remove a name."""
        os.unlink(self._named(name), dir_fd=self._fd)

    def _named(self, name: str) -> str:
        return os.path.join(self.path, name) if self._fd is None else name


def open_no_link(path: str, flags: int) -> int:
    """Open what is no symbolic link, also where one has just taken its place; an `opener` of `open`."""
    return os.open(path, flags | _NO_LINK)


def try_lock(fd: int) -> bool:
    """Take an advisory lock; False where another program has one. True on file systems without locks."""
    if sys.platform != "win32":  # Windows locks files by opening them
        import fcntl

        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True


def is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether two statuses are of one regular file of the same rights and size."""
    return stat.S_ISREG(one.st_mode) and _marks(one) == _marks(other)


def is_one_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether two statuses are of one file, whatever was changed in it."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def give_rights(source: int, copy: int) -> bool:
    """Give an open copy the owner, rights and attributes of an open file; False where it has not got them.

    What it has from its folder alone, such as a default ACL, goes.
    """
    status = os.fstat(source)
    with contextlib.suppress(OSError):
        _give_xattrs(source, copy)
    give_owner_and_mode(copy, status)
    return _rights(os.fstat(copy)) == _rights(status) and _kept_xattrs(copy) == _kept_xattrs(source)


def give_owner_and_mode(fd: int, status: os.stat_result) -> None:
    """Give an open file the owner and the mode of another one, as far as the system lets it."""
    with contextlib.suppress(OSError):
        _give_owner(fd, status)
    if _CHMODS:
        with contextlib.suppress(OSError):
            os.chmod(fd, stat.S_IMODE(status.st_mode))


def set_date(fd: int, path: str, status: os.stat_result, mtime_ns: int) -> None:
    """Give an open file a date; `path` is for systems that cannot do without."""
    os.utime(fd if _DATES else path, ns=(status.st_atime_ns, mtime_ns))


def _marks(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, *_rights(status))


def _rights(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def _give_owner(copy: int, status: os.stat_result) -> None:
    own = os.fstat(copy)
    if hasattr(os, "chown") and (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        os.chown(copy, status.st_uid, status.st_gid)


def _give_xattrs(source: int, copy: int) -> None:
    if sys.platform != "linux":
        return
    wanted = os.listxattr(source)
    for name in _kept_xattrs(copy).keys() - set(wanted):
        os.removexattr(copy, name)
    for name in wanted:
        with contextlib.suppress(OSError):
            os.setxattr(copy, name, os.getxattr(source, name))


def _kept_xattrs(fd: int) -> dict[str, bytes]:
    """The extended attributes that a copy must have too; none where the file system knows none."""
    if sys.platform != "linux":
        return {}
    try:
        names = [name for name in os.listxattr(fd) if name.startswith(_KEPT_XATTRS)]
        return {name: os.getxattr(fd, name) for name in names}
    except OSError:
        return {}
