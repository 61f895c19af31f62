"""What a player makes of a file's tags: what it shows, what it passes over, and what nobody documents.

`players` has the table of the players and where its rows are from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tagger.tags.energy_places import FIELD_OF, places_told
from tagger.tags.fields import Field, each_once
from tagger.tags.read import Tags
from tagger.types import EnergyPlace

Kinds = tuple[str, ...]
"""Formats of files (`mp3`, …), dialects of their tags (`id3v2.3`, …), or names of keys (`vorbis:KEY`, …)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One player: what it splits genres on, and whether it reads energy, tempo, key, mood and words.

    None stands for "not known"; `genre_separators` are `()` where it shows each genre as it is.
    `splits_lists`: it splits every value, not only a lone one. What it reads it passes over in the kinds of
    `not_in`, and whether it does in those of `unknown_in` is not known. Of several values it shows in the
    kinds of `one_value_in` only the one at that index, and of several words in those of `first_word_in` the
    first. `prefers_other`: it reads LIST INFO of a wav or an APE tag of a tta alone. It opens the formats of
    `opens`, or all if there are none. An energy that it has no field for it shows in the places of
    `shows_energy_in`, if it is told there.
    """

    title: str
    note: str
    genre_separators: tuple[str, ...] | None = ()
    splits_lists: bool = True
    reads_energy: bool | None = False
    reads_bpm: bool | None = True
    reads_key: bool | None = False
    reads_mood: bool | None = False
    reads_words: bool | None = False
    not_in: Mapping[Field, Kinds] = field(default_factory=dict)
    unknown_in: Mapping[Field, Kinds] = field(default_factory=dict)
    one_value_in: Mapping[str, int] = field(default_factory=dict)
    first_word_in: Kinds = ()
    prefers_other: bool = False
    opens: Kinds = ()
    shows_energy_in: tuple[EnergyPlace, ...] = ()

    def reads(self, name: Field, tags: Tags) -> bool | None:
        """Tell whether the player reads a field of such a file; None where that is not known."""
        general = {
            "genre": None if self.genre_separators is None else True,
            "energy_level": self.reads_energy,
            "bpm": self.reads_bpm,
            "key": self.reads_key,
            "mood": self.reads_mood,
            "words": self.reads_words,
        }
        if _is_of(tags, name, self.not_in.get(name, ())):
            return False
        known = general.get(name, False)
        return None if known and _is_of(tags, name, self.unknown_in.get(name, ())) else known

    def energy_elsewhere(self, tags: Tags) -> str | None:
        """Give the level that the player shows in another field of such a file; None where it is told in
        none."""
        told = places_told(tags)
        places = (place for place in self.shows_energy_in if self._reads_place(place, tags))
        return next((str(told[place]) for place in places if place in told), None)

    def _reads_place(self, place: EnergyPlace, tags: Tags) -> bool:
        return place == "comment" or bool(self.reads(FIELD_OF[place], tags))

    def does_open(self, tags: Tags) -> bool:
        """Tell whether the player opens such a file at all."""
        return not self.opens or tags.format in self.opens


def _is_of(tags: Tags, name: Field, kinds: Kinds) -> bool:
    """Tell whether a file is of one of some kinds, or has its keys under none but names among them."""
    names = tags.key_names if name == "key" else ()
    kinds_of_it = {tags.format, tags.dialect.partition(" ")[0]}
    return not kinds_of_it.isdisjoint(kinds) or (bool(names) and {*names} <= {*kinds})


@dataclass(frozen=True, slots=True)
class Seen:
    """The tags of a file as a player shows them. `ignored` and `unknown` name fields that are in the file."""

    genres: tuple[str, ...]
    energy_level: str | None
    bpm: str | None
    keys: tuple[str, ...]
    moods: tuple[str, ...]
    words: tuple[str, ...]
    ignored: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether nothing is known to be missed; the energy from 0 to 1 is for tagger alone."""
        return not {*self.ignored} - {FINE_ENERGY}


FINE_ENERGY = "energy 0–1"
"""The name of the field that no player is meant to show."""


def seen_by(player: Player, tags: Tags) -> Seen:
    """Tell which of a file's tags a player reads, and which it ignores.

    >>> from tagger.tags.players import PLAYERS
    >>> seen_by(PLAYERS["navidrome"], Tags("flac", genres=("Pop/Rock",), bpm="128"))
    Seen(genres=('Pop', 'Rock'), energy_level=None, bpm='128', keys=(), moods=(), words=(), ignored=(), \
unknown=())
    """
    is_shut = not player.does_open(tags)
    elsewhere = None if is_shut else player.energy_elsewhere(tags)
    other_alone = player.prefers_other and tags.ffmpeg_genres is not None
    reads = {name: False if other_alone or is_shut else player.reads(name, tags) for name in _SHOWN}
    own = ((tags.ffmpeg_genres or ()) if other_alone else tags.genres) if not is_shut else ()
    genres = _shown_values(player, tags, own)
    knows_genre = is_shut or player.reads("genre", tags) is not None
    fields = (
        ("genre", tags.genres, genres == tags.genres if knows_genre else None),
        ("energy level", tags.energy_level, True if elsewhere else reads["energy_level"]),
        (FINE_ENERGY, tags.energy, False),
        ("BPM", tags.bpm, reads["bpm"]),
        ("key", tags.keys, reads["key"]),
        ("mood", tags.moods, reads["mood"]),
        ("words", tags.words, reads["words"]),
    )
    return Seen(
        genres=split_genres(player, genres) if knows_genre else (),
        energy_level=tags.energy_level if reads["energy_level"] else elsewhere,
        bpm=tags.bpm if reads["bpm"] else None,
        keys=tags.keys if reads["key"] else (),
        moods=_shown_values(player, tags, tags.moods) if reads["mood"] else (),
        words=_shown_words(player, tags) if reads["words"] else (),
        ignored=tuple(name for name, value, does_read in fields if value and does_read is False),
        unknown=tuple(name for name, value, does_read in fields if value and does_read is None),
    )


_SHOWN: tuple[Field, ...] = ("energy_level", "bpm", "key", "mood", "words")


def _shown_values(player: Player, tags: Tags, values: tuple[str, ...]) -> tuple[str, ...]:
    at = player.one_value_in.get(tags.format)
    return values if at is None or not values else (values[at],)


def _shown_words(player: Player, tags: Tags) -> tuple[str, ...]:
    words = _shown_values(player, tags, tags.words)
    return words[:1] if tags.format in player.first_word_in else words


def split_genres(player: Player, genres: tuple[str, ...]) -> tuple[str, ...]:
    """Split a file's genres as the player lists them, each once in any letter case."""
    separators = player.genre_separators or ()
    if separators and (player.splits_lists or len(genres) == 1):
        pattern = "|".join(re.escape(separator) for separator in separators)
        genres = tuple(piece.strip() for name in genres for piece in re.split(pattern, name))
    return each_once(name for name in genres if name)
