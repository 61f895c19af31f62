"""The filters: which tracks are asked for, and how people write that.

`FILTERS` is the one place that knows them. The options of `list`, `stats` and `playlist`, the keys in a
file of playlists and the fields of `Query` come from it. A new filter is a line of `FILTERS` with its
field of `Query`, its condition in `tagger.store.question` and, if Navidrome has a word for it, in
`tagger.playlist.nsp`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tagger.errors import TaggerError
from tagger.files import folded
from tagger.genre_tree import distance
from tagger.genre_words import as_typed, letters
from tagger.query.filter_values import (
    UnreadableError,
    bpm_range,
    energy_range,
    given_or_not,
    length_s,
    mood,
    musical_key,
    share,
    share_range,
    sound,
    year_range,
)
from tagger.types import MOODS, Aspect, Mood, Sound

# fmt: off
TrackOrder = Literal[
    "path", "energy", "bpm", "genre", "confidence", "artist", "album", "title", "year", "length",
    "valence", "mood", "key", "word",
    "-path", "-energy", "-bpm", "-genre", "-confidence", "-artist", "-album", "-title", "-year", "-length",
    "-valence", "-mood", "-key", "-word",
]
# fmt: on
"""What lists are sorted by, from the least to the greatest, and behind a minus from the greatest.

By `key` is along the Camelot wheel, and within a key by tempo. By `word` is by the probability of the words
that are asked for, the least of them.
"""


@dataclass(frozen=True, slots=True)
class Query:
    """Which tracks are asked for: all filters must hold, and what is left out holds for every track.

    Of several `genres`, `artists`, `albums` or `path_parts` one must match, and none of `not_genres` may. All
    of `words` must be there, with a probability of `HAS_WORD` at least, and none of `not_words`; one of
    `moods` must be the mood, one of `sounds` the sound; one of `keys` must be the key, and one of
    `mixes_with` the key or one that mixes with it (`tagger.musical_key`); `valence` is (low, high), both
    within 0–1. Genres match exactly; the others as a part of the text, letter case and Unicode form set
    aside. `energy` is half-open, [low, high), as `ENERGY_BANDS` are; `bpm` and `year` hold both their ends;
    with `bpm_octaves` a tempo counts by its half and its double, too. `min_confidence` is 0–1, `min_length_s`
    seconds. No filter, `not_genres` included, matches what is not known. Of several `tag_genres`, the owner's
    own, one must match in any spelling; `agrees` asks for tracks of which one of them means the answer's
    genre, `differs` for those that have one whose meaning is known and none that means it, `untagged` for
    those without. `paths` are files, and folders with all beneath them. `missing` asks for tracks whose file
    was gone at the last scan, `duplicates` for those whose sound is in several files that were there. `order`
    by path is that of the bytes; names are sorted without letter case and accents; what is not known comes
    last. `no_album` asks for what the tracks' own sound says of the genre, also where their albums say
    something, and `as_heard` for the model's genre also where the owner has corrected it. `corrected` asks
    for tracks of which the owner has corrected anything; with `further_genres`, the genres count that the
    owner has given behind the first.
    """

    genres: tuple[str, ...] = ()
    not_genres: tuple[str, ...] = ()
    energy: tuple[float, float] | None = None
    bpm: tuple[float, float] | None = None
    bpm_octaves: bool = False
    min_confidence: float | None = None
    words: tuple[str, ...] = ()
    not_words: tuple[str, ...] = ()
    moods: tuple[Mood, ...] = ()
    valence: tuple[float, float] | None = None
    sounds: tuple[Sound, ...] = ()
    keys: tuple[str, ...] = ()
    mixes_with: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    path_parts: tuple[str, ...] = ()
    year: tuple[int, int] | None = None
    min_length_s: float | None = None
    tag_genres: tuple[str, ...] = ()
    agrees: bool = False
    differs: bool = False
    untagged: bool = False
    paths: tuple[str, ...] = ()
    missing: bool = False
    duplicates: bool = False
    limit: int | None = None
    order: TrackOrder = "path"
    no_album: bool = False
    as_heard: bool = False
    corrected: bool = False
    further_genres: bool = False

    @property
    def is_about_keys(self) -> bool:
        """Whether a filter or the order asks for the musical key."""
        return bool(self.keys or self.mixes_with) or self.order.removeprefix("-") == "key"

    @property
    def is_for_all(self) -> bool:
        """Whether every track is asked for, in whatever order; a limit does not count."""
        return replace(self, order="path", limit=None) == EVERYTHING


EVERYTHING = Query()
"""The question without filters."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter as people write it: `name` in Python and in TOML, `option` on the command line.

    `read` makes of a text what `field` of `Query` holds; it raises ValueError where the text is not what
    `expected` says. `metavar` and `help` are for `--help`. `aspect` is what a model must predict, or the
    filter can match nothing. A filter that `repeats` takes several texts, of which one must match (of words:
    all); one that `is_flag` takes none, and is given or not.
    """

    name: str
    field: str
    read: Callable[[str], Any]
    metavar: str
    help: str
    expected: str = ""
    aspect: Aspect | None = None
    repeats: bool = False
    is_flag: bool = False

    @property
    def option(self) -> str:
        """The name as an option, such as `--not-genre`."""
        return f"--{self.name.replace('_', '-')}"

    def is_in(self, query: Query) -> bool:
        """Tell whether `query` narrows by this filter."""
        value = getattr(query, self.field)
        return value is not None and value is not False and value != ()  # 0 narrows by nothing, yet is said

    def value_of(self, given: Any) -> Any:
        """Read a text, several of a filter that repeats, a number, or what is a range or a flag already.

        Raises TaggerError, with the option's name, where the value cannot be meant.
        """
        if self.repeats:
            return tuple(map(self.read, (given,) if isinstance(given, str) else given))
        if isinstance(given, bool if self.is_flag else tuple):
            return given
        try:
            return self.read(str(given))
        except UnreadableError as error:
            raise TaggerError(f"{self.option} {given}: {error}") from None
        except ValueError:
            raise TaggerError(f"{self.option} {given}: give {self.expected}") from None


def read_query(given: Mapping[str, Any], filters: Sequence[Filter] | None = None) -> Query:
    """Read filters by their names, as they were typed or as values; None is a filter that is not given.

    `filters` are those that there are, `FILTERS` unless a command names some otherwise. Genres stay as they
    are spelled; `tagger.model_choice.fitted` corrects them for a model. Raises TaggerError for a name that no
    filter has, and for a value that a filter cannot read.

    >>> read_query({"artist": "Björk", "year": "1990-1999"}) == Query(artists=("Björk",), year=(1990, 1999))
    True
    >>> read_query({"genre": ["Rock", "Metal"], "bpm": (120.0, 128.0)}).bpm
    (120.0, 128.0)
    >>> read_query({"bpm": "fast"})
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: --bpm fast: give one number or a range such as 120-128
    """
    by_name = {each.name: each for each in filters or FILTERS}
    given = _without_minus(given)
    if unknown := given.keys() - by_name.keys():
        raise TaggerError(f"no filter {min(unknown)!r}; there are {', '.join(by_name)}")
    typed = ((by_name[name], value) for name, value in given.items() if value is not None)
    query = Query(**{each.field: each.value_of(value) for each, value in typed})
    if query.bpm_octaves and query.bpm is None:
        tempo = next(each.option for each in by_name.values() if each.field == "bpm")
        raise TaggerError(f"--bpm-octaves widens a tempo that is asked for; give {tempo}, too")
    if len(together := [f"--{name}" for name in _ONE_OF if getattr(query, name)]) > 1:
        raise TaggerError(f"{' and '.join(together)} exclude each other; give one of them")
    return query


def _without_minus(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with `--not-word vocals` for `--word -vocals`."""
    words = given.get("word") or ()
    words = (words,) if isinstance(words, str) else tuple(words)
    changed = dict(given)
    if unwanted := tuple(word[1:] for word in words if word.startswith("-")):
        changed["word"] = tuple(word for word in words if not word.startswith("-"))
        before = given.get("not_word") or ()
        changed["not_word"] = (*((before,) if isinstance(before, str) else before), *unwanted)
    return changed


def word_named(word: str, known: Sequence[str], genres: Sequence[str], model: str) -> str:
    """Give the spelling of a word that is among the `known` ones of `model`, as `genre_named` does.

    Another name for one of them, such as `dnb` for Drum & Bass, means it too. Raises TaggerError, with the
    nearest word, where there is none, and for what is a mood or one of its genres.

    >>> known = ["Female Voice", "Piano"]
    >>> [word_named(word, known, ["Jazz"], "standard-9") for word in ("female-voice", "female vocals")]
    ['Female Voice', 'Female Voice']
    >>> word_named("jazz", ["Female Voice", "Piano"], ["Jazz"], "standard-9")
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: 'jazz' is a genre and no word; give --genre Jazz
    """
    if meant := genre_meant(word, known):
        return meant
    if genre := genre_meant(word, genres):
        raise TaggerError(f"{word!r} is a genre and no word; give --genre {as_typed(genre)}")
    if folded(word.strip()) in MOODS:
        raise TaggerError(f"{word!r} is a mood and no word; give --mood {folded(word.strip())}")
    called = _OF_VOICES.get(letters(word).removesuffix("s"), word)
    same = [name for name in known if letters(name) == letters(called) or distance(name, called) == "same"]
    if len(same) == 1 and word.strip():
        return same[0]
    by_case = {folded(name): name for name in known}
    near = difflib.get_close_matches(folded(word.strip()), by_case, n=1, cutoff=0.4)
    hint = f"did you mean {by_case[near[0]]!r}? " if near else ""
    raise TaggerError(f"no word {word!r}; {hint}`tagger models` lists the {len(known)} of {model}")


def genre_named(name: str, known: Sequence[str], model: str) -> str:
    """Give the spelling of a genre that is among the `known` ones of `model`.

    Letter case, spaces and punctuation do not matter, nor how an "and" is written, unless two genres would
    be meant. Raises TaggerError, with the nearest name, where there is none.

    >>> [genre_named(name, ["Hip-Hop", "R&B"], "standard-9") for name in ("hiphop", "hip hop", "r and b")]
    ['Hip-Hop', 'Hip-Hop', 'R&B']
    >>> genre_named("hop", ["Hip-Hop", "Jazz"], "standard-9")
    Traceback (most recent call last):
        ...
    tagger.errors.TaggerError: no genre 'hop'; did you mean 'Hip-Hop'? standard-9 knows: Hip-Hop, Jazz
    """
    if meant := genre_meant(name, known):
        return meant
    by_case = {folded(genre): genre for genre in known}
    near = difflib.get_close_matches(folded(name.strip()), by_case, n=1, cutoff=0.4)
    hint = f"did you mean {by_case[near[0]]!r}? " if near else ""
    raise TaggerError(f"no genre {name!r}; {hint}{model} knows: {', '.join(known)}")


def genre_meant(name: str, known: Sequence[str]) -> str | None:
    """Give the genre that a text means for sure, in its spelling; None where there is none, or two are."""
    for fold in (str.strip, lambda text: folded(text.strip()), letters):
        wanted = fold(name)
        meant = [genre for genre in known if wanted and fold(genre) == wanted]
        if len(meant) == 1:
            return meant[0]
    return None


_RANGE, _NUMBER = "one number or a range such as", "a number from 0 to 1"
_ENERGIES = "low, medium, high, a range within 0-1 such as 0.4-0.7, or levels such as 7 or 7-10"
_YEARS = "a year, a decade such as 90s, or a range such as 1990-1999"
_LENGTHS = "a duration such as 30s, 2m or 1h"

_OF_VOICES = {
    **dict.fromkeys(("femalevocal", "femalevocalist", "femalesinger", "woman", "women"), "Female Voice"),
    **dict.fromkeys(("malevocal", "malevocalist", "malesinger", "man", "men"), "Male Voice"),
    **dict.fromkeys(("voice", "vocal", "vocalist", "singer", "singing"), "Vocals"),
    **dict.fromkeys(("novocal", "novoice"), "Instrumental"),
}
"""What people call the words of voices, in letters without a last s; for styles there is the genre tree."""

_ONE_OF = ("agrees", "differs", "untagged")
"""Filters of which one at most can match."""


def _flag(name: str, help: str, aspect: Aspect | None = None) -> Filter:
    return Filter(name, name, given_or_not, "", help, "true or false", aspect, is_flag=True)


FILTERS: tuple[Filter, ...] = (
    Filter("genre", "genres", str, "NAME", "This genre, in any spelling.", aspect="genre", repeats=True),
    Filter("not_genre", "not_genres", str, "NAME", "Not this genre.", aspect="genre", repeats=True),
    Filter(
        "energy",
        "energy",
        energy_range,
        "RANGE",
        "low, medium, high, 0.4-0.7, or level 7 or 7-10; level 1 is 0-0.1.",
        _ENERGIES,
        "energy",
    ),
    # A model without tempo is not refused: `tagger.model_choice.warnings` explains why nothing is found.
    Filter("bpm", "bpm", bpm_range, "RANGE", "Tempo: 120-128, 120-, -128 or 124.", f"{_RANGE} 120-128"),
    Filter("key", "keys", musical_key, "KEY", "Am, 8A, 1m or A minor.", repeats=True),
    Filter("mixes_with", "mixes_with", musical_key, "KEY", "Keys that mix with this one.", repeats=True),
    _flag("bpm_octaves", "That tempo, half or double: 87 finds 174."),
    Filter(
        "min_confidence", "min_confidence", share, "P", "Genre at least this sure, 0-1.", _NUMBER, "genre"
    ),
    Filter("word", "words", str, "NAME", "Such as piano. -vocals: without. All hold.", "", "words", True),
    Filter("not_word", "not_words", str, "NAME", "Without this word.", aspect="words", repeats=True),
    Filter("mood", "moods", mood, "NAME", "happy, tense, sad or calm.", aspect="mood", repeats=True),
    Filter(
        "valence",
        "valence",
        share_range,
        "RANGE",
        "From sad or tense, 0, to happy or calm, 1: 0.6- or -0.3.",
        "a range within 0-1 such as 0.6- or -0.3",
        "mood",
    ),
    Filter("sound", "sounds", sound, "NAME", "music, speech or noise.", repeats=True),
    Filter("artist", "artists", str, "TEXT", "Artist with this in the name.", repeats=True),
    Filter("album", "albums", str, "TEXT", "Album with this in the title.", repeats=True),
    Filter("path", "path_parts", str, "TEXT", "Path with this in it, such as /Live/.", repeats=True),
    Filter("year", "year", year_range, "RANGE", "1990-1999, 1990-, -1999, 1994 or 90s.", _YEARS),
    Filter(
        "min_length",
        "min_length_s",
        length_s,
        "DURATION",
        "At least so long: 30s keeps jingles out.",
        _LENGTHS,
    ),
    Filter("tag_genre", "tag_genres", str, "NAME", "Your own tag says this genre.", repeats=True),
    _flag("agrees", "Your own genre means the answer's.", aspect="genre"),
    _flag("differs", "Your own genre means another one.", aspect="genre"),
    _flag("untagged", "Your file has no genre of its own."),
    _flag("corrected", "You have corrected an answer."),
)
"""Every filter, in the order of `--help`."""
