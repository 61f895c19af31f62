"""One track of a playlist, as plain values: all that sorting, shaping and writing need to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A track that may go into a playlist.

    `path` is as the operating system gives it (PEP 383: lone surrogates stand for undecodable
    bytes) or, once it has been through `relocated`, as the playlist's reader shall see it.
    `duration_s` is 0.0 where nothing tells it; `genre_confidence` and `energy` are 0–1. All but path,
    duration and `missing` (the file was gone at the last scan) are None where they are not known.
    """

    path: str
    duration_s: float
    genre: str | None
    genre_confidence: float | None
    energy: float | None
    bpm: float | None
    title: str | None
    artist: str | None
    album: str | None
    year: int | None
    missing: bool = False


def artist_key(entry: Entry) -> str | None:
    """What two tracks by one artist share; None where the artist is unknown, which equals nobody."""
    name = " ".join((entry.artist or "").split()).casefold()
    return name or None
