"""The sounds that are in several files.

Two files hold one sound where their `audio_id` is one: the same codec and the same compressed packets,
whatever their names and tags are. Another encoding of a song is another sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from tagger.store import checked
from tagger.store.rows import path_from, path_ranges

if TYPE_CHECKING:
    from tagger.store.database import Database

# The index of sounds alone says which of them are in several files.
_FILES = """
    SELECT t.audio_id, t.path, t.size, t.duration_s, t.artist, t.title FROM tracks t
    WHERE t.missing_since IS NULL
    AND t.audio_id IN (SELECT audio_id FROM tracks GROUP BY audio_id HAVING count(*) > 1)
    ORDER BY t.audio_id, t.path"""
_SOUNDS_BENEATH = "SELECT audio_id FROM tracks WHERE path >= ? AND path < ? AND missing_since IS NULL"


@dataclass(frozen=True, slots=True)
class SameSound:
    """A sound and its files by path, of which none was missing at the last scan.

    `files` are paths and sizes in bytes. `artist` and `title` are those of the first file that has them.
    """

    audio_id: str
    duration_s: float | None
    artist: str | None
    title: str | None
    files: tuple[tuple[str, int], ...]


def duplicates(database: Database, paths: Sequence[str] = ()) -> list[SameSound]:
    """Find the sounds that are in several files, by the path of the first.

    With `paths`, those of which a file lies at or beneath one of them; all their files are given.
    """
    wanted = {sound for bounds in path_ranges(paths) for (sound,) in database.rows(_SOUNDS_BENEATH, bounds)}
    found = [sound for sound in _groups(database) if not paths or sound.audio_id in wanted]
    return sorted(found, key=lambda sound: sound.files[0][0])


def _groups(database: Database) -> Iterator[SameSound]:
    for audio_id, rows in groupby(database.rows(_FILES), key=itemgetter(0)):
        files = [*rows]
        if len(files) > 1:
            _, _, _, duration_s, _, _ = files[0]
            artist = checked.text(next((artist for *_, artist, _ in files if artist), None))
            title = checked.text(next((title for *_, title in files if title), None))
            named = tuple((path_from(path), max(checked.whole(size), 0)) for _, path, size, *_ in files)
            sound = checked.text(audio_id) or ""
            yield SameSound(sound, checked.duration_s(duration_s), artist, title, named)
