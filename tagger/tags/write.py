"""Write our fields into a file, and undo that, without ever harming the file.

A file is never edited in place, padding or not: an edited copy in the same folder is verified and
renamed over it, so that at every moment the file is wholly old or wholly new. (The exceptions are
hard-linked files, on request, and files whose owner and rights no copy can have, see `attributes`; how
they lose nothing: `temporary`.) The copy is on the disk before the rename. Only
`sync_folder` makes the rename itself survive a power cut; it costs a journal commit a folder, so the
caller calls it once at the end of a batch. Without it the file is the old one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from tagger.errors import HardLinked, NoRoom, TagError, UnsupportedFormat
from tagger.files import FileState
from tagger.tags.attributes import check_date, check_owner, give_attributes, may_be_replaced, only_in_place
from tagger.tags.block import Item, Layout, TagBlock
from tagger.tags.edit import (
    Previous,
    WriteOptions,
    Written,
    changed_items,
    previous_of,
    restored_items,
    restored_layout,
)
from tagger.tags.fields import Field
from tagger.tags.formats import load
from tagger.tags.policy import Change
from tagger.tags.secondary_tags import fallback_tag
from tagger.tags.temporary import copy_with_splices, create_temporary, spliced_size, try_lock, write_in_place
from tagger.tags.verify import check_copy

_SPARE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What an undo did: `written` is None where nothing was to be done; `left` are fields changed since."""

    written: Written | None
    left: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An edited, verified copy on the disk beside its file, to be put in its place or thrown away.

    `written` is the state that the file will have, `left` the fields that undoing cannot restore. `in_place`:
    the copy will be written over the file, which keeps its owner, its rights and all its names.
    """

    written: Written
    left: tuple[Field, ...]
    target: str
    temporary: str
    status: os.stat_result
    options: WriteOptions
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class _Edit:
    """The edit of one file: its tags now, and the items, layout and values that they shall have."""

    block: TagBlock
    items: tuple[Item, ...]
    layout: Layout | None
    wanted: Mapping[Field, tuple[str, ...]]
    previous: Previous
    left: tuple[Field, ...] = ()


def apply(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> Written:
    """Make the changes of a plan. Raises TagError, whose text is one line, and then the file is as it was.

    Permissions, owner, extended attributes and ACLs are kept, and where no copy can have them, the file is
    written in place; a symbolic link's target is written.
    Errors of `before_replace` are raised too, and then too the file is as it was.
    """
    return finish(prepare(path, changes, options))


def restore(path: str, previous: Previous, options: WriteOptions | None = None) -> Restored:
    """Put the previous values of one write back, byte for byte where the tag still has the same dialect."""
    prepared = prepare_restore(path, previous, options)
    if not isinstance(prepared, Prepared):
        return Restored(None, prepared)
    return Restored(finish(prepared), prepared.left)


def prepare(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> Prepared:
    """Do the first half of `apply`: all the work and every check, and the file still untouched.

    Safe in several threads at once, which then wait for the disk together. A caller may store the
    previous values of many files in one transaction before it finishes them.
    """
    with _opened(path, options or WriteOptions()) as (file, target):
        return _prepared(file, target, _edit(file, target, tuple(changes)), options or WriteOptions())


def measure(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> int:
    """Give the bytes that `apply` would write; TagError where it is certain already that it would fail.

    Opens nothing for writing.
    """
    with _opened(path, options or WriteOptions()) as (file, target):
        edit = _edit(file, target, tuple(changes))
        return spliced_size(file, edit.block.rebuild(edit.items, edit.layout))


def prepare_restore(
    path: str, previous: Previous, options: WriteOptions | None = None
) -> Prepared | tuple[Field, ...]:
    """Do the first half of `restore`; give the fields that were left where nothing can be restored."""
    with _opened(path, options or WriteOptions()) as (file, target):
        block = load(file, target)
        items, left = restored_items(block, previous)
        fields = tuple(one for one in previous.fields if one.field not in left)
        if not fields:
            return left
        wanted = {one.field: one.before for one in fields}
        now = previous_of(block, [Change(one.field, one.after, one.before) for one in fields])
        edit = _Edit(block, items, restored_layout(block, previous, left), wanted, now, left)
        return _prepared(file, target, edit, options or WriteOptions())


def finish(prepared: Prepared) -> Written:
    """Put a prepared copy in the place of its file; TagError where the file changed meanwhile.

    The date in the state that is given may be another than in `prepared.written` where the file belongs
    to another user, whose file's date we may not set.
    """
    written = prepared.written
    try:
        if prepared.options.before_replace:
            prepared.options.before_replace(prepared.written)
        _check_unchanged(prepared.target, prepared.status)
        if prepared.in_place:
            write_in_place(prepared.temporary, prepared.target)
            written = replace(written, state=FileState.of(os.stat(prepared.target)))
        else:
            os.replace(prepared.temporary, prepared.target)
    except OSError as error:
        raise _as_tag_error(error) from error
    finally:
        discard(prepared)
    return written


def discard(prepared: Prepared) -> None:
    """Delete a prepared copy; one that was put in place is not there any more."""
    _remove(prepared.temporary)


def _edit(file: BinaryIO, target: str, changes: tuple[Change, ...]) -> _Edit:
    block = load(file, target)
    if other := fallback_tag(file, block):
        raise UnsupportedFormat(
            f"its tags are in {other}, which players would not read any more beside a new one; "
            "move them into the usual tag with a tag editor"
        )
    if not changes or any(block.texts(change.field) != change.before for change in changes):
        raise TagError("its tags are not the ones that the changes were planned for")
    wanted = {change.field: change.after for change in changes}
    return _Edit(block, changed_items(block, changes), None, wanted, previous_of(block, changes))


@contextlib.contextmanager
def _opened(path: str, options: WriteOptions) -> Iterator[tuple[BinaryIO, str]]:
    """Open the file behind a path after checking that it may be written; every OSError becomes a TagError."""
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
    if options.expected not in (None, FileState.of(status)):
        raise TagError("it changed since it was scanned; the next scan analyses it again")
    # The bits count too: root may write everything, but a read-only file is a wish.
    if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise TagError("the file is read-only")
    if not os.access(os.path.dirname(target), os.W_OK | os.X_OK):
        raise TagError("its folder is read-only")
    if status.st_nlink > 1 and options.hard_links == "skip":
        raise HardLinked(f"it has {status.st_nlink} hard links (is it being seeded?); see --hard-links")
    check_owner(status, options)


def _prepared(file: BinaryIO, target: str, edit: _Edit, options: WriteOptions) -> Prepared:
    status = os.fstat(file.fileno())
    copy, temporary = create_temporary(os.path.dirname(target))
    try:
        with copy:
            _write_copy(file, copy, edit)
            check_copy(file, edit.block, copy, load(copy, target), edit.wanted)
            in_place = _is_in_place(target, status, temporary, options)
            mtime_ns = status.st_mtime_ns if options.keep_mtime else time.time_ns()
            os.utime(temporary, ns=(status.st_atime_ns, mtime_ns))
            new = os.fstat(copy.fileno())
            os.fsync(copy.fileno())
    except BaseException:
        _remove(temporary)
        raise
    written = Written(FileState.of(new), edit.previous)
    return Prepared(written, edit.left, target, temporary, status, options, in_place)


def _remove(temporary: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _write_copy(file: BinaryIO, copy: BinaryIO, edit: _Edit) -> None:
    splices = edit.block.rebuild(edit.items, edit.layout)
    size = spliced_size(file, splices)
    free = shutil.disk_usage(os.path.dirname(os.path.abspath(file.name))).free
    if free < size + _SPARE_BYTES:
        raise NoRoom(f"not enough free space: {size + _SPARE_BYTES:,} bytes needed, {free:,} free")
    copy_with_splices(file, copy, splices)


def _is_in_place(target: str, status: os.stat_result, temporary: str, options: WriteOptions) -> bool:
    """Make the copy the file's equal; where it cannot be, or shall not, the file must be written in place."""
    is_linked = status.st_nlink > 1
    if not (is_linked and options.hard_links == "in-place"):
        if give_attributes(target, status, temporary) and may_be_replaced(target, status):
            return False
        if is_linked:
            raise only_in_place(status)
    if options.keep_mtime:
        check_date(target, status)
    return True


def _check_unchanged(target: str, before: os.stat_result) -> None:
    now = os.stat(target)
    if FileState.of(now) != FileState.of(before) or now.st_ino != before.st_ino:
        raise TagError("it was changed by another program meanwhile; nothing was written")
