"""What happens during a scan, told on stderr: to a person, or a JSON object a line to a log."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tagger.cli.exit_codes import exit_code
from tagger.cli.output import message, shown
from tagger.errors import TaggerError

if TYPE_CHECKING:
    from tagger.types import Failure


class Events:
    """Tells of events in one format; the `Observer` of a scan. `advance` redraws a progress bar."""

    def __init__(self, log_format: str, advance: Callable[[], None]) -> None:
        self.as_json = log_format == "json"
        self.progress = advance

    def tell(self, event: str, text: str, **fields: object) -> None:
        """One line. `text` is for a person; a log gets the time, `event` and `fields`."""
        if not self.as_json:
            message(text)
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        print(json.dumps({"time": time, "event": event, **fields}), file=sys.stderr, flush=True)

    def failed(self, failure: Failure) -> None:
        text = f"{shown(failure.path)}: {failure.reason} (skipped)"
        self.tell("failed", text, path=failure.path, stage=failure.stage, reason=failure.reason)

    def unmounted(self, root: str) -> None:
        text = f"{shown(root)}: nothing is left of what was there; not marked missing (is its drive mounted?)"
        self.tell("unmounted", text, path=root)


@contextmanager
def ends_told(log_format: str) -> Iterator[None]:
    """What ends a command is an event, too, where its messages are a log: no line of another kind.

    To a person, and of internal errors, `main` tells. Raises `TaggerError` for an unknown format.
    """
    if log_format not in ("text", "json"):
        raise TaggerError(f"--log-format {log_format}: give text or json")
    try:
        yield
    except (TaggerError, KeyboardInterrupt) as error:
        events = Events(log_format, lambda: None)
        if not events.as_json:
            raise
        if isinstance(error, TaggerError):
            events.tell("error", "", reason=str(error))
        raise SystemExit(exit_code(error)) from None
