"""The running counts of a run over tags, and the files that it left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tagger.tags import Change, Field


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a file was left as it was; not an error where a rule says so and nothing needs mending.

    `is_crowded`: its copy had no room beside those of the other files that were under way.
    """

    path: str
    reason: str
    is_error: bool = True
    is_crowded: bool = False


def _ignore(skip: Skip) -> None:
    pass


@dataclass(slots=True)
class WriteCounts:
    """Of `write-tags`, or of what it would do; `fields` counts the files in which each field changes.
    `no_music` are the files that nothing is written into because speech or noise is heard in them.
    `run` is the number of the run, None as long as nothing is written.

    `on_skip` gets each file that is left as it was.
    """

    on_skip: Callable[[Skip], None] = _ignore
    files_written: int = 0
    bytes_written: int = 0
    unchanged: int = 0
    no_music: int = 0
    skipped: int = 0
    errors: int = 0
    fields: Counter[Field] = field(default_factory=Counter)
    run: int | None = None

    @property
    def done(self) -> int:
        """The files that the run has looked at so far."""
        return self.files_written + self.unchanged + self.no_music + self.skipped

    def write(self, n_bytes: int, changes: Iterable[Change]) -> None:
        """Count a file that was written."""
        self.files_written += 1
        self.bytes_written += n_bytes
        self.fields.update(change.field for change in changes)

    def skip(self, skip: Skip) -> None:
        """Count a file that was left as it was."""
        self.skipped += 1
        self.errors += skip.is_error
        self.on_skip(skip)

    def as_dict(self) -> dict[str, float]:
        """Give the counts by the names that `tagger write-tags --json` prints."""
        return {
            "files_written": self.files_written,
            "bytes_written": self.bytes_written,
            "unchanged": self.unchanged,
            "no_music": self.no_music,
            "skipped": self.skipped,
        }


@dataclass(slots=True)
class UndoCounts:
    """Of `undo`, or of what it would do: a file of which a field was left is restored if another one was.

    `inexact` are those of `files_restored` that are not byte for byte what they were; each goes to `on_skip`
    too. `run` is the number of the run that is taken back.
    """

    on_skip: Callable[[Skip], None] = _ignore
    files_restored: int = 0
    inexact: int = 0
    skipped: int = 0
    errors: int = 0
    run: int | None = None

    @property
    def done(self) -> int:
        """The files that the run has looked at so far."""
        return self.files_restored + self.skipped

    def restore(self, but_for: Skip | None) -> None:
        """Count a file that was restored; `but_for` says what in it was not."""
        self.files_restored += 1
        if but_for:
            self.inexact += 1
            self.on_skip(but_for)

    def skip(self, skip: Skip) -> None:
        """Count a file that was left as it was."""
        self.skipped += 1
        self.errors += skip.is_error
        self.on_skip(skip)

    def as_dict(self) -> dict[str, float]:
        """Give the counts by the names that `tagger undo --json` prints."""
        return {"files_restored": self.files_restored, "inexact": self.inexact, "skipped": self.skipped}
