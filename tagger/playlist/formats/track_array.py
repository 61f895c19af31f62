"""JSON: an array of tracks in playing order, with the keys of `tagger list --json`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tagger.playlist.entry import Entry
from tagger.playlist.formats.rendered import Rendered
from tagger.types import energy_level, rounded


def render_json(entries: Sequence[Entry], title: str | None = None) -> Rendered:
    """The playlist as JSON in ASCII: an undecodable byte stays a lone surrogate, `\\udcff`."""
    tracks = [track_object(entry) for entry in entries]
    return Rendered(json.dumps(tracks, indent=2, allow_nan=False).encode("ascii") + b"\n")


def track_object(entry: Entry) -> dict[str, str | float | int | None]:
    """One track, rounded as `tagger list --json` does; what is unknown is null.

    `energy` and `genre_confidence` are 0–1, `energy_level` is 1–10.
    """
    return {
        "path": entry.path,
        "genre": entry.genre,
        "genre_confidence": rounded(entry.genre_confidence, 4),
        "energy": rounded(entry.energy, 4),
        "energy_level": None if entry.energy is None else energy_level(entry.energy),
        "bpm": rounded(entry.bpm, 1),
        "missing": entry.missing,
    }
