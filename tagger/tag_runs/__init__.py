"""Tags for a library: planned file by file, written in batches, recovered after a crash, taken back."""

from __future__ import annotations

from tagger.tag_runs.counts import Skip, UndoCounts, WriteCounts
from tagger.tag_runs.plans import FilePlan, TagPlan, plan_lines, plan_of, read_plan
from tagger.tag_runs.preview import Planned, Selection, TagSettings, preview
from tagger.tag_runs.recovery import recover
from tagger.tag_runs.undo import Restoring, preview_undo, run_to_undo, undo_tags
from tagger.tag_runs.verdicts import Verdict, Verdicts
from tagger.tag_runs.write_tags import write_tags

__all__ = [
    "FilePlan",
    "Planned",
    "Restoring",
    "Selection",
    "Skip",
    "TagPlan",
    "TagSettings",
    "UndoCounts",
    "Verdict",
    "Verdicts",
    "WriteCounts",
    "plan_lines",
    "plan_of",
    "preview",
    "preview_undo",
    "read_plan",
    "recover",
    "run_to_undo",
    "undo_tags",
    "write_tags",
]
