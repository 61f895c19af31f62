"""Every track of a library, packed for the script of the page: a hundred thousand in a few megabytes.

One JSON object of columns, an entry a track, in which what many tracks share stands once; compressed, and
written in letters that mean nothing to HTML. Numbers are whole, for they are shorter.
"""

from __future__ import annotations

import gzip
import json
import os
from base64 import b64encode
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from tagger.musical_key import KEYS, camelot, mixing_with, wheel_place
from tagger.playlist import one_line, title_of
from tagger.report.charts import OTHER
from tagger.report.gather import Facts
from tagger.report.links import Links
from tagger.types import MOODS, Track, energy_level

MAP_STEPS = 10_000
"""Of the square of the map: a point has its place to a tenth of a pixel, however large the screen is."""

ENERGY_STEPS = 1000

_MISSING, _SILENT, _DAMAGED, _SURE, _SURE_OF_KEY = 1, 2, 4, 8, 128
_CORRECTED = {"genre": 16, "energy": 32, "bpm": 64}
"""The bits of `flags`."""

_WHEEL = sorted(KEYS, key=wheel_place)


def columns(
    facts: Facts, links: Links, colours: Sequence[int], options: Sequence[str] = ()
) -> dict[str, Any]:
    """Give the columns by name; `colours` has the number of the colour of each of the genres.

    `artist`, `album`, `folder`, `genre`, `own`, `mood` and `sound` are numbers in the lists `artists` and so
    on (`sound`: of an identity), and -1 where it is not known, as `energy`, `map` (x and y), `confidence`
    (percent), `level` (1–10) and `course` (three levels a track) are. `bpm` and `year` are 0 then.
    `words` has numbers in `word_names`. `key` is a place along the Camelot wheel, whose names are in
    `keys` and `wheel`, and those that mix with each in `mixing`. A folder is its path and its address;
    `address` has that of the name of a file that is not UTF-8, and `further` the genres behind the first,
    of the few tracks that the owner has given some. `options` stand in every command.
    """
    tracks = [row.track for row in facts.rows]
    genres = {genre: number for number, genre in enumerate(facts.genres)}
    for track in tracks:  # a model that is gone, or a genre that the owner has set
        for genre in (track.genre, *facts.further.get(track.audio_id, ())):
            if genre is not None:
                genres.setdefault(genre, len(genres))
    words = {word: number for number, word in enumerate(facts.words)}
    artists, artist = _numbered(one_line(track.artist) or None for track in tracks)
    albums, album = _numbered(one_line(track.album) or None for track in tracks)
    folders, folder = _numbered(os.path.dirname(track.path) for track in tracks)
    owns, own = _numbered("; ".join(map(one_line, track.tag_genres)) or None for track in tracks)
    _, sound = _numbered(track.audio_id for track in tracks)
    names = [os.path.basename(track.path) for track in tracks]
    return {
        "title": [title_of(track) for track in tracks],
        "name": names,
        "address": {i: _last(links.address(tracks[i].path)) for i in _not_text(names)},
        "artist": artist,
        "album": album,
        "folder": folder,
        "genre": [-1 if track.genre is None else genres[track.genre] for track in tracks],
        "further": {
            i: [genres[genre] for genre in facts.further[track.audio_id]]
            for i, track in enumerate(tracks)
            if track.audio_id in facts.further
        },
        "confidence": [_percent(track.genre_confidence) for track in tracks],
        "energy": [-1 if track.energy is None else round(ENERGY_STEPS * track.energy) for track in tracks],
        "level": [_level(track.energy) for track in tracks],
        "course": [_level(energy) for row in facts.rows for energy in row.course],
        "bpm": [_bpm(track.bpm) for track in tracks],
        "key": [-1 if track.key is None else wheel_place(track.key) for track in tracks],
        "year": [track.year or 0 for track in tracks],
        "mood": [-1 if track.mood is None else MOODS.index(track.mood) for track in tracks],
        "words": [[words.setdefault(word, len(words)) for word in track.words] for track in tracks],
        "own": own,
        "sound": sound,
        "flags": [_flags(track, facts.names.sure_from) for track in tracks],
        "map": _places(facts),
        "artists": artists,
        "albums": albums,
        "folders": [(path, links.folders[path]) for path in folders],
        "owns": owns,
        "genres": [*genres],
        "colours": [*colours, *[OTHER] * (len(genres) - len(colours))],
        "word_names": [*words],
        "moods": MOODS,
        "keys": _WHEEL,
        "wheel": [*map(camelot, _WHEEL)],
        "mixing": [[*map(wheel_place, mixing_with(key))] for key in _WHEEL],
        "unclaimed": [name for name in genres if not facts.names.is_claimed(name)],
        "sure_from": facts.names.sure_from,
        "has_energy": "energy" in facts.aspects,
        "options": options,
        "is_windows": os.name == "nt",
    }


def packed(columns: dict[str, Any]) -> str:
    """Pack the columns as base64 of gzip of JSON; `unpacked` by the script of the page."""
    text = json.dumps(columns, separators=(",", ":"), allow_nan=False)  # ASCII: any name can stand in it
    return b64encode(gzip.compress(text.encode("ascii"), 6, mtime=0)).decode("ascii")


def _numbered(values: Iterable[Hashable]) -> tuple[list[Any], list[int]]:
    """The different values in the order in which they come, and of each its number; -1 for None."""
    numbers: dict[Hashable, int] = {}
    found = [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values]
    return [*numbers], found


def _not_text(names: Iterable[str]) -> list[int]:
    """The numbers of the names that are not UTF-8, which no script can put into an address."""
    return [i for i, name in enumerate(names) if not name.isascii() and not _is_text(name)]


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def _last(address: str) -> str:
    return address.rpartition("/")[2]


def _percent(share: float | None) -> int:
    return -1 if share is None else round(100 * share)


def _level(energy: float | None) -> int:
    return -1 if energy is None else energy_level(energy)


def _bpm(bpm: float | None) -> float:
    """A tempo to a tenth, unless that puts it on the other side of a whole number, by which people ask."""
    if bpm is None:
        return 0
    rounded = round(bpm, 1)
    return bpm if rounded.is_integer() and rounded != bpm else rounded


def _flags(track: Track, sure_from: float) -> int:
    of_genre = _SURE * (track.genre_confidence is not None and track.genre_confidence >= sure_from)
    of_key = _SURE_OF_KEY * (track.key_confidence is not None and track.key_confidence >= sure_from)
    said = sum(_CORRECTED[field] for field in track.corrected)
    state = _MISSING * track.missing + _SILENT * track.silent + _DAMAGED * track.damaged
    return state + of_genre + of_key + said


def _places(facts: Facts) -> list[int]:
    """x and y of each track in turn; none where there is no map."""
    if facts.places is None:
        return []
    import numpy as np

    steps = np.where(np.isnan(facts.places), -1, np.round(MAP_STEPS * facts.places))
    found: list[int] = steps.astype(int).ravel().tolist()
    return found
