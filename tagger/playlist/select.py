"""The order of a playlist without a curve, and how much of it is played."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, get_args

from tagger.errors import TaggerError
from tagger.musical_key import wheel_place
from tagger.playlist.fill import filling, length_of
from tagger.types import Track

Sort = Literal["energy", "-energy", "bpm", "key", "valence", "-valence", "-word", "path", "random"]
SORTS: tuple[Sort, ...] = get_args(Sort)
Shape = Literal["rise", "fall", "wave", "warmup-peak-cooldown"]
"""The curves of `tagger.playlist.shape`, here because that takes numpy's time to import."""
SHAPES: tuple[Shape, ...] = get_args(Shape)


def selected(
    tracks: Iterable[Track],
    sort: Sort = "energy",
    *,
    limit: int | None = None,
    minutes: float | None = None,
    per_artist: int | None = None,
    seed: int = 0,
    words: Sequence[str] = (),
) -> list[Track]:
    """Sort the tracks, then keep at most `per_artist` of each artist, `minutes` and `limit` in all.

    `key` goes along the Camelot wheel, the key of the file's own tag first, and within a key by tempo.
    `-word` is by the least probability of these `words`. The same tracks in any order give the same answer.
    Raises TaggerError for an unknown sort.

    >>> calm, wild = Track("/m/b.mp3", energy=0.2), Track("/m/a.mp3", energy=0.9)
    >>> [track.path for track in selected([wild, calm], "energy")]
    ['/m/b.mp3', '/m/a.mp3']
    >>> [track.path for track in selected([wild, calm], "path", limit=1)]
    ['/m/a.mp3']
    """
    in_order = ordered(tracks, sort, seed, words)
    return shortened(in_order, limit=limit, minutes=minutes, per_artist=per_artist)


def shortened(
    tracks: Sequence[Track],
    *,
    limit: int | None = None,
    minutes: float | None = None,
    per_artist: int | None = None,
) -> list[Track]:
    """Keep the first of the tracks: at most `per_artist` of each artist, `minutes` and `limit` in all.

    What does not fit into the minutes is passed over (`tagger.playlist.fill`), and takes nobody's share.

    >>> tracks = [Track(f"/m/{minutes}.mp3", duration_s=60.0 * minutes) for minutes in (9, 3, 3, 3)]
    >>> [track.path for track in shortened(tracks, minutes=6)]
    ['/m/3.mp3', '/m/3.mp3']
    """
    if minutes is None:
        return at_most_per_artist(tracks, per_artist)[:limit]
    length_s, budget_s = length_of(tracks), 60 * minutes
    fitting = [track for track in tracks if length_s(track) <= budget_s + 1e-6]
    able = at_most_per_artist(fitting, per_artist)
    return [able[index] for index in filling([*map(length_s, able)], budget_s, limit)]


def ordered(
    tracks: Iterable[Track], sort: Sort = "energy", seed: int = 0, words: Sequence[str] = ()
) -> list[Track]:
    """Put the tracks in the order of `sort`; equals stand by path, what is not known last."""
    by_path = sorted(tracks, key=lambda track: track.path)
    match sort:
        case "path":
            return by_path
        case "energy" | "bpm" | "valence":
            return _rising(by_path, attrgetter(sort))
        case "-energy" | "-valence":
            return _rising(by_path, attrgetter(sort[1:]), -1)
        case "key":
            return _rising(_rising(by_path, attrgetter("bpm")), _place_of_key)
        case "-word":
            return _rising(by_path, lambda track: _least(track.words, words), -1)
        case "random":
            random.Random(seed).shuffle(by_path)
            return by_path
        case _:
            raise TaggerError(f"{sort}: not a sort order (one of {', '.join(SORTS)})")


def _place_of_key(track: Track) -> float | None:
    key, _ = key_of(track)
    return None if key is None else wheel_place(key)


def _least(said: Mapping[str, float], words: Iterable[str]) -> float:
    """The probability of that of the words which is least sure."""
    return min((said.get(word, 0.0) for word in words), default=0.0)


def _rising(tracks: Iterable[Track], value: Callable[[Track], float | None], sign: int = 1) -> list[Track]:
    """From the least value to the greatest, or with the sign −1 from the greatest; None is the last."""
    known = ((value(track), track) for track in tracks)
    return [track for _, track in sorted(known, key=lambda pair: (pair[0] is None, sign * (pair[0] or 0.0)))]


def at_most_per_artist(tracks: Sequence[Track], count: int | None) -> list[Track]:
    """Keep the first `count` tracks of each artist, in their order; those of unknown artists all stay."""
    if count is None:
        return list(tracks)
    seen: Counter[str] = Counter()
    kept = []
    for track in tracks:
        artist = artist_key(track)
        if artist is not None:
            seen[artist] += 1
        if artist is None or seen[artist] <= count:
            kept.append(track)
    return kept


def key_of(track: Track) -> tuple[str | None, float | None]:
    """Give the musical key of a track and how sure it is (0–1): its file's own, else the one that was heard.

    >>> key_of(Track("/a", key="Am", key_confidence=0.7)), key_of(Track("/a", key="Am", tag_key="C"))
    (('Am', 0.7), ('C', 1.0))
    """
    return (track.key, track.key_confidence) if track.tag_key is None else (track.tag_key, 1.0)


def artist_key(track: Track) -> str | None:
    """Give what two tracks by one artist share; None where the artist is unknown, who equals nobody.

    >>> [artist_key(Track("/m/a.mp3", artist=name)) for name in (" The  Beatles", "the beatles", "")]
    ['the beatles', 'the beatles', None]
    """
    name = " ".join((track.artist or "").split()).casefold()
    return name or None
