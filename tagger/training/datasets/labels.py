"""The genres of a data set, and how its labels are spelled in another list."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tagger.training.clips import EITHER, GENRES, Clip

SAME = {
    "electronica": "Electronic",
    "heavymetal": "Metal",
    "hiphoprap": "Hip-Hop",
    "rap": "Hip-Hop",
    "rhythmandblues": "R&B",
    "rnb": "R&B",
    "soulrnb": "R&B",
    "world": "International",
    "worldmusic": "International",
}
"""By `label_key`, names that other lists have for a genre of ours; FMA says Soul-RnB, iTunes Hip-Hop/Rap."""


def genre_list(clips: Iterable[Clip]) -> tuple[str, ...]:
    """List the genres of a model that is trained on these clips: every label once, in alphabetical order.

    A label that means one of several genres (`Pop/Rock`) stands for them.
    """
    labels = {label for clip in clips for label in clip.genres}
    return tuple(sorted({name for label in labels for name in EITHER.get(label, (label,))}))


def own_genres(clips: Sequence[Clip]) -> tuple[str, ...]:
    """List the genres as `genre_list`, but take labels that differ in case, blanks or punctuation for one.

    It is called as in `GENRES`, or where that has no name for it, as most clips call it.
    """
    own = common_names(label.strip() for label in unnamed(clips).elements() if label_key(label))
    return tuple(sorted({*genre_list(in_genres(clips)), *own.values()}))


def in_genres(clips: Sequence[Clip], genres: Sequence[str] = GENRES) -> list[Clip]:
    """Give the same clips with their labels spelled as in `genres`, and without labels that are not in it.

    Letter case, blanks and punctuation do not count, and names in `SAME` are known. A clip may be left
    without labels: it then says nothing of genre.
    """
    spelled = _spellings(genres)
    return [
        replace(
            clip, genres=tuple(dict.fromkeys(filter(None, map(spelled.get, map(label_key, clip.genres)))))
        )
        for clip in clips
    ]


def unnamed(clips: Iterable[Clip], genres: Sequence[str] = GENRES) -> Counter[str]:
    """Count the clips of each label that `genres` has no name for."""
    spelled = _spellings(genres)
    return Counter(label for clip in clips for label in clip.genres if label_key(label) not in spelled)


def common_names(labels: Iterable[str], least: int = 1) -> dict[str, str]:
    """Give the commonest spelling, by `label_key`, of each label that is given `least` times and more."""
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        spellings[label_key(label)][label] += 1
    return {
        key: min(counts, key=lambda name: (-counts[name], name))
        for key, counts in spellings.items()
        if counts.total() >= least
    }


def label_key(name: str) -> str:
    """Fold a genre's name: without letter case, accents' encoding, blanks and punctuation.

    >>> label_key("Hip Hop"), label_key("hip-hop")
    ('hiphop', 'hiphop')
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def _spellings(genres: Sequence[str]) -> dict[str, str]:
    """Give the name in `genres` for each `label_key`."""
    either = [label for label, names in EITHER.items() if len(set(names) & set(genres)) > 1]
    same = {other: name for other, name in SAME.items() if name in genres}
    return same | {label_key(name): name for name in (*either, *genres)}
