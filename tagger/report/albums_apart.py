"""Albums that fall apart: whose tracks, each by its own sound, are surely of genres that are far apart.

It may be a sampler, a film score or a prank; or two albums of one title, or tracks in a wrong folder.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tagger.genre_tree import distance
from tagger.store import Overview
from tagger.types import Track

FEWEST_SURE = 3
"""Tracks that must be sure of their genre, or nothing can be said of their album."""

FEWEST_APART, LEAST_APART = 2, 0.25
"""So many, and so great a share, must be far from the genre of most: one is heard wrong now and then."""


class Alone(NamedTuple):
    """A track with the genre of its own sound and its confidence (0–1), whatever its album says."""

    track: Track
    genre: str
    confidence: float


@dataclass(frozen=True, slots=True)
class AlbumApart:
    """An album whose sure tracks do not go together.

    `genres` counts the sure tracks by genre, most first; `apart` are those far from the first of them, the
    surest first. `n_tracks` are all tracks of the album. `artist` is None where it is not known or they are
    several.
    """

    album: str | None
    artist: str | None
    n_tracks: int
    genres: tuple[tuple[str, int], ...]
    apart: tuple[Alone, ...]


def albums_apart(rows: Iterable[Overview], sure_from: float) -> list[AlbumApart]:
    """Find the albums that fall apart, those first of which most tracks do; sure from a confidence (0–1) on.

    Silent and missing tracks do not count, and a sound that is there twice counts once.
    """
    albums: defaultdict[int, dict[str, Overview]] = defaultdict(dict)
    for row in rows:
        if row.album_id is not None and not (row.track.silent or row.track.missing):
            albums[row.album_id].setdefault(row.track.audio_id, row)
    found = (_apart([*sounds.values()], sure_from) for sounds in albums.values())
    return sorted(filter(None, found), key=lambda one: (-len(one.apart), one.apart[0].track.path))


def _apart(rows: Sequence[Overview], sure_from: float) -> AlbumApart | None:
    sure = [
        Alone(row.track, row.genre_alone, row.confidence_alone)
        for row in rows
        if row.genre_alone is not None and row.confidence_alone and row.confidence_alone >= sure_from
    ]
    if len(sure) < FEWEST_SURE:
        return None
    counts = sorted(Counter(one.genre for one in sure).items(), key=lambda item: (-item[1], item[0]))
    apart = [one for one in sure if distance(one.genre, counts[0][0]) == "far"]
    if len(apart) < max(FEWEST_APART, LEAST_APART * len(sure)):
        return None
    apart.sort(key=lambda one: (-one.confidence, one.track.path))
    artists = {row.track.artist for row in rows}
    artist = next(iter(artists)) if len(artists) == 1 else None
    return AlbumApart(sure[0].track.album, artist, len(rows), tuple(counts), tuple(apart))
