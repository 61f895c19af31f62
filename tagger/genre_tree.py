"""What an owner's word for music means, in the genres of a model: "Drum & Bass" is Electronic.

The words stand in `tagger/data/genres.txt`, which names its sources. What they mean are the 17 genres of the
standard model, here called roots. A model with other genres is reached through the same file, for each of its
genres is a word, too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from tagger.files import sort_key

Distance = Literal["same", "kin", "far"]
"""How far one genre is from another."""

_LISTS = re.compile(r"[/\\;,|>]|\s[-–—]\s")
"""What stands between the genres of one text, such as `Pop/Rock` or `Electronic - House`."""

_AND = frozenset({"and", "n", "und", "et"})
_MUSIC = frozenset({"music", "musik", "musique", "musica"})

_LONGEST = 100
"""So many characters of a text are read: whoever writes more than that does not name a genre."""

_NOUNS = (
    "rock",
    "metal",
    "punk",
    "house",
    "techno",
    "trance",
    "jazz",
    "folk",
    "funk",
    "soul",
    "blue",
    "disco",
    "rap",
)
"""Names of genres that keep their meaning before another one, besides the roots: the soul of `soul pop`."""

_KIN: Mapping[str, tuple[str, ...]] = {
    "Rock": ("Blues", "Country", "Folk", "Metal", "Pop"),
    "Pop": ("Country", "Disco", "Electronic", "Folk", "R&B"),
    "Electronic": ("Disco", "Experimental", "Hip-Hop", "New Age", "R&B"),
    "R&B": ("Blues", "Disco", "Hip-Hop"),
    "Classical": ("Experimental", "New Age"),
    "International": ("Folk", "Latin", "Reggae"),
    "Country": ("Folk",),
    "Jazz": ("Blues", "Latin"),
}
"""Genres that are taken for one another: a difference between them is no news.

Either the tree of FMA has one below the other (Metal is Rock, Reggae International, Disco Soul-RnB); or
more than a fifth of the tracks of the rarer one are labelled with the other, too, or heard as the other by
the standard model, in the music that it is tested on. Folk with Pop and International, Country with Pop,
and Hip-Hop with R&B come short of that fifth, but share many of their words.
"""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the file: `key` is that of the first spelling, `roots` are the genres it can mean."""

    key: str
    roots: frozenset[str]


def meanings(name: str, genres: Sequence[str]) -> frozenset[str]:
    """Give those of the model's `genres` that the owner's word `name` can mean; none for an unknown word.

    Spelling does not matter much: letter case, accents, spaces, hyphens, "and", a plural s and a last "music"
    are set aside. A text such as `Pop/Rock` means each of its parts. An unknown compound means what its last
    known part means ("Melodic Death Metal": Metal), and a genre before it besides ("Country Punk").

    >>> seventeen = ["Country", "Electronic", "Folk", "Hip-Hop", "Metal", "Pop", "Rock"]
    >>> names = ("drum'n'bass", "Hip Hop/Rap", "Country Punk", "Podcast")
    >>> [sorted(meanings(name, seventeen)) for name in names]
    [['Electronic'], ['Hip-Hop'], ['Country', 'Rock'], []]
    >>> sorted(meanings("Deep House", ["House", "Rock", "Techno"]))
    ['House']
    """
    return _meanings(name[:_LONGEST], tuple(genres))


def is_known(name: str) -> bool:
    """Tell whether it is known what a word means, for whichever model.

    >>> is_known("Drum & Bass"), is_known("My Favourites")
    (True, False)
    """
    return bool(_roots(name))


def agrees(words: Iterable[str], genre: str, genres: Sequence[str]) -> bool | None:
    """Tell whether one of the owner's `words` means `genre` or its kin; None where no word is known.

    >>> seventeen = ["Classical", "Electronic", "Metal", "Rock"]
    >>> agrees(["Hard Rock"], "Metal", seventeen), agrees(["Techno"], "Classical", seventeen)
    (True, False)
    >>> agrees(["My Favourites"], "Metal", seventeen) is None
    True
    """
    meant = {each for word in words for each in meanings(word, genres)}
    if not meant:
        return None
    return any(distance(each, genre) != "far" for each in meant)


@lru_cache(maxsize=4096)
def distance(one: str, other: str) -> Distance:
    """Tell whether two genres are the same, kin (people and models take one for the other), or far apart.

    Genres of which nothing is known are far apart, unless they are spelled alike.

    >>> distance("R&B", "RnB"), distance("Pop", "Rock"), distance("Pop", "Classical")
    ('same', 'kin', 'far')
    """
    if _canonical(one) == _canonical(other):
        return "same"
    pairs = ((mine, its) for mine in _roots(one) for its in _roots(other))
    return "kin" if any(mine == its or _are_kin(mine, its) for mine, its in pairs) else "far"


def _are_kin(one: str, other: str) -> bool:
    return other in _KIN.get(one, ()) or one in _KIN.get(other, ())


@lru_cache(maxsize=16_384)
def _meanings(name: str, genres: tuple[str, ...]) -> frozenset[str]:
    key = _canonical(name)
    if spelled := frozenset(genre for genre in genres if _canonical(genre) == key):
        return spelled
    if narrower := _narrower(_parts(name), genres):
        return frozenset({narrower})
    return frozenset(genre for root in _roots(name) for genre in _of_root(root, genres))


def _narrower(parts: tuple[str, ...], genres: tuple[str, ...]) -> str | None:
    """The model's genre that ends the word, where it is none of the roots: the House in `deep house`."""
    own = {_canonical(genre): genre for genre in genres if _canonical(genre) not in _root_keys()}
    tails = ("".join(parts[start:]) for start in range(1, len(parts)))
    return next((own[tail] for tail in tails if tail in own), None)


@lru_cache(maxsize=1024)
def _of_root(root: str, genres: tuple[str, ...]) -> tuple[str, ...]:
    """The model's genres that stand for `root`: the one of this name, or else all that can mean it."""
    spelled = tuple(genre for genre in genres if _canonical(genre) == _key(root))
    return spelled or tuple(genre for genre in genres if root in _roots(genre))


@lru_cache(maxsize=16_384)
def _roots(name: str) -> frozenset[str]:
    """The roots that a text can mean: as a whole, by the genres that it lists, or by its parts."""
    if word := _words().get(_key(name)):
        return word.roots
    listed = [part for part in _LISTS.split(name) if part.strip()]
    if len(listed) > 1:
        return frozenset(root for part in listed for root in _roots(part))
    return _of_compound(_parts(name))


def _of_compound(parts: tuple[str, ...]) -> frozenset[str]:
    """The roots of the last known words, and those of the genres named before them."""
    for end in range(len(parts), 0, -1):
        for start in range(end):
            if word := _words().get("".join(parts[start:end])):
                return word.roots | _named(parts[:start])
        if two := _split(parts[end - 1]):
            return _of_compound(parts[: end - 1] + two)
    return frozenset()


def _split(part: str) -> tuple[str, ...]:
    """A compound written as one word, as two: `Latinrock`, but not `Norfolk`; empty where it is none."""
    nouns = (noun for noun in _NOUNS if len(noun) > 3 and part.endswith(noun) and part != noun)
    heads = ((_singular(part.removesuffix(noun)), noun) for noun in nouns)
    return next((two for two in heads if len(two[0]) > 3 or two[0] in _words()), ())


def _named(parts: tuple[str, ...]) -> frozenset[str]:
    """The roots of the genres that are named among the parts of a word."""
    starts = range(len(parts))
    runs = {"".join(parts[start : end + 1]) for start in starts for end in starts[start:]}
    known = [_words()[run] for run in runs if run in _NOUNS or run in _root_keys()]
    return frozenset(root for word in known for root in word.roots)


def _canonical(name: str) -> str:
    """The key of the first spelling of a word; of an unknown word its own."""
    key = _key(name)
    word = _words().get(key)
    return word.key if word else key


def _key(name: str) -> str:
    """What is compared of a word: its parts, without what lies between them."""
    return "".join(_parts(name))


@lru_cache(maxsize=16_384)
def _parts(name: str) -> tuple[str, ...]:
    """The parts of a word, folded: `Rhythm & Blues Music` is rhythm, blue."""
    parts = [part for part in re.findall(r"[^\W_]+", sort_key(name)) if part not in _AND]
    if len(parts) > 1 and parts[-1] in _MUSIC:
        del parts[-1]
    return tuple(map(_singular, parts))


def _singular(part: str) -> str:
    return part[:-1] if len(part) > 3 and part.endswith("s") and not part.endswith("ss") else part


@cache
def _root_keys() -> dict[str, str]:
    """The roots by their keys."""
    return {_key(root): root for word in _words().values() for root in word.roots}


@cache
def _words() -> dict[str, _Word]:
    """Every word of the file by its key."""
    package = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(package, "data", "genres.txt"), encoding="utf-8") as file:
        text = file.read()
    found: dict[str, _Word] = {}
    for roots, spellings in _entries(text):
        word = _Word(_key(spellings[0]), roots)
        found.update((_key(spelling), word) for spelling in spellings)
    return found


def _entries(text: str) -> Iterator[tuple[frozenset[str], list[str]]]:
    """Read the file: the roots that a word can mean, and its spellings."""
    lines = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    for entry in re.sub(r"\n +", " ", lines).splitlines():
        means, _, names = entry.partition(":")
        roots = frozenset(root.strip() for root in means.split(","))
        for spellings in names.split(","):
            yield roots, [spelling.strip() for spelling in spellings.split("=")]
