"""Tags for a library: planned file by file, written in batches, recovered after a crash, taken back."""

from __future__ import annotations

from tagger.tag_runs.counts import Skip, UndoCounts, WriteCounts
from tagger.tag_runs.preview import Planned, TagSettings, preview
from tagger.tag_runs.recovery import recover
from tagger.tag_runs.undo import Restoring, preview_undo, run_to_undo, undo_tags
from tagger.tag_runs.write_tags import write_tags

__all__ = [
    "Planned",
    "Restoring",
    "Skip",
    "TagSettings",
    "UndoCounts",
    "WriteCounts",
    "preview",
    "preview_undo",
    "recover",
    "run_to_undo",
    "undo_tags",
    "write_tags",
]
