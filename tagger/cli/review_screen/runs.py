"""What a review does to files: write them, save a plan of that, take the last run back; each after a look."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tagger.cli.review_screen.background import ended
from tagger.cli.review_screen.dialogs import FileInput, Question, Told, Working
from tagger.cli.review_screen.texts import plain
from tagger.errors import TaggerError
from tagger.files import absolute, replace_atomically
from tagger.tag_runs import Planned, Skip, UndoCounts, Verdicts, WriteCounts, plan_lines, plan_of
from tagger.tags import FIELDS
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.cli.review_screen.app import ReviewApp

T = TypeVar("T")

PLAN = "review-plan.jsonl"

MOST_SKIPS = 200
"""Lines of a report on files that were left."""


@dataclass
class _Found:
    """What a look at the files has found: the changes, and the files that must be left."""

    verdicts: Verdicts
    counts: WriteCounts
    skips: list[Skip]
    planned: list[Planned] = field(default_factory=list)

    @property
    def unchanged(self) -> list[str]:
        """The sounds in whose files everything is as it should be."""
        left = {skip.path for skip in self.skips} | {one.track.path for one in self.planned}
        return [one.audio_id for path, one in self.verdicts.by_path.items() if path not in left]


async def write(app: ReviewApp) -> None:
    """Look at the files, ask, write with progress, and tell how to take it back."""
    found = await _looked(app)
    if found is None or not await app.push_screen_wait(Question(_question(found))):
        return
    skips = list[Skip]()
    counts = WriteCounts(skips.append)
    working = Working(
        lambda: f"Writing and verifying: {counts.done:,} of {counted(len(found.planned), 'files')}"
    )
    plan = plan_of(found.planned)
    future = app.background.write(plan, found.unchanged, counts, lambda: working.is_stopped)
    if await _watched(app, working, future) is not None:
        await app.push_screen_wait(Told(_written(counts, [*found.skips, *skips], working.is_stopped)))
    await app.read()


async def save_plan(app: ReviewApp) -> None:
    """Look at the files, and save what would be written into one that is not there yet."""
    found = await _looked(app)
    if found is None:
        return
    name = await app.push_screen_wait(FileInput("Save as a plan", PLAN, os.path.lexists))
    if name is None:
        return
    lines = [line for one in found.planned for line in plan_lines(one)]
    try:
        replace_atomically(absolute(os.path.expanduser(name)), b"".join(lines))
    except (TaggerError, OSError) as error:
        app.say(plain(str(error)))
    else:
        app.say(
            f"{counted(len(lines), 'changes')} saved; `tagger write-tags --plan {plain(name)}` writes them"
        )


async def undo_last(app: ReviewApp) -> None:
    """Ask, take back the last run that wrote tags, and tell how it went."""
    looking = Working(lambda: "Looking at what the last run wrote …")
    before = await _watched(app, looking, app.background.preview_undo())
    if before is None or before.run is None:
        return
    files = counted(before.files_restored, "files")
    if not await app.push_screen_wait(Question(f"Take back what run {before.run} wrote into {files}?")):
        return
    skips = list[Skip]()
    counts = UndoCounts(skips.append)
    working = Working(lambda: f"Restoring: {counts.done:,} of {files}")
    future = app.background.undo(before.run, counts, lambda: working.is_stopped)
    if await _watched(app, working, future) is not None:
        restored = counted(counts.files_restored, "files")
        text = f"Run {counts.run}: {restored} restored, {counts.skipped:,} skipped."
        await app.push_screen_wait(Told(text + _listed(skips)))
    await app.read()


async def _looked(app: ReviewApp) -> _Found | None:
    """Find what would be written; None where there is nothing, which is told."""
    verdicts = Verdicts(app.review.verdicts(app.background.settings.policy))
    if not verdicts.by_path:
        app.say("nothing to write: a accepts an answer, e edits it")
        return None
    skips = list[Skip]()
    counts = WriteCounts(skips.append)
    total = counted(len(verdicts.by_path), "files")
    looking = Working(lambda: f"Looking at {total}: {counts.done:,} done")
    planned = await _watched(app, looking, app.background.preview(verdicts, counts))
    if planned is None:
        return None
    found = _Found(verdicts, counts, skips, planned)
    if not planned:
        text = f"Nothing to write: {counts.unchanged:,} have it already, {counts.skipped:,} must be left."
        await app.push_screen_wait(Told(text + _listed(skips)))
        return None
    return found


async def _watched(app: ReviewApp, working: Working, future: Future[T]) -> T | None:
    """Show `working` until the future ends, and give what it holds; None where it failed, which is told."""
    await app.push_screen(working)
    try:
        result = await ended(future)
    except TaggerError as error:
        working.dismiss(None)
        await app.push_screen_wait(Told(plain(str(error))))
        return None
    working.dismiss(None)
    return result


def _question(found: _Found) -> str:
    counts = found.counts
    lines = [f"Write tags into {counted(counts.files_written, 'files')}?", ""]
    lines += [
        f"  {name.replace('_', ' '):<14} {counts.fields[name]:>9,}" for name in FIELDS if counts.fields[name]
    ]
    genres = [change for one in found.planned for change in one.changes if change.field == "genre"]
    if replaced := sum(bool(change.before) for change in genres):
        lines += ["", f"  In {counted(replaced, 'files')} a genre that is there makes room for it."]
    if counts.skipped:
        lines += ["", f"  {counted(counts.skipped, 'files')} must be left; the report names them."]
    return "\n".join(lines)


def _written(counts: WriteCounts, skips: Sequence[Skip], is_stopped: bool) -> str:
    stopped = "Stopped. " if is_stopped else ""
    text = f"{stopped}{counted(counts.files_written, 'files')} written and verified."
    if counts.files_written:
        text += f"\n\nThis was run {counts.run}; U here or `tagger undo {counts.run}` takes it back."
    return text + _listed(skips)


def _listed(skips: Sequence[Skip]) -> str:
    """Name the files that were left, and why."""
    if not skips:
        return ""
    lines = [f"{plain(skip.path)}: {plain(skip.reason)}" for skip in skips[:MOST_SKIPS]]
    more = [f"… and {len(skips) - MOST_SKIPS:,} more"] if len(skips) > MOST_SKIPS else []
    return "\n\nLeft as they were:\n" + "\n".join(lines + more)
