"""The owner's own library: whatever its files' genre tags say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

from tagger.errors import TaggerError
from tagger.tags import TagError
from tagger.tags import read as read_tags
from tagger.tags.read import artist_of
from tagger.training.clips import Clip
from tagger.training.datasets.genres import common_names, folded
from tagger.training.datasets.music import music_in, split_of

MIN_TRACKS = 20
"""With fewer tracks of a genre there is nothing to learn, and none to measure it by."""

LOOKED_AT = 200
"""Files in which a guess looks for a genre tag."""

_BETWEEN_GENRES = re.compile(r"\s*[;/,|\\]\s*")


def read(folder: str, min_tracks: int = MIN_TRACKS) -> list[Clip]:
    """A clip for each music file with a genre tag, of genres that at least `min_tracks` tracks have.

    A tag that lists several genres gives several labels; spellings that differ in case, blanks or
    punctuation only are one genre, called as most files call it. Tracks of one artist are a group,
    or of one folder where the tags name none: 80/10/10 by group, see `split_of`. Genres that this
    program wrote itself teach a model nothing: take them back with `undo` first.
    Raises `TaggerError` where no genre has enough tracks.
    """
    tagged = [clip for path in music_in(folder) if (clip := _clip(folder, path))]
    names = common_names((genre for clip in tagged for genre in clip.genres), min_tracks)
    clips = [replace(clip, genres=_named(clip.genres, names)) for clip in tagged]
    if not names:
        raise TaggerError(f"--data: {folder}: no genre tag stands in {min_tracks} files or more")
    return [clip for clip in clips if clip.genres]


def looks_so(folder: str) -> bool:
    """Whether one of the first files of the folder has a genre tag."""
    return any(_genres(os.path.join(folder, path)) for path in islice(music_in(folder), LOOKED_AT))


def _clip(folder: str, path: str) -> Clip | None:
    """With the genres as the tag spells them; None where it has none."""
    whole = os.path.join(folder, path)
    genres = _genres(whole)
    if not genres:
        return None
    group = artist_of(whole) or os.path.dirname(path)
    return Clip(path, "library", split_of(group), genres, group=group)


def _genres(path: str) -> tuple[str, ...]:
    try:
        texts = read_tags(path).genres
    except TagError:  # a file without tags that can be read says nothing, and may sound all the same
        return ()
    return tuple(name for text in texts for name in _BETWEEN_GENRES.split(text) if folded(name))


def _named(genres: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names[key] for key in map(folded, genres) if key in names))
