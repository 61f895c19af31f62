"""Report the events of a scan on stderr: to a person, or a JSON object a line to a log; and its figures."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from tagger.cli.progress import ScanBar, scan_bar
from tagger.cli.shared import error_text, exit_code, message
from tagger.cli.terminal import shown
from tagger.errors import TaggerError
from tagger.files import absolute
from tagger.types import counted

if TYPE_CHECKING:
    from tagger.pipeline.cluster import Place
    from tagger.pipeline.ingest import ScanCounts
    from tagger.types import Failure


class Events:
    """The observer of a scan: reports its events in one format, and draws a bar where a person watches.

    A context manager, at whose end the bar goes. `report` serves other events.
    """

    def __init__(
        self, log_format: str, watched: bool = False, is_quiet: bool = False, limit: int | None = None
    ) -> None:
        self.as_json = log_format == "json"
        self._is_quiet = is_quiet
        self._is_watched = watched and sys.stderr.isatty() and not self.as_json
        self._limit = limit
        self._drawn: ScanBar | None = None
        self._counts: ScanCounts | None = None
        self._roots: Sequence[str] = ()
        self._bar = ExitStack()

    def __enter__(self) -> Events:
        self._counts = None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._bar.close()
        if kind is KeyboardInterrupt and self._counts:
            counts = self._counts
            text = f"interrupted after {counted(counts.analysed, 'tracks')}; the next scan goes on from here"
            self.report("interrupted", text, **counts.as_dict())

    def report(self, event: str, text: str, **fields: object) -> None:
        """Print one line. `text` is for a person; a log gets the time, `event` and `fields`."""
        if not self.as_json:
            message(text)
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        print(json.dumps({"time": now, "event": event, **fields}), file=sys.stderr, flush=True)

    def started(self, paths: Sequence[str], model: str, counts: ScanCounts) -> None:
        """A scan has begun."""
        self._counts = counts
        self._roots = [absolute(path) for path in paths]
        if self.as_json:
            self.report("started", "", paths=list(paths), model=model)
        if self._is_watched:
            self._drawn = self._bar.enter_context(scan_bar(paths, counts, self._limit))

    def extracted(self, path: str) -> None:
        """Move the bar: a worker has ended with a file."""
        if self._drawn:
            self._drawn.extracted(path)

    def progress(self) -> None:
        """Redraw the bar."""
        if self._drawn:
            self._drawn.redraw()

    def works_on(self, place: Place) -> None:
        """The files are analysed on a cluster."""
        if not self._is_quiet:
            look = f"; look on at {place.dashboard}" if place.dashboard else ""
            text = f"{counted(place.n_threads, 'threads')} of the Dask cluster at {place.address}{look}"
            self.report("cluster", text, address=place.address, threads=place.n_threads)

    def rereads(self, done: int, total: int) -> None:
        """Tracks have an answer without their files."""
        if self._drawn:
            self._drawn.rereads(done, total)
        elif done == total and not self._is_quiet:
            text = f"{counted(total, 'tracks')} answered from stored embeddings, without their files"
            self.report("reread", text, reread=total)

    def failed(self, failure: Failure) -> None:
        """A file could not be analysed."""
        text = f"{shown(failure.path)}: {failure.reason} (skipped)"
        self.report("failed", text, path=failure.path, stage=failure.stage, reason=failure.reason)

    def failed_again(self, failure: Failure) -> None:
        """A file that somebody wanted tried again has failed as before."""
        if not self._is_quiet:
            self.failed(failure)

    def unmounted(self, root: str) -> None:
        """Nothing is left beneath a root, or a folder in one."""
        or_else = "" if root in self._roots else " If you have emptied it, remove the folder."
        text = f"nothing is left of what was there; not marked missing (is its drive mounted?{or_else})"
        self.report("unmounted", f"{shown(root)}: {text}", path=root)

    def not_backed_up(self, reason: str) -> None:
        """The weekly copy of the database could not be made."""
        self.report("not backed up", f"no backup of the database was made ({reason})", reason=reason)


@contextmanager
def end_reported(log_format: str) -> Iterator[None]:
    """Report the error that ends a command as an event where messages are a log: no line of another kind.

    For a person, `main` prints. Raises TaggerError for an unknown format.
    """
    if log_format not in ("text", "json"):
        raise TaggerError(f"--log-format {log_format}: give text or json")
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if log_format == "text" or isinstance(error, BrokenPipeError | typer.Exit):
            raise
        if isinstance(error, Exception):
            reason = error.strerror or str(error) if isinstance(error, OSError) else error_text(error)
            Events(log_format).report("error", "", reason=reason)
        raise SystemExit(exit_code(error)) from None


METRICS = {
    "tracks": "Tracks in the database.",
    "scan_found": "Files that the last scan found.",
    "scan_analysed": "Files that the last scan analysed.",
    "scan_unchanged": "Files that the last scan knew already.",
    "scan_moved": "Files that the last scan knew under another path.",
    "scan_duplicates": "Files whose sound the last scan knew from another file.",
    "scan_failed": "Files that could not be analysed.",
    "scan_new_failures": "Those of them that were not known before.",
    "scan_reread": "Tracks that the last scan answered from their stored embeddings.",
    "scan_corrected": "Fields of tags that the owner has changed since write-tags wrote them.",
    "scan_missing": "Tracks whose file was gone since the scan before.",
    "scan_seconds": "Duration of the last scan.",
    "scan_tracks_per_second": "Files analysed per second.",
    "last_success_timestamp_seconds": "When a scan last came to its end (Unix time).",
}


def metrics_text(counts: Mapping[str, float], n_tracks: int) -> bytes:
    """Write all gauges in Prometheus' text format, for node_exporter's textfile collector.

    `counts` are those of a scan that has just come to its end. The format:
    https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    values = {f"scan_{name.replace('_per_s', '_per_second')}": value for name, value in counts.items()}
    values |= {"tracks": n_tracks, "last_success_timestamp_seconds": round(time.time(), 3)}
    lines = []
    for name, text in METRICS.items():
        lines += [
            f"# HELP tagger_{name} {text}",
            f"# TYPE tagger_{name} gauge",
            f"tagger_{name} {values[name]}",
        ]
    return ("\n".join(lines) + "\n").encode()
