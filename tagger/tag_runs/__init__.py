"""Tags for a library: planned per file, written in batches, settled after a crash, taken back."""

from __future__ import annotations

from tagger.tag_runs.plans import Planned, TagSettings
from tagger.tag_runs.preview import preview
from tagger.tag_runs.recovery import settle_interrupted
from tagger.tag_runs.tally import Skip, UndoTally, WriteTally
from tagger.tag_runs.undo import undo_tags
from tagger.tag_runs.write import write_tags

__all__ = [
    "Planned",
    "Skip",
    "TagSettings",
    "UndoTally",
    "WriteTally",
    "preview",
    "settle_interrupted",
    "undo_tags",
    "write_tags",
]
