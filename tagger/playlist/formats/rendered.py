"""What writing a playlist gives back: its bytes, and the tracks that its format could not hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skipped:
    """A track that was left out, and why, in words fit to show."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A playlist file: `content` is all of its bytes."""

    content: bytes
    skipped: tuple[Skipped, ...] = ()
