"""What a head can learn from: stored embeddings with the owner's words for their sounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagger.genre_words import NOTHING, Words
from tagger.store import checked
from tagger.store.own_tags import own_genres
from tagger.store.rows import path_from
from tagger.types import MOST_LEVEL

if TYPE_CHECKING:
    from tagger.store.database import Database

# A file that is gone has still been heard; of silence nobody learns anything.
_EXAMPLES = """
    SELECT t.audio_id, t.path, t.artist, t.album_artist, t.album_id,
        t.tag_genres, t.tag_energy_level, e.vector
    FROM embeddings e CROSS JOIN tracks t ON t.id = e.track_id
    WHERE e.trunk = (SELECT id FROM trunks WHERE name = ?)
    AND typeof(e.vector) = 'blob' AND length(e.vector) = ?
    AND NOT EXISTS (SELECT 1 FROM predictions p WHERE p.track_id = t.id AND p.silent)
    ORDER BY t.path"""


@dataclass(frozen=True, slots=True)
class HeardFile:
    """A file whose embedding is stored: `vector` are its bytes, little-endian float16.

    `genres` are the owner's in its tags, `level` (0–10) is the energy level there. `album_id` is equal for
    the files of an album.
    """

    audio_id: str
    path: str
    artist: str | None
    album_artist: str | None
    album_id: int | None
    genres: tuple[str, ...]
    level: float | None
    vector: bytes


def heard_files(database: Database, trunk: str, size: int, nothing: Words = NOTHING) -> Iterator[HeardFile]:
    """Yield the files with an embedding of `trunk` of `size` numbers, by path; silence is left out.

    Own genres that say `nothing` are left out. Raises StoreError.
    """
    for audio_id, path, artist, album_artist, album_id, genres, level, vector in database.rows(
        _EXAMPLES, (trunk, 2 * size)
    ):
        yield HeardFile(
            checked.text(audio_id) or "",
            path_from(path),
            checked.text(artist),
            checked.text(album_artist),
            album_id if isinstance(album_id, int) else None,
            own_genres(checked.text(genres), nothing),
            checked.number(level, 0, MOST_LEVEL),
            vector,
        )
