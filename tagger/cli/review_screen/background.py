"""One thread that has the library: the screen answers keys while it reads and writes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from tagger.errors import TaggerError
from tagger.library import Library
from tagger.model_choice import genres_of
from tagger.query import Query
from tagger.review import Review, rows_of
from tagger.store import Correction
from tagger.tag_runs import Planned, TagPlan, TagSettings, UndoCounts, Verdicts, WriteCounts

T = TypeVar("T")

FIRST_ROWS = 200


class Background:
    """A library in a thread of its own, which does one thing after the other; `close` waits for the last.

    Methods give futures, which hold what the library raises.
    """

    def __init__(self, open_library: Callable[[], Library], query: Query, settings: TagSettings) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tagger-review")
        self._open, self._query, self.settings = open_library, query, settings
        self._library: Library | None = None

    def close(self) -> None:
        """Do what was asked for, then close the library."""
        self._do(lambda library: library.close())
        self._thread.shutdown(wait=True)

    def beginning(self) -> Future[Review]:
        """Read rows that the first view with any begins with: a hundred thousand take a second or two."""
        return self._do(self._first_rows)

    def _first_rows(self, library: Library) -> Review:
        asked = replace(self._query, limit=FIRST_ROWS)
        for first in (
            replace(asked, untagged=True, order="confidence"),
            replace(asked, differs=True, order="-confidence"),
        ):
            if asked.agrees + first.untagged + first.differs > 1:  # of which a track is one at most
                continue
            with suppress(TaggerError):  # of a model without genres; what else is wrong, `review` tells
                review, _ = self._rows(library, first)
                if review.rows:
                    return review
        return Review([], {})

    def review(self) -> Future[tuple[Review, Sequence[str]]]:
        """Read the rows and what the owner has said, and the genres of the model."""
        return self._do(lambda library: self._rows(library, self._query))

    def _rows(self, library: Library, query: Query) -> tuple[Review, Sequence[str]]:
        genres, names = genres_of(library.store, library.model), library.configuration.names
        gc.disable()  # none of the rows is garbage, and looking at them again and again takes a second
        try:
            as_heard = replace(query, as_heard=True)  # what is decided is shown beside it
            tracks = library.tracks(as_heard, with_words=False)
            rows = rows_of(tracks, genres, self.settings.min_confidence, names)
            review = Review(rows, library.store.corrections.of("genre"))
            gc.freeze()
        finally:
            gc.enable()
        return review, [names.shown(genre) for genre in genres]

    def about(self, path: str) -> Future[object]:
        """Read everything known of one file: an `Analysis`, or None."""
        return self._do(lambda library: library.analysis(path))

    def keep(self, said: dict[str, Correction | None]) -> Future[None]:
        """Keep what the owner says of sounds; None forgets."""

        def put(library: Library) -> None:
            corrections = library.store.corrections
            if kept := {one: word for one, word in said.items() if word is not None}:
                corrections.put("genre", kept)
            if forgotten := [one for one, word in said.items() if word is None]:
                corrections.remove("genre", forgotten)

        return self._do(put)

    def preview(self, verdicts: Verdicts, counts: WriteCounts) -> Future[list[Planned]]:
        """Find what would be written, as far as nothing is in its way."""

        def find(library: Library) -> list[Planned]:
            planned: list[Planned] = []
            library.preview_tags(
                settings=self.settings, plan=verdicts, counts=counts, on_change=planned.append
            )
            return planned

        return self._do(find)

    def write(
        self, plan: TagPlan, unchanged: Sequence[str], counts: WriteCounts, is_stopped: Callable[[], bool]
    ) -> Future[WriteCounts]:
        """Write a plan; note what is written then, and the sounds in whose files nothing had to change."""

        def write(library: Library) -> WriteCounts:
            library.write_tags(settings=self.settings, plan=plan, counts=counts, is_stopped=is_stopped)
            run = counts.run or 0
            pages = library.store.tag_changes.of_run(run)
            written = [change.audio_id for page in pages for change in page]
            library.store.corrections.note_written("genre", [*written, *unchanged], run)
            return counts

        return self._do(write)

    def preview_undo(self) -> Future[UndoCounts]:
        """Count what taking back the last run would restore."""

        def count(library: Library) -> UndoCounts:
            library.recover()
            return library.preview_undo()

        return self._do(count)

    def undo(self, run: int, counts: UndoCounts, is_stopped: Callable[[], bool]) -> Future[UndoCounts]:
        """Take a run back."""
        return self._do(lambda library: library.undo(run, counts=counts, is_stopped=is_stopped))

    def _do(self, work: Callable[[Library], T]) -> Future[T]:
        def with_library() -> T:
            if self._library is None:
                self._library = self._open()
            return work(self._library)

        return self._thread.submit(with_library)


async def ended(future: Future[T]) -> T:
    """Wait for a future of the background without stopping the screen; raise what it raised."""
    return await asyncio.wrap_future(future)
