"""Tags for a library: planned per file, written in batches, settled after a crash, taken back."""

from __future__ import annotations

from tagger.tagging.plans import Planned, TagSettings
from tagger.tagging.preview import preview
from tagger.tagging.settle import settle_interrupted
from tagger.tagging.tally import Skip, UndoTally, WriteTally
from tagger.tagging.undo import undo_tags
from tagger.tagging.write import write_tags

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
