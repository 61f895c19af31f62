"""Writing a playlist so that a reader sees the old file or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat

from tagger.errors import TaggerError

_LOOKED_AT = 1 << 16
"""Bytes at the beginning of a file in which music, pictures and databases have a NUL."""


def write_atomically(path: str, content: bytes) -> None:
    """Replace the file at `path` by `content`, or leave it as it was.

    An existing file keeps its permissions, and a symbolic link stays a link. Raises TaggerError when
    the folder is missing or not writable, the disk is full, `path` is not a regular file, or text would
    take the place of something else, such as music.
    """
    if b"\0" not in content:
        check_holds_text(path)
    target = os.path.realpath(path)
    try:
        _replace(target, content, _mode_of(target))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TaggerError(f"{path}: cannot be written: {reason}") from error


def check_holds_text(path: str) -> None:
    """Raises TaggerError where there is something that is no text file, so none that was written here."""
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


def _mode_of(target: str) -> int | None:
    """The permission bits of an existing regular file; None for a new one."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError(0, "not a regular file")
    return stat.S_IMODE(mode)


def _replace(target: str, content: bytes, mode: int | None) -> None:
    draft = os.path.join(os.path.dirname(target), f".tagger-{secrets.token_hex(6)}.tmp")
    try:
        _write_durably(draft, content)
        if mode is not None:
            os.chmod(draft, mode)
        os.replace(draft, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def _write_durably(path: str, content: bytes) -> None:
    # 0o666 lets the kernel apply the umask, which mkstemp's 0o600 would not.
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
