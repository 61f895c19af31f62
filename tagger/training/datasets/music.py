"""What the adapters of plain folders share: the files, and a split that never changes."""

from __future__ import annotations

import hashlib
import logging
import os
import unicodedata
from collections.abc import Iterator

from tagger.types import Failure
from tagger.walk import walk

log = logging.getLogger(__name__)


def music_in(folder: str) -> Iterator[str]:
    """The paths, relative to `folder`, of all music that a scan would find in it, in the scan's order."""
    root = os.path.abspath(folder)
    for found in walk([root]):
        if isinstance(found, Failure):
            log.warning("%s: %s (skipped)", found.path, found.reason)
        else:
            yield os.path.relpath(found.path, root)


def split_of(group: str) -> str:
    """`train` for 80 % of all groups, `valid` and `test` for 10 % each, by a hash of the group's name.

    A group keeps its split whatever else is added, on any machine; letter case and Unicode form are
    of no account, because file systems change them.
    """
    name = unicodedata.normalize("NFC", group).casefold().encode("utf-8", "surrogateescape")
    tenth = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") % 10
    return ("valid", "test")[tenth] if tenth < 2 else "train"
