"""What a run would do, found out without opening a file for writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tagger.store import Store
from tagger.tag_runs.batches import batches, or_skip, threads
from tagger.tag_runs.plans import Planned, TagSettings, planned_pages
from tagger.tag_runs.tally import Skip, WriteTally
from tagger.tags import measure


def preview(
    store: Store,
    paths: Sequence[str],
    model: str,
    settings: TagSettings,
    tally: WriteTally,
    on_change: Callable[[Planned], None] = lambda planned: None,
) -> None:
    """Count in `tally` what `write_tags` would write, and tell `on_change` each file of them."""
    with threads() as pool:
        for page in planned_pages(store, paths, model, settings, pool, tally):
            for batch in batches(page, lambda planned: planned.file_id):
                for planned, outcome in zip(batch, pool.map(_measured, batch), strict=True):
                    _count(planned, outcome, tally, on_change)


def _count(
    planned: Planned, outcome: int | Skip, tally: WriteTally, on_change: Callable[[Planned], None]
) -> None:
    if isinstance(outcome, Skip):
        tally.skip(outcome)
    else:
        tally.write(outcome, planned.changes)
        on_change(planned)


def _measured(planned: Planned) -> int | Skip:
    path = planned.track.path
    return or_skip(lambda: measure(path, planned.changes, planned.options), path)
