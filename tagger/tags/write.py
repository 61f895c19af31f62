"""Writing our fields into a file and taking them back, without ever harming it.

A file is never edited where it lies, padding or not: an edited copy in the same folder is verified
and renamed over it, so that at every moment the file is wholly old or wholly new. (Hard-linked
files, on request, are the exception; see `temporary`.) The copy is on the disk before the rename;
that the rename itself is there too after a power cut costs a journal commit a folder, which the
caller pays once at the end of a batch with `sync_folder`. Without it the file is the old one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from tagger.errors import HardLinked, NoRoom, TagError, UnsupportedFormat
from tagger.tags.block import Block, Item, Shape
from tagger.tags.edit import (
    Previous,
    WriteOptions,
    Written,
    changed_items,
    previous_of,
    restored_items,
    restored_shape,
)
from tagger.tags.fields import Field
from tagger.tags.formats import load
from tagger.tags.plan import Change
from tagger.tags.secondary_tags import names_elsewhere
from tagger.tags.temporary import copy_with_splices, create_temporary, spliced_size, try_lock, write_in_place
from tagger.tags.verify import check_copy

_SPARE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What undoing did: `written` is None when nothing had to be; `left` fields somebody changed since."""

    written: Written | None
    left: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An edited, verified copy on the disk beside its file, to be put in its place or thrown away.

    `written` tells what the file will be, `left` the fields that undoing cannot restore.
    """

    written: Written
    left: tuple[Field, ...]
    target: str
    temporary: str
    status: os.stat_result
    options: WriteOptions


@dataclass(frozen=True, slots=True)
class _Edit:
    """What the file's tags shall become."""

    block: Block
    items: tuple[Item, ...]
    shape: Shape | None
    wanted: Mapping[Field, tuple[str, ...]]
    previous: Previous
    left: tuple[Field, ...] = ()


def apply(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> Written:
    """Make the changes of a plan; TagError says in a line why not, and the file is as it was.

    Permissions, owner, extended attributes and ACLs are kept, a symbolic link's target is written.
    Raises also whatever `before_replace` raises; then too the file is as it was.
    """
    return finish(prepare(path, changes, options))


def restore(path: str, previous: Previous, options: WriteOptions | None = None) -> Restored:
    """Put the previous values of one write back, byte for byte where the tag is still of its kind."""
    prepared = prepare_restore(path, previous, options)
    if not isinstance(prepared, Prepared):
        return Restored(None, prepared)
    return Restored(finish(prepared), prepared.left)


def prepare(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> Prepared:
    """The first half of `apply`: all the work and every check, and the file still untouched.

    Safe to run in several threads at once, which overlaps the waiting for the disk; a caller may
    so store the previous values of many files in one transaction before it finishes them.
    """
    with _opened(path, options or WriteOptions()) as (file, target):
        return _prepared(file, target, _edit(file, target, tuple(changes)), options or WriteOptions())


def measure(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> int:
    """The bytes that `apply` would write; TagError where it can be told now that it would fail.

    Opens nothing for writing.
    """
    with _opened(path, options or WriteOptions()) as (file, target):
        edit = _edit(file, target, tuple(changes))
        return spliced_size(file, edit.block.rebuild(edit.items, edit.shape))


def prepare_restore(
    path: str, previous: Previous, options: WriteOptions | None = None
) -> Prepared | tuple[Field, ...]:
    """The first half of `restore`; where nothing can be restored, the fields that were left."""
    with _opened(path, options or WriteOptions()) as (file, target):
        block = load(file, target)
        items, left = restored_items(block, previous)
        fields = tuple(one for one in previous.fields if one.field not in left)
        if not fields:
            return left
        wanted = {one.field: one.before for one in fields}
        now = previous_of(block, [Change(one.field, one.after, one.before) for one in fields])
        edit = _Edit(block, items, restored_shape(block, previous, left), wanted, now, left)
        return _prepared(file, target, edit, options or WriteOptions())


def finish(prepared: Prepared) -> Written:
    """Put a prepared copy in the place of its file; TagError when the file changed meanwhile."""
    try:
        if prepared.options.before_replace:
            prepared.options.before_replace(prepared.written)
        _check_unchanged(prepared.target, prepared.status)
        if prepared.status.st_nlink > 1 and prepared.options.hard_links == "in-place":
            write_in_place(prepared.temporary, prepared.target)
        else:
            os.replace(prepared.temporary, prepared.target)
    except OSError as error:
        raise _as_tag_error(error) from error
    finally:
        discard(prepared)
    return prepared.written


def discard(prepared: Prepared) -> None:
    """Throw a prepared copy away; one that was put in place is not there any more."""
    _remove(prepared.temporary)


def _edit(file: BinaryIO, target: str, changes: tuple[Change, ...]) -> _Edit:
    block = load(file, target)
    if where := names_elsewhere(file, block):
        raise UnsupportedFormat(
            f"its tags are in {where}, which players would not read any more beside a new one; "
            "move them into the usual tag with a tag editor"
        )
    if not changes or any(block.texts(change.field) != change.before for change in changes):
        raise TagError("its tags are not the ones that the changes were planned for")
    wanted = {change.field: change.after for change in changes}
    return _Edit(block, changed_items(block, changes), None, wanted, previous_of(block, changes))


@contextlib.contextmanager
def _opened(path: str, options: WriteOptions) -> Iterator[tuple[BinaryIO, str]]:
    """The file behind a path, open and fit to be written; every OSError becomes a TagError."""
    try:
        target = os.path.realpath(path)
        _check_may_write(target, options)
        with open(target, "rb") as file:
            if not try_lock(file):
                raise TagError("another program has locked it")
            yield file, target
    except OSError as error:
        raise _as_tag_error(error) from error


def _as_tag_error(error: OSError) -> TagError:
    kind = NoRoom if error.errno == errno.ENOSPC else TagError
    return kind(f"{error.strerror or error} (left as it was)")


def _check_may_write(target: str, options: WriteOptions) -> None:
    status = os.stat(target)
    if not stat.S_ISREG(status.st_mode):
        raise TagError("not a regular file")
    if options.expected not in (None, (status.st_size, status.st_mtime_ns)):
        raise TagError("it changed since it was scanned; the next scan hears it again")
    # The bits are asked too, because root may write everything and a read-only file is a wish.
    if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise TagError("the file is read-only")
    if not os.access(os.path.dirname(target), os.W_OK | os.X_OK):
        raise TagError("its folder is read-only")
    if status.st_nlink > 1 and options.hard_links == "skip":
        raise HardLinked(f"it has {status.st_nlink} hard links (is it being seeded?); see --hard-links")


def _prepared(file: BinaryIO, target: str, edit: _Edit, options: WriteOptions) -> Prepared:
    status = os.fstat(file.fileno())
    copy, temporary = create_temporary(os.path.dirname(target))
    try:
        with copy:
            _write_copy(file, copy, edit)
            check_copy(file, edit.block, copy, load(copy, target), edit.wanted)
            _copy_attributes(target, status, temporary, options)
            new = os.fstat(copy.fileno())
            os.fsync(copy.fileno())
    except BaseException:
        _remove(temporary)
        raise
    written = Written(new.st_size, new.st_size, new.st_mtime_ns, edit.previous)
    return Prepared(written, edit.left, target, temporary, status, options)


def _remove(temporary: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _write_copy(file: BinaryIO, copy: BinaryIO, edit: _Edit) -> None:
    splices = edit.block.rebuild(edit.items, edit.shape)
    size = spliced_size(file, splices)
    free = shutil.disk_usage(os.path.dirname(os.path.abspath(file.name))).free
    if free < size + _SPARE_BYTES:
        raise NoRoom(f"not enough free space: {size + _SPARE_BYTES:,} bytes needed, {free:,} free")
    copy_with_splices(file, copy, splices)


def _copy_attributes(target: str, status: os.stat_result, temporary: str, options: WriteOptions) -> None:
    """Owner, mode, extended attributes and ACLs as they were; a file never changes its owner."""
    own = os.stat(temporary)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid) and hasattr(os, "chown"):
        try:
            os.chown(temporary, status.st_uid, status.st_gid)
        except PermissionError as error:
            raise TagError("it belongs to another user or group; run this as its owner") from error
    shutil.copystat(target, temporary)
    mtime_ns = status.st_mtime_ns if options.keep_mtime else time.time_ns()
    os.utime(temporary, ns=(status.st_atime_ns, mtime_ns))


def _check_unchanged(target: str, before: os.stat_result) -> None:
    now = os.stat(target)
    if any(getattr(now, name) != getattr(before, name) for name in ("st_size", "st_mtime_ns", "st_ino")):
        raise TagError("it was changed by another program meanwhile; nothing was written")
