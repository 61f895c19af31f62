"""Tags of one file: read genre, energy, tempo, key, mood, words, plan changes, write them safely, undo that.

`read` → `plan` → `apply` (or `prepare` … `finish`, for many files at once) → `restore`. Which tag holds
which field in which format: the table in `fields`. Why raw bytes are exchanged: `block`.
"""

from __future__ import annotations

from tagger.errors import HardLinked, NoRoom, TagError, UnsupportedFormat
from tagger.tags.edit import Previous, WriteOptions, Written, previous_from_json
from tagger.tags.fields import FIELDS, NAMES, REWORDED, Field, is_genre, unsplittable
from tagger.tags.players import PLAYERS
from tagger.tags.policy import NOTHING_IS_OURS, Change, Ours, Policy, Wanted, plan
from tagger.tags.read import Tags, read
from tagger.tags.seen import Player, Seen, seen_by
from tagger.tags.sum_up import Fit, fits
from tagger.tags.temporary import recover_temporary_files, run_token, stale_temporary_files, sync_folder
from tagger.tags.write import (
    Prepared,
    Restorable,
    Restored,
    apply,
    discard,
    finish,
    measure,
    prepare,
    prepare_restore,
    restore,
    try_restore,
)
from tagger.types import BpmPolicy, GenrePolicy, HardLinks

__all__ = [
    "FIELDS",
    "NAMES",
    "NOTHING_IS_OURS",
    "PLAYERS",
    "REWORDED",
    "BpmPolicy",
    "Change",
    "Field",
    "Fit",
    "GenrePolicy",
    "HardLinked",
    "HardLinks",
    "NoRoom",
    "Ours",
    "Player",
    "Policy",
    "Prepared",
    "Previous",
    "Restorable",
    "Restored",
    "Seen",
    "TagError",
    "Tags",
    "UnsupportedFormat",
    "Wanted",
    "WriteOptions",
    "Written",
    "apply",
    "discard",
    "finish",
    "fits",
    "is_genre",
    "measure",
    "plan",
    "prepare",
    "prepare_restore",
    "previous_from_json",
    "read",
    "recover_temporary_files",
    "restore",
    "run_token",
    "seen_by",
    "stale_temporary_files",
    "sync_folder",
    "try_restore",
    "unsplittable",
]
