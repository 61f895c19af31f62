"""Owner, group, mode, extended attributes and ACLs: a file must have after a write those that it had before.

A copy is a new file, and gets them only as far as the system lets it: nobody but root gives a file away,
and some shares answer chmod with an error, or say yes and change nothing (bindfs with `chmod-ignore`).
So what was asked for is looked at. Where it is not so, the copy must not take the file's place, and the
file is written in place instead, as one of several names is.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import BinaryIO

from tagger.descriptors import give_rights, set_date
from tagger.errors import HardLinked, TagError
from tagger.tags.edit import WriteOptions

_NO_DATE = "its date cannot be kept, as it belongs to another user; leave out --keep-mtime"


def give_attributes(file: BinaryIO, copy: BinaryIO, copy_path: str) -> bool:
    """Give a copy all that a file has besides content and date; False where the system does not let it."""
    flags = getattr(os.fstat(file.fileno()), "st_flags", 0)
    if flags and hasattr(os, "lchflags"):  # of BSD; no descriptor can be given
        with contextlib.suppress(OSError):
            os.lchflags(copy_path, flags)
    return give_rights(file.fileno(), copy.fileno())


def may_be_replaced(target: str, status: os.stat_result) -> bool:
    """Tell whether another file may take the name of `target`: in a sticky folder only its owners may."""
    folder = os.stat(os.path.dirname(target))
    return not folder.st_mode & stat.S_ISVTX or not _is_stranger(status) or not _is_stranger(folder)


def check_owner(status: os.stat_result, options: WriteOptions) -> None:
    """Raise TagError where the file is another user's, so is written in place, and that breaks a promise."""
    if not _is_stranger(status):
        return
    if status.st_nlink > 1 and options.hard_links == "break":
        raise only_in_place(status)
    if options.keep_mtime:
        raise TagError(_NO_DATE)


def check_date(file: BinaryIO, status: os.stat_result) -> None:
    """Raise TagError where a file that is written in place could not be given its date back."""
    try:
        set_date(file.fileno(), file.name, status, status.st_mtime_ns)
    except PermissionError as error:
        raise TagError(_NO_DATE) from error


def only_in_place(status: os.stat_result) -> HardLinked:
    """Say why the links of a file cannot be broken."""
    return HardLinked(
        f"it has {status.st_nlink} hard links, and no copy can have its owner and rights; "
        "see --hard-links in-place"
    )


def _is_stranger(status: os.stat_result) -> bool:
    return hasattr(os, "geteuid") and os.geteuid() not in (0, status.st_uid)
