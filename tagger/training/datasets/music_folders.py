"""Music as its owner keeps it: folders named after genres, files with genre tags, any music at all."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from tagger.errors import TaggerError
from tagger.files import folded
from tagger.tags import TagError
from tagger.tags import read as read_tags
from tagger.tags.fields import numbered_genre
from tagger.tags.read import artist_of
from tagger.training.clips import GENRES, Clip
from tagger.training.datasets.labels import SAME, common_names, label_key
from tagger.types import Failure
from tagger.walk import is_skipped_folder, walk

log = logging.getLogger(__name__)

N_NUMBERED_GENRES = 192
"""Those of ID3v1 with Winamp's extensions."""

MIN_TRACKS = 20
"""With fewer tracks of a genre there is nothing to learn, and none to measure it by."""

N_TRIED = 200
"""Files in which a guess looks for a genre tag."""

_BETWEEN_GENRES = re.compile(r"\s*[;/,|\\]\s*")


def read_genre_folders(folder: str) -> list[Clip]:
    """Read the music in folders named after genres, as `genre/file` or `genre/artist/album/file`.

    The name of the first sub-folder is the label as it stands. Files beneath one artist's or album's
    folder form a group, under whichever genres that name lies; a file right in the genre's folder is a
    group by its own name. 80/10/10 by group, see `split_of`. Raises `TaggerError` where there is no such
    file.
    """
    clips = [_folder_clip(path) for path in music_in(folder) if os.path.dirname(path)]
    if not clips:
        raise TaggerError(f"--data: {folder}: no music in folders named after genres")
    return clips


def has_genre_folders(folder: str) -> bool:
    """Tell whether there are two or more sub-folders, and half of them or more have the name of a genre."""
    with os.scandir(folder) as listing:
        names = [entry.name for entry in listing if entry.is_dir() and not is_skipped_folder(entry.name)]
    known = {label_key(name) for name in (*GENRES, *map(numbered_genre, range(N_NUMBERED_GENRES))) if name}
    return len(names) >= 2 and 2 * sum(label_key(name) in known | SAME.keys() for name in names) >= len(names)


def read_library(folder: str, min_tracks: int = MIN_TRACKS) -> list[Clip]:
    """Read the files with a genre tag, of genres that at least `min_tracks` tracks have.

    A tag that lists several genres gives several labels; spellings that differ in case, blanks or
    punctuation only are one genre, called as most files call it. Tracks of one artist are a group,
    or of one folder where the tags name none: 80/10/10 by group, see `split_of`. Genres that this
    program wrote itself teach a model nothing: take them back with `undo` first.
    Raises `TaggerError` where no genre has enough tracks.
    """
    tagged = [clip for path in music_in(folder) if (clip := _tagged_clip(folder, path))]
    names = common_names((genre for clip in tagged for genre in clip.genres), min_tracks)
    clips = [replace(clip, genres=_named(clip.genres, names)) for clip in tagged]
    if not names:
        raise TaggerError(f"--data: {folder}: no genre tag stands in {min_tracks} files or more")
    return [clip for clip in clips if clip.genres]


def has_genre_tags(folder: str) -> bool:
    """Tell whether one of the first files of the folder has a genre tag."""
    return any(_tag_genres(os.path.join(folder, path)) for path in islice(music_in(folder), N_TRIED))


def read_unlabelled(folder: str) -> list[Clip]:
    """Read music of which only a teacher says anything: any folder, best of pieces of 10 to 20 s.

    Gives a clip of the split `unlabelled` for each file; raises `TaggerError` without any.
    """
    if not os.path.isdir(folder):
        raise TaggerError(f"--unlabelled: {folder}: no such folder")
    clips = [Clip(path, "unlabelled", "unlabelled", (), group=path) for path in music_in(folder)]
    if not clips:
        raise TaggerError(f"--unlabelled: {folder}: holds no music")
    return clips


def music_in(folder: str) -> Iterator[str]:
    """List the music that a scan would find, in its order: paths relative to `folder`."""
    root = os.path.abspath(folder)
    for found in walk([root]):
        if isinstance(found, Failure):
            log.warning("%s: %s (skipped)", found.path, found.reason)
        else:
            yield os.path.relpath(found.path, root)


def split_of(group: str) -> str:
    """Give `train` for 80 % of all groups, `valid` and `test` for 10 % each, by a hash of the group's name.

    A group keeps its split whatever else is added, on any machine; letter case and Unicode form do not
    count, because file systems change them.

    >>> split_of("Miles Davis") == split_of("MILES DAVIS")
    True
    """
    name = folded(group).encode("utf-8", "surrogateescape")
    tenth = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") % 10
    return ("valid", "test")[tenth] if tenth < 2 else "train"


def _folder_clip(path: str) -> Clip:
    genre, *between, name = path.split(os.sep)
    group = between[0] if between else os.path.splitext(name)[0]
    return Clip(path, "folders", split_of(group), (genre,), group=group)


def _tagged_clip(folder: str, path: str) -> Clip | None:
    """Give the clip with the genres as the tag spells them; None where it has none."""
    whole = os.path.join(folder, path)
    genres = _tag_genres(whole)
    if not genres:
        return None
    group = artist_of(whole) or os.path.dirname(path)
    return Clip(path, "library", split_of(group), genres, group=group)


def _tag_genres(path: str) -> tuple[str, ...]:
    try:
        texts = read_tags(path).genres
    except TagError:  # a file without readable tags has no label, and may be sound music all the same
        return ()
    return tuple(name for text in texts for name in _BETWEEN_GENRES.split(text) if label_key(name))


def _named(genres: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names[key] for key in map(label_key, genres) if key in names))
