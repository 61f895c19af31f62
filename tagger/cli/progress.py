"""The progress of a scan and of writing tags, on stderr and only where a person watches."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from tagger.cli.terminal import for_terminal
from tagger.types import counted

if TYPE_CHECKING:
    from rich.progress import Progress

    from tagger.pipeline.ingest import ScanCounts
    from tagger.tag_runs import WriteCounts


LOOK_S = 0.1
"""Between two looks at the counts: known files come by the thousand a second, and nobody sees more."""


@contextmanager
def scan_bar(paths: Sequence[str], counts: ScanCounts, limit: int | None = None) -> Iterator[ScanBar]:
    """Draw a bar with tracks per second, time gone and left, and the file that was read last.

    The number of files is counted by a second walk in a thread of its own, so that the analysis can
    begin at once; until it is known the bar only pulses.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    name = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        BarColumn(16),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s"),
        TextColumn("{task.fields[elapsed]}", style="progress.elapsed"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[file]}", markup=False, table_column=name),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, auto_refresh=False, transient=True, expand=True) as progress:
        bar = ScanBar(progress, counts, limit)
        counter = _Counter(paths, bar.set_total)
        counter.start()
        bar.start()
        try:
            yield bar
        finally:
            bar.stop()
            counter.stop()


class ScanBar:
    """The bar of a scan: it counts a file when a worker has ended with it, before its answer is there.

    It is drawn by a thread of its own, also while the model is being loaded. `extracted` may be called from
    any thread.
    """

    def __init__(self, progress: Progress, counts: ScanCounts, limit: int | None) -> None:
        self._progress, self._counts, self._limit = progress, counts, limit
        self._task = progress.add_task("", total=None, rate="–", elapsed="", file="")
        self._ended, self._n_ended = itertools.count(1), 0
        self._total: int | None = None
        self._file = ""
        self._reread = (0, 0)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def stop(self) -> None:
        """Draw once more, how it ended, and then no more."""
        self._stopped.set()
        self._thread.join()
        self.redraw()

    def set_total(self, total: int) -> None:
        """Say how many files there are."""
        self._total = total

    def extracted(self, path: str) -> None:
        """Count a file."""
        self._n_ended, self._file = next(self._ended), path

    def rereads(self, done: int, total: int) -> None:
        """Say how many of the known tracks have an answer by other heads."""
        self._reread = (done, total)

    def _draw(self) -> None:
        while not self._stopped.wait(LOOK_S):
            self.redraw()

    def redraw(self) -> None:
        """Draw what is counted by now."""
        counts, n_ended = self._counts, self._n_ended
        known = counts.found + counts.ignored - counts.taken  # those that no worker was asked for
        total = self._total
        if total is not None and self._limit is not None:
            total = min(total, known + self._limit)
        completed = known + max(n_ended, counts.taken)
        is_all_read = total is not None and completed >= total
        self._progress.update(
            self._task,
            total=total,
            completed=completed,
            rate=f"{n_ended / counts.seconds:.1f}" if n_ended else "–",
            elapsed=str(timedelta(seconds=int(counts.seconds))),  # rich's own stands still at the end
            file=self._doing(n_ended, is_all_read),
            refresh=True,
        )

    def _doing(self, n_ended: int, is_all_read: bool) -> str:
        """What the scan is busy with: mostly the files after the one that was read last."""
        done, total = self._reread
        if done < total:
            return f"answering from stored embeddings: {done:,} of {total:,}"
        if is_all_read and n_ended > self._counts.taken:
            return "predicting the last answers"
        return for_terminal(os.path.basename(self._file)) if n_ended else "starting"


@contextmanager
def analysing_bar(total: int) -> Iterator[Callable[[], None]]:
    """Draw a bar over a known number of files; the value is called after each of them."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("analysing", total=total)
        yield lambda: progress.advance(task)


@contextmanager
def writing_bar(counts: WriteCounts) -> Iterator[Callable[[], None]]:
    """Show how many files were looked at and written; the value is called to redraw it from `counts`."""
    from rich.console import Console

    with Console(stderr=True).status("writing tags") as status:
        yield lambda: status.update(
            f"writing tags: {counts.files_written:,} of {counted(counts.done, 'files')}"
        )


class _Counter:
    """Counts what a walk of `paths` finds, unless it is stopped first."""

    def __init__(self, paths: Sequence[str], on_total: Callable[[int], None]) -> None:
        self._paths, self._on_total = paths, on_total
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _count(self) -> None:
        from tagger.walk import walk

        total = 0
        for _ in walk(self._paths):
            total += 1
            if self._stopped.is_set():
                return
        self._on_total(total)
