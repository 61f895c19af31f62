"""Folders that appear, change and go as a whole, and what is done about those of a program that was killed.

Beside a folder `mine` lies, for a moment, `.mine-….new` (being filled), `.mine-….old` (its place is being
taken) or `.mine-….gone` (being deleted). Each is locked as long as a program works on it, where the system
locks folders (POSIX); elsewhere, what a killed program has left stays for its owner to remove.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from tagger.descriptors import try_lock

Ending = Literal["new", "old", "gone"]

_BESIDE = re.compile(r"\.(?P<name>.+)-[0-9a-f]{12}\.(?P<ending>new|old|gone)")


@contextmanager
def replaced_folder(target: str) -> Iterator[str]:
    """Give an empty folder that takes the place of `target`, if that is there, when the block ends.

    A reader finds the old folder or the new one, or for an instant none. Raises OSError.
    """
    draft = _beside(target, "new")
    try:
        os.makedirs(draft)
        with _held(draft):
            yield draft
            _exchange(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def delete_folder(target: str) -> None:
    """Delete a folder, or a link to one: it is gone at once, what is in it after that. Raises OSError."""
    with _held(target):
        _discard(_hidden(target, "gone"))


def clean_up(root: str, is_ours: Callable[[str], bool], is_whole: Callable[[str], bool]) -> None:
    """Finish in `root` what killed programs have left, as far as it may be touched and nobody holds it.

    A folder whose place was being taken comes back where nothing is there. `is_ours` tells whether a folder
    holds nothing but what may be deleted, `is_whole` whether it can be used.
    """
    with suppress(OSError):
        for name in sorted(os.listdir(root)):
            if (found := _BESIDE.fullmatch(name)) and is_ours(path := os.path.join(root, name)):
                target = os.path.join(root, found["name"])
                with suppress(OSError), _held(path) as is_free:
                    if (
                        is_free
                        and found["ending"] == "old"
                        and is_whole(path)
                        and not os.path.lexists(target)
                    ):
                        os.rename(path, target)
                    elif is_free:
                        shutil.rmtree(path)


@contextmanager
def _held(folder: str) -> Iterator[bool]:
    """Lock a folder; False where another program has, it is a link, or the system locks no folders."""
    try:
        fd = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        fd = None
    try:
        yield fd is not None and try_lock(fd)
    finally:
        if fd is not None:
            os.close(fd)


def _exchange(draft: str, target: str) -> None:
    """Rename twice, because no folder can be renamed onto one that holds files."""
    if not os.path.lexists(target):
        os.rename(draft, target)
        return
    with _held(target):
        old = _hidden(target, "old")
        try:
            os.rename(draft, target)
        except BaseException:
            os.rename(old, target)
            raise
        with suppress(OSError):
            _discard(old)


def _hidden(folder: str, ending: Ending) -> str:
    """Rename a folder so that nothing finds it."""
    hidden = _beside(folder, ending)
    os.rename(folder, hidden)
    return hidden


def _beside(folder: str, ending: Ending) -> str:
    name = f".{os.path.basename(folder)}-{secrets.token_hex(6)}.{ending}"
    return os.path.join(os.path.dirname(folder), name)


def _discard(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
