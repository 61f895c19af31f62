"""Edited copies beside the music, recovered by a later run after a crash.

Every name holds the token of its run, which the store records before: what only looks like one of ours is
left alone, and so is a link and what lies in a folder that some database names without our token.

`.tagger-*.tmp` is a copy that was not finished, or did not replace its file: recovery removes it.
`.tagger-*.redo` is a complete, verified copy that was being written over a file in place (of several
names, or whose owner and rights no copy can have). In its name are also that file's inode, its size before,
and a checksum of its name. Recovery writes it to the end, then removes it. A file system gives the inode of a
deleted file to the next one, so the size is compared too: it must be the one before, that of the copy, or
on the way from the one to the other. Some shares number their files anew; there the name tells.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO

from tagger.descriptors import Folder, is_one_file, is_same, set_date, try_lock
from tagger.errors import TagError

CHANGED_COPY = "the copy beside it was changed by another program; nothing was written"

_PREFIX, _UNFINISHED, _REDO = ".tagger-", ".tmp", ".redo"
_ENDINGS = (_UNFINISHED, _REDO)
_CHUNK_BYTES = 1 << 20
_TOKEN = secrets.token_hex(8)
_IS_TOKEN = re.compile("[0-9a-f]{16}")


def run_token() -> str:
    """Give what is in the names of all temporary files of this process; the store records it."""
    return _TOKEN


def create_temporary(folder: Folder) -> tuple[BinaryIO, str]:
    """Create a locked file in `folder`, open for writing and reading, and give its name too.

    Raises OSError where it cannot.
    """
    name = f"{_PREFIX}{_TOKEN}-{secrets.token_hex(6)}{_UNFINISHED}"
    file = os.fdopen(folder.open(name, os.O_RDWR | os.O_CREAT), "w+b")
    try_lock(file.fileno())
    return file, name


def stale_temporary_files(path: str, token: str) -> tuple[str, ...]:
    """List the temporary files of a run in a folder that no running program holds."""
    with Folder(path) as folder:
        return tuple(os.path.join(path, name) for name in _stale(folder, token))


def recover_temporary_files(
    path: str, token: str, is_recorded: Callable[[BinaryIO], bool]
) -> tuple[str, ...]:
    """Clean up after a run that was killed: finish writing in place where it had begun, remove the rest.

    Gives the paths that were found. Only names with the `token` of the run count, and only a `.redo` of
    which `is_recorded` says that the store knows its content is written into a file. One is kept where
    its file is not in the folder any more or cannot be identified for sure, because it may be the only
    whole copy. Raises TagError where the folder cannot be cleaned up.
    """
    if not _IS_TOKEN.fullmatch(token):
        return ()
    try:
        with Folder(path) as folder:
            names = _stale(folder, token)
            for name in names:
                if name.endswith(_REDO) and not _finish_in_place(folder, name, is_recorded):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    folder.unlink(name)
    except OSError as error:
        raise TagError(f"cannot clean up after an interrupted run: {error.strerror}") from error
    return tuple(os.path.join(path, name) for name in names)


def write_in_place(
    folder: Folder, temporary: str, copy: os.stat_result, name: str, status: os.stat_result
) -> None:
    """Write a verified copy over a file that stays itself, so that being killed loses nothing.

    `copy` and `status` are of the copy and the file as they were last: what has another one is not touched.
    """
    redo = f"{_PREFIX}{_TOKEN}-{status.st_ino}-{status.st_size}-{_checksum(name)}{_REDO}"
    with _opened(folder, name, os.O_RDWR) as file:
        if not is_one_file(os.fstat(file.fileno()), status):
            raise TagError("it was changed by another program meanwhile; nothing was written")
        folder.replace(temporary, redo)
        with _opened(folder, redo, os.O_RDONLY) as held:
            if not is_same(os.fstat(held.fileno()), copy):
                raise TagError(CHANGED_COPY)
            try_lock(held.fileno())
            try:
                _reserve(file, copy.st_size)
            except OSError:
                folder.replace(redo, temporary)
                raise
            sync_folder(folder.path)
            _overwrite(held, file)
            folder.unlink(redo)


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


def _opened(folder: Folder, name: str, flags: int) -> BinaryIO:
    """Open a file of a folder; its `name` is its path."""
    return open(
        os.path.join(folder.path, name),
        "r+b" if flags & os.O_RDWR else "rb",
        opener=lambda path, _: folder.open(name, flags),
    )


def _stale(folder: Folder, token: str) -> list[str]:
    """The names of a run; a link, a device or another user's name of ours is nothing of it."""
    start = f"{_PREFIX}{token}-"
    names = [name for name in folder.names() if name.startswith(start) and name.endswith(_ENDINGS)]
    return [name for name in sorted(names) if not _is_held(folder, name)]


def _is_held(folder: Folder, name: str) -> bool:
    try:
        if not stat.S_ISREG(folder.status(name).st_mode):
            return True
        with _opened(folder, name, os.O_RDONLY) as file:
            return not try_lock(file.fileno())
    except FileNotFoundError:
        return True


def _finish_in_place(folder: Folder, redo: str, is_recorded: Callable[[BinaryIO], bool]) -> bool:
    """Write a `.redo` over its file; False where the folder holds none, or it is not ours for sure."""
    _, _, marks = redo[len(_PREFIX) : -len(_REDO)].partition("-")
    inode, _, rest = marks.partition("-")
    old_size, _, checksum = rest.partition("-")
    if not old_size.isdigit():
        return False
    with _opened(folder, redo, os.O_RDONLY) as copy:
        status = os.fstat(copy.fileno())
        name = _target(folder, (inode, int(old_size), checksum), status.st_size)
        if name is None:
            return False
        with _opened(folder, name, os.O_RDWR) as file:
            if not _may_be_written(status, os.fstat(file.fileno())) or not is_recorded(copy):
                return False
            copy.seek(0)
            _overwrite(copy, file)
    return True


def _target(folder: Folder, marks: tuple[str, int, str], new: int) -> str | None:
    """The name of the file that a `.redo` of these marks and of `new` bytes belongs to."""
    inode, old, checksum = marks
    found = [(name, folder.status(name)) for name in folder.names() if not name.startswith(_PREFIX)]
    files = [(name, status) for name, status in found if stat.S_ISREG(status.st_mode)]
    named = [(name, status) for name, status in files if str(status.st_ino) == inode]
    named = named or [(name, status) for name, status in files if _checksum(name) == checksum]
    return next((name for name, status in named if _is_between(status.st_size, old, new)), None)


def _may_be_written(redo: os.stat_result, target: os.stat_result) -> bool:
    """Whether a `.redo` is a file of its own, and of the file's owner or ours: else anybody may put one."""
    owners = {target.st_uid, os.geteuid() if hasattr(os, "geteuid") else redo.st_uid}
    is_own = all(stat.S_ISREG(one.st_mode) for one in (redo, target)) and redo.st_nlink == 1
    return is_own and redo.st_uid in owners


def _is_between(size: int, old: int, new: int) -> bool:
    """Whether a file of this size may be one that was on its way: it grows at once or bit by bit."""
    return size in (old, new) or old < size < new


def _checksum(name: str) -> str:
    return f"{zlib.crc32(os.fsencode(name)):08x}"


def _reserve(file: BinaryIO, size: int) -> None:
    """Claim the room that the file will need before its first byte is touched."""
    old = os.fstat(file.fileno()).st_size
    if size <= old:
        return
    try:
        _lengthen(file, old, size - old)
    except OSError:
        file.truncate(old)
        raise
    finally:
        file.seek(0)


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


def _overwrite(new: BinaryIO, file: BinaryIO) -> None:
    times = os.fstat(new.fileno())
    shutil.copyfileobj(new, file, _CHUNK_BYTES)
    file.truncate()
    file.flush()
    os.fsync(file.fileno())
    # The date of another user's file may not be set, and is now that of the writing.
    with contextlib.suppress(PermissionError):
        set_date(file.fileno(), file.name, times, times.st_mtime_ns)
