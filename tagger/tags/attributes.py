"""Owner, group, mode, extended attributes and ACLs: a file must have after a write those that it had before.

A copy is a new file, and gets them only as far as the system lets it: nobody but root gives a file away,
and some shares answer chmod with an error, or say yes and change nothing (bindfs with `chmod-ignore`).
So what was asked for is looked at. Where it is not so, the copy must not take the file's place, and the
file is written in place instead, as one of several names is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys

from tagger.errors import HardLinked, TagError
from tagger.tags.edit import WriteOptions

_KEPT_XATTRS = ("user.", "system.")
"""What other programs and ACLs have put there; the rest is the system's, which labels each file itself."""
_NO_DATE = "its date cannot be kept, as it belongs to another user; leave out --keep-mtime"


def give_attributes(target: str, status: os.stat_result, temporary: str) -> bool:
    """Give a copy all that `target` has besides content and date; False where the system does not let it."""
    with contextlib.suppress(OSError):
        _give_owner(temporary, status)
    with contextlib.suppress(OSError):
        _remove_inherited(target, temporary)
    with contextlib.suppress(OSError):
        shutil.copystat(target, temporary)
    given = os.stat(temporary)
    return _rights(given) == _rights(status) and _xattrs(temporary) == _xattrs(target)


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


def check_date(target: str, status: os.stat_result) -> None:
    """Raise TagError where a file that is written in place could not be given its date back."""
    try:
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
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


def _give_owner(temporary: str, status: os.stat_result) -> None:
    own = os.stat(temporary)
    if hasattr(os, "chown") and (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        os.chown(temporary, status.st_uid, status.st_gid)


def _remove_inherited(target: str, temporary: str) -> None:
    """Remove what a new file has got from its folder, such as a default ACL."""
    if sys.platform == "linux":
        for name in _xattrs(temporary).keys() - _xattrs(target).keys():
            os.removexattr(temporary, name)


def _rights(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def _xattrs(path: str) -> dict[str, bytes]:
    """The extended attributes that a copy must have too; none where the file system knows none."""
    if sys.platform != "linux":
        return {}
    try:
        names = [name for name in os.listxattr(path) if name.startswith(_KEPT_XATTRS)]
        return {name: os.getxattr(path, name) for name in names}
    except OSError:
        return {}
