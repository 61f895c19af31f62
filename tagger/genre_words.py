"""The owner's words for music: which of them say something, and how they are spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from tagger.files import folded

Words = frozenset[str]

NOTHING: Words = frozenset(
    {
        # Stand where no genre does: put there by programs, or by hand for "I do not know".
        *("unknown", "unknown genre", "genre", "no genre", "none", "n/a", "null", "undefined", "not set"),
        *("unclassified", "uncategorized", "uncategorised", "unspecified", "untagged", "default", "new"),
        *("other", "others", "misc", "miscellaneous", "various", "various genres", "general", "all", "mixed"),
        *("music", "my music", "audio", "song", "songs", "track", "sound", "mp3", "test", "temp", "todo"),
        # The same in the languages of players.
        *("unbekannt", "andere", "sonstige", "sonstiges", "inconnu", "genre inconnu", "autre", "autres"),
        *("desconocido", "otro", "otros", "sconosciuto", "altro", "desconhecido", "outro", "outros"),
        *("onbekend", "overig", "okänd", "ukjent", "ukendt", "neznámý", "nieznany", "неизвестно", "другое"),
        # Say what is spoken, or how it came here.
        *(
            "podcast",
            "podcasts",
            "audiobook",
            "audiobooks",
            "books & spoken",
            "hörbuch",
            "hörspiel",
            "speech",
        ),
        *("spoken word", "voice memo", "youtube", "download", "downloads", "itunes", "cd"),
    }
)
"""Words in a file's genre that say nothing of its music; letter case, spaces and punctuation set aside."""

_SEPARATORS = re.compile(r"[;/,|\\\0]")
_TOP_LEVELS = "com|net|org|info|biz|ru|de|fr|uk|us|in|co|me|tv|fm|io|to|ws|cc|eu|nl|pl|br|cn|xyz|site|online"
_WEB_ADDRESS = re.compile(rf"https?:|www\.|\w\.(?:{_TOP_LEVELS})\b", re.IGNORECASE)


def says_genre(text: str, nothing: Words = NOTHING) -> bool:
    """Tell whether a text in the genre of a file says something of the music.

    Words of `nothing` do not, nor do numbers and web addresses; of a list, one piece has to.

    >>> [says_genre(text) for text in ("Rock", "Other", "(255)", "www.best-mp3.example.com", "Misc; Jazz")]
    [True, False, False, False, True]
    """
    if _WEB_ADDRESS.search(text) or letters(text) in _folded(nothing):
        return False
    pieces = {letters(piece) for piece in _SEPARATORS.split(text)}
    return any(map(_is_word, pieces - _folded(nothing)))


def pieces(texts: Iterable[str]) -> frozenset[str]:
    """Give what texts in the genre of a file say, however it is joined, spelled and ordered.

    >>> pieces(["Live; ROCK"]) == pieces(["rock", "Live"])
    True
    """
    return frozenset(letters(piece) for text in texts for piece in _SEPARATORS.split(text)) - {""}


def is_named(text: str, name: str) -> bool:
    """Tell whether a text in the genre of a file, or one piece of its list, is `name` in any spelling.

    >>> is_named("Electronic/Drum & Bass", "drum and bass"), is_named("Rockabilly", "Rock")
    (True, False)
    """
    wanted = letters(name)
    return any(letters(each) == wanted for each in (text, *_SEPARATORS.split(text)))


@lru_cache(maxsize=1 << 14)
def letters(name: str) -> str:
    """Give the letters and digits of a genre in lower case, without the "and" between them.

    >>> letters("Drum & Bass") == letters("drum'n'bass") == letters("Drum and Bass")
    True
    """
    words = re.split(r"[\W_]+", folded(name))
    return "".join(word for word in words if word not in ("and", "n"))


def as_typed(name: str) -> str:
    """Give a genre or a word as a shell takes it.

    >>> print(as_typed("Hip-Hop"), as_typed("R&B"))
    Hip-Hop "R&B"
    """
    return name if name.replace("-", "").isalnum() else f'"{name}"'


@lru_cache(maxsize=8)
def _folded(words: Words) -> Words:
    return frozenset(map(letters, words))


def _is_word(piece: str) -> bool:
    return any(letter.isalpha() for letter in piece)
