"""Edited copies beside the music, recovered by a later run after a crash.

`.tagger-*.tmp` is a copy that was not finished, or did not replace its file: recovery removes it.
`.tagger-*.redo` is a complete, verified copy that was being written over a file in place (of several
names, or whose owner and rights no copy can have). In its name are that file's inode, its size before, and
a checksum of its name. Recovery writes it to the end, then removes it. A file system gives the inode of a
deleted file to the next one, so the size is compared too: it must be the one before, that of the copy, or
on the way from the one to the other. Some shares number their files anew; there the name tells.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import tempfile
import zlib
from typing import BinaryIO

from tagger.errors import TagError

_PREFIX, _UNFINISHED, _REDO = ".tagger-", ".tmp", ".redo"
_CHUNK_BYTES = 1 << 20


def create_temporary(folder: str) -> tuple[BinaryIO, str]:
    """Create a locked file in `folder`, open for writing and reading. Raises OSError where it cannot."""
    fd, path = tempfile.mkstemp(_UNFINISHED, _PREFIX, folder)
    file = os.fdopen(fd, "w+b")
    try_lock(file)
    return file, path


def stale_temporary_files(folder: str) -> tuple[str, ...]:
    """List the temporary files in a folder that no running program holds."""
    with os.scandir(folder) as entries:
        names = [entry.path for entry in entries if _is_ours(entry.name)]
    return tuple(path for path in sorted(names) if not _is_held(path))


def recover_temporary_files(folder: str) -> tuple[str, ...]:
    """Clean up after a run that was killed: finish writing in place where it had begun, remove the rest.

    Gives the paths that were found. A `.redo` is kept where its file is not in the folder any more or
    cannot be identified for sure, because it may be the only whole copy. Raises TagError where the
    folder cannot be cleaned up.
    """
    try:
        paths = stale_temporary_files(folder)
        for path in paths:
            if path.endswith(_REDO) and not _finish_in_place(folder, path):
                continue
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    except OSError as error:
        raise TagError(f"cannot clean up after an interrupted run: {error.strerror}") from error
    return paths


def write_in_place(temporary: str, target: str) -> None:
    """Write a verified copy over a file that stays itself, so that being killed loses nothing."""
    folder = os.path.dirname(target)
    status = os.stat(target)
    marks = f"{status.st_ino}-{status.st_size}-{_checksum(os.path.basename(target))}"
    redo = os.path.join(folder, f"{_PREFIX}{marks}{_REDO}")
    os.replace(temporary, redo)
    try:
        _reserve(target, os.stat(redo).st_size)
    except OSError:
        os.replace(redo, temporary)
        raise
    sync_folder(folder)
    with open(redo, "rb") as held:
        try_lock(held)
        _overwrite(redo, target)
        os.unlink(redo)


def sync_folder(folder: str) -> None:
    """Make a rename in a folder survive a power cut, where the system can (POSIX)."""
    if os.name != "posix":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems cannot sync a folder; the rename itself has been done.
        with contextlib.suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)


def try_lock(file: BinaryIO) -> bool:
    """Take an advisory lock; False where another program has one. True on file systems without locks."""
    if sys.platform != "win32":  # Windows locks files by opening them
        import fcntl

        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True


def _is_ours(name: str) -> bool:
    return name.startswith(_PREFIX) and name.endswith((_UNFINISHED, _REDO))


def _is_held(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return not try_lock(file)
    except FileNotFoundError:
        return True


def _finish_in_place(folder: str, redo: str) -> bool:
    """Write a `.redo` over its file; False where the folder holds no such file."""
    inode, _, rest = os.path.basename(redo)[len(_PREFIX) : -len(_REDO)].partition("-")
    old_size, _, checksum = rest.partition("-")
    if not old_size.isdigit():
        return False
    old, new = int(old_size), os.stat(redo).st_size
    with os.scandir(folder) as entries:
        found = [(one, one.stat(follow_symlinks=False)) for one in entries if not _is_ours(one.name)]
    files = [(one, status) for one, status in found if stat.S_ISREG(status.st_mode)]
    named = [(one, status) for one, status in files if str(status.st_ino) == inode]
    named = named or [(one, status) for one, status in files if _checksum(one.name) == checksum]
    target = next((one.path for one, status in named if _is_between(status.st_size, old, new)), None)
    if target:
        _overwrite(redo, target)
    return target is not None


def _is_between(size: int, old: int, new: int) -> bool:
    """Whether a file of this size may be one that was on its way: it grows at once or bit by bit."""
    return size in (old, new) or old < size < new


def _checksum(name: str) -> str:
    return f"{zlib.crc32(os.fsencode(name)):08x}"


def _reserve(target: str, size: int) -> None:
    """Claim the room that the file will need before its first byte is touched."""
    old = os.stat(target).st_size
    if size <= old:
        return
    with open(target, "r+b") as file:
        try:
            _lengthen(file, old, size - old)
        except OSError:
            file.truncate(old)
            raise


def _lengthen(file: BinaryIO, old: int, growth: int) -> None:
    if sys.platform == "linux":
        try:
            os.posix_fallocate(file.fileno(), old, growth)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
                raise
    file.seek(old)
    for start in range(0, growth, _CHUNK_BYTES):
        file.write(bytes(min(_CHUNK_BYTES, growth - start)))
    file.flush()


def _overwrite(source: str, target: str) -> None:
    times = os.stat(source)
    with open(source, "rb") as new, open(target, "r+b") as file:
        shutil.copyfileobj(new, file, 1 << 20)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    # The date of another user's file may not be set, and is now that of the writing.
    with contextlib.suppress(PermissionError):
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
