"""The progress of a scan and of writing tags, on stderr and only where a person watches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tagger.types import counted

if TYPE_CHECKING:
    from tagger.pipeline.ingest import ScanCounts
    from tagger.tag_runs import WriteCounts


@contextmanager
def scan_bar(paths: Sequence[str], counts: ScanCounts) -> Iterator[Callable[[], None]]:
    """Draw a bar with tracks per second and time left; the value is called to redraw it from `counts`.

    The number of files is counted by a second walk in a thread of its own, so that the analysis can
    begin at once; until it is known the bar only pulses.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("analysing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} tracks/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("analysing", total=None, rate="–")
        counter = _Counter(paths, lambda total: progress.update(task, total=total))
        counter.start()

        def advance() -> None:
            progress.update(task, completed=counts.found, rate=f"{counts.analysed / counts.seconds:.1f}")

        try:
            yield advance
        finally:
            counter.stop()


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
