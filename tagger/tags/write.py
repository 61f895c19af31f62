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
import io
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from tagger.descriptors import Folder, is_one_file, is_same, open_no_link, set_date, try_lock
from tagger.errors import HardLinked, NoRoom, TagError, UnsupportedFormat
from tagger.files import FileState
from tagger.tags.attributes import check_date, check_owner, give_attributes, may_be_replaced, only_in_place
from tagger.tags.block import Splice, TagBlock
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
from tagger.tags.limits import limited
from tagger.tags.original import original_of
from tagger.tags.policy import Change
from tagger.tags.secondary_tags import fallback_tag
from tagger.tags.spliced import SplicedFile, copy_with_splices, spliced_size
from tagger.tags.temporary import CHANGED_COPY, create_temporary, write_in_place
from tagger.tags.verify import check_copy

_SPARE_BYTES = 1 << 20


_CHANGED_SINCE = "what has been changed in it since"
_LAYOUT = "how its tags lay in it (free room, pages), which was too much to remember"


@dataclass(frozen=True, slots=True)
class Restored:
    """What an undo did: `written` is None where nothing was to be done; `left` are fields changed since.

    `but_for` says what is not as it was; "" where every byte is.
    """

    written: Written | None
    left: tuple[Field, ...]
    but_for: str = ""


@dataclass(frozen=True, slots=True)
class Restorable:
    """What an undo would do, as in `Restored`."""

    left: tuple[Field, ...]
    but_for: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """An edited, verified copy on the disk beside its file, to be put in its place or thrown away.

    `temporary` is its name in the folder of `target`, `copy` its status: what has another is not put there.
    `written` is the state that the file will have, `left` the fields that undoing cannot restore. `in_place`:
    the copy will be written over the file, which keeps its owner, its rights and all its names. `but_for`
    says what undoing does not make again as it was, "" where it makes every byte so.
    """

    written: Written
    left: tuple[Field, ...]
    target: str
    temporary: str
    copy: os.stat_result
    status: os.stat_result
    options: WriteOptions
    in_place: bool = False
    but_for: str = ""


@dataclass(frozen=True, slots=True)
class _Edit:
    """The edit of one file: its tags now, the bytes to exchange, and the values that it shall have then.

    `undone` is the write that it takes back, if it does.
    """

    block: TagBlock
    splices: Sequence[Splice]
    wanted: Mapping[Field, tuple[str, ...]]
    previous: Previous
    left: tuple[Field, ...] = ()
    undone: Previous | None = None
    is_unchanged: bool = False


def apply(path: str, changes: Iterable[Change], options: WriteOptions | None = None) -> Written:
    """Make the changes of a plan. Raises TagError, whose text is one line, and then the file is as it was.

    Permissions, owner, extended attributes and ACLs are kept, and where no copy can have them, the file is
    written in place; a symbolic link's target is written.
    Errors of `before_replace` are raised too, and then too the file is as it was.
    """
    return finish(prepare(path, changes, options))


def restore(path: str, previous: Previous, options: WriteOptions | None = None) -> Restored:
    """Put the previous values of a write back: byte for byte, unless other programs have been there since."""
    prepared = prepare_restore(path, previous, options)
    if not isinstance(prepared, Prepared):
        return Restored(None, prepared)
    return Restored(finish(prepared), prepared.left, prepared.but_for)


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
        _tried(file, target, edit)
        return spliced_size(file, edit.splices)


def prepare_restore(
    path: str, previous: Previous, options: WriteOptions | None = None
) -> Prepared | tuple[Field, ...]:
    """Do the first half of `restore`; give the fields that were left where nothing can be restored."""
    with _opened(path, options or WriteOptions()) as (file, target):
        edit = _undoing(file, target, previous)
        return _prepared(file, target, edit, options or WriteOptions()) if edit.wanted else edit.left


def try_restore(
    path: str, previous: Previous, options: WriteOptions | None = None
) -> Restorable | tuple[Field, ...]:
    """Tell what `prepare_restore` would give, with all its checks; opens nothing for writing."""
    with _opened(path, options or WriteOptions()) as (file, target):
        edit = _undoing(file, target, previous)
        return Restorable(edit.left, _but_for(edit, _tried(file, target, edit))) if edit.wanted else edit.left


def finish(prepared: Prepared) -> Written:
    """Put a prepared copy in the place of its file; TagError where the file changed meanwhile.

    The date in the state that is given may be another than in `prepared.written` where the file belongs
    to another user, whose file's date we may not set.
    """
    written = prepared.written
    try:
        if prepared.options.before_replace:
            prepared.options.before_replace(prepared.written)
        path, name = os.path.split(prepared.target)
        with Folder(path) as folder:
            _check_unchanged(folder.status(name), prepared.status)
            if not is_same(folder.status(prepared.temporary), prepared.copy):
                raise TagError(CHANGED_COPY)
            if prepared.in_place:
                write_in_place(folder, prepared.temporary, prepared.copy, name, prepared.status)
                written = replace(written, state=FileState.of(folder.status(name)))
            else:
                folder.replace(prepared.temporary, name)
    except OSError as error:
        raise _as_tag_error(error) from error
    finally:
        discard(prepared)
    return written


def discard(prepared: Prepared) -> None:
    """Delete a prepared copy; one that was put in place is not there any more."""
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(os.path.dirname(prepared.target), prepared.temporary))


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
    splices = block.rebuild(changed_items(block, changes), None)
    return _Edit(block, splices, wanted, previous_of(block, changes))


def _undoing(file: BinaryIO, target: str, previous: Previous) -> _Edit:
    """The edit that makes the original again, or where that cannot be, puts its values back."""
    block = load(file, target)
    items, left = restored_items(block, previous)
    fields = tuple(one for one in previous.fields if one.field not in left)
    wanted = {one.field: one.before for one in fields}
    now = previous_of(block, [Change(one.field, one.after, one.before) for one in fields])
    is_unchanged = previous.original is not None and previous.original.is_written(file)
    back = previous.original.way_back if previous.original and is_unchanged else None
    if back is None:
        back = tuple(block.rebuild(items, restored_layout(block, previous, left))) if fields else ()
    return _Edit(block, back, wanted, now, left, previous, is_unchanged)


def _tried(file: BinaryIO, target: str, edit: _Edit) -> BinaryIO:
    """Give the file as it would be, after the checks that a copy of it must pass."""
    _check_room(file, edit.splices)
    spliced = SplicedFile(file, edit.splices)
    copy = io.BufferedReader(spliced)
    check_copy(
        file,
        edit.block,
        copy,
        load(copy, target),
        edit.wanted,
        lambda _, original, __, spans: spliced.holds(spans, original),
    )
    return copy


def _but_for(edit: _Edit, copy: BinaryIO) -> str:
    """Say what of the original is not in the copy that takes a write back."""
    original = edit.undone.original if edit.undone else None
    if edit.undone is None or (original and original.is_again(copy)):
        return ""
    return _LAYOUT if original is None or edit.is_unchanged else _CHANGED_SINCE


@contextlib.contextmanager
def _opened(path: str, options: WriteOptions) -> Iterator[tuple[BinaryIO, str]]:
    """Open the file behind a path after checking that it may be written; every OSError becomes a TagError."""
    try:
        target = os.path.realpath(path)
        _check_may_write(target, options)
        with limited(), open(target, "rb", opener=open_no_link) as file:
            if not try_lock(file.fileno()):
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
    _check_room(file, edit.splices)
    path, name = os.path.split(target)
    with Folder(path) as folder:
        _check_unchanged(folder.status(name), status)
        copy, temporary = create_temporary(folder)
        try:
            with copy:
                copy_with_splices(file, copy, edit.splices)
                check_copy(file, edit.block, copy, load(copy, target), edit.wanted)
                previous, but_for = edit.previous, _but_for(edit, copy)
                if edit.undone is None:
                    previous = replace(previous, original=original_of(file, edit.splices, copy))
                beside = os.path.join(path, temporary)
                in_place = _is_in_place(file, target, copy, beside, options)
                mtime_ns = status.st_mtime_ns if options.keep_mtime else time.time_ns()
                set_date(copy.fileno(), beside, status, mtime_ns)
                new = os.fstat(copy.fileno())
                os.fsync(copy.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                folder.unlink(temporary)
            raise
    written = Written(FileState.of(new), previous)
    return Prepared(written, edit.left, target, temporary, new, status, options, in_place, but_for)


def _check_room(file: BinaryIO, splices: Iterable[Splice]) -> None:
    needed = spliced_size(file, splices) + _SPARE_BYTES
    free = shutil.disk_usage(os.path.dirname(os.path.abspath(file.name))).free
    if free < needed:
        raise NoRoom(f"not enough free space: {needed:,} bytes needed, {free:,} free")


def _is_in_place(file: BinaryIO, target: str, copy: BinaryIO, copy_path: str, options: WriteOptions) -> bool:
    """Make the copy the file's equal; where it cannot be, or shall not, the file must be written in place."""
    status = os.fstat(file.fileno())
    is_linked = status.st_nlink > 1
    if not (is_linked and options.hard_links == "in-place"):
        if give_attributes(file, copy, copy_path) and may_be_replaced(target, status):
            return False
        if is_linked:
            raise only_in_place(status)
    if options.keep_mtime:
        check_date(file, status)
    return True


def _check_unchanged(now: os.stat_result, before: os.stat_result) -> None:
    if FileState.of(now) != FileState.of(before) or not is_one_file(now, before):
        raise TagError("it was changed by another program meanwhile; nothing was written")
