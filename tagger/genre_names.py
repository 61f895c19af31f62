"""What the owner calls the genres of the models, and which of them may be claimed at all.

A model has names of its own for genres, and some that it hardly ever gets right. The database keeps what the
model said; everything that is shown, asked, written and exported goes through the one `GenreNames`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tagger.errors import TaggerError
from tagger.genre_tree import meanings
from tagger.genre_words import NOTHING, Words, is_named, letters
from tagger.types import MIN_CONFIDENCE, Analysis, Prediction, Track, WindowAnswer


@dataclass(frozen=True)
class GenreNames:
    """The owner's names for genres: `rename` from a model's name to the one that stands for it.

    `never` are genres that are not written and of which no playlist is made; unless `only` is empty, all that
    are not in it are such, too. Letter case, spaces and punctuation do not matter, and a genre may be called
    by either of its names. `nothing` are the words in a file's own genre that count as none. From the
    confidence `sure_from` (0–1) on an answer is sure.

    >>> names = GenreNames({"international": "World"}, never=("World",))
    >>> names.shown("International"), names.shown("Rock"), names.is_claimed("International")
    ('World', 'Rock', False)
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    nothing: Words = NOTHING
    sure_from: float = MIN_CONFIDENCE

    def shown(self, genre: str) -> str:
        """Give the owner's name for a genre of a model."""
        return self._shown.get(letters(genre), genre) if self.rename else genre

    def is_claimed(self, genre: str) -> bool:
        """Tell whether a genre of a model may be written, and playlists may ask for it."""
        names = {letters(genre), letters(self.shown(genre))}
        return not self.is_never(genre) and (not self.only or not names.isdisjoint(self._only))

    def is_never(self, name: str) -> bool:
        """Tell whether a genre or a word of a model is one that the owner never wants."""
        return not self._never.isdisjoint({letters(name), letters(self.shown(name))})

    def meant(self, name: str, known: Sequence[str]) -> tuple[str, ...]:
        """Give the genres among the `known` ones of a model for which the owner's word is `name`."""
        wanted = letters(name)
        if not self.rename or not wanted:
            return ()
        return tuple(genre for genre in known if wanted in map(letters, {genre, self.shown(genre)}))

    def require_claimed(self, genres: Iterable[str]) -> None:
        """Raise TaggerError for the first of some genres of a model that may not be claimed."""
        for genre in genres:
            if not self.is_claimed(genre):
                rule = "is in `never`" if self.is_never(genre) else "is not in `only`"
                raise TaggerError(
                    f"no playlist of {self.shown(genre)}, which {rule} under [genres] of the configuration; "
                    "change it there (`tagger config` says where)"
                )

    def of_track(self, track: Track) -> Track:
        """Give the track with the owner's names for its genre and its words; a genre that is said stays."""
        words = self._likeliest(track.words)
        if track.genre is None or "genre" in track.corrected:
            return replace(track, words=words)
        genre, second = self.shown(track.genre), track.second_genre and self.shown(track.second_genre)
        return replace(track, genre=genre, second_genre=None if second == genre else second, words=words)

    def of_analysis(self, analysis: Analysis) -> Analysis:
        """Give the analysis with the owner's names."""
        album = analysis.album and replace(analysis.album, genres=self._likeliest(analysis.album.genres))
        return replace(analysis, prediction=self.of_prediction(analysis.prediction), album=album)

    def of_prediction(self, answer: Prediction) -> Prediction:
        """Give the answer with the owner's names: of two with one name, the likelier stands."""
        if not self.rename:
            return answer
        genres, words = self._likeliest(answer.genres), self._likeliest(answer.words)
        first = None if answer.genre is None else self.shown(answer.genre)
        windows = tuple(map(self._of_window, answer.windows))
        return replace(answer, genres=genres, genre=first, windows=windows, words=words)

    def unknown(self, known: Iterable[str]) -> list[str]:
        """Give the words for genres that no model has: none of the `known` genres is called so."""
        ours = {letters(name) for name in self.rename.values()}
        there = {letters(genre) for genre in known}
        words = [*self.rename, *(name for name in (*self.never, *self.only) if letters(name) not in ours)]
        return [word for word in dict.fromkeys(words) if letters(word) not in there]

    def _likeliest(self, said: Mapping[str, float]) -> dict[str, float]:
        """The probabilities (0–1) of genres or words by the owner's names."""
        probabilities: dict[str, float] = {}
        for one, probability in said.items():
            name = self.shown(one)
            probabilities[name] = max(probability, probabilities.get(name, 0.0))
        return probabilities

    def _of_window(self, window: WindowAnswer) -> WindowAnswer:
        return window if window.genre is None else replace(window, genre=self.shown(window.genre))

    @cached_property
    def _shown(self) -> Mapping[str, str]:
        return {letters(genre): name for genre, name in self.rename.items()}

    @cached_property
    def _never(self) -> frozenset[str]:
        return frozenset(map(letters, self.never))

    @cached_property
    def _only(self) -> frozenset[str]:
        return frozenset(map(letters, self.only))


MODELS_OWN = GenreNames()
"""No other names: genres are called as the model calls them."""


def is_meant(words: Iterable[str], genre: str, called: str) -> bool:
    """Tell whether one of the owner's words means a genre of a model, which they may have `called` otherwise.

    >>> is_meant(["House"], "Electronic", "Dance"), is_meant(["Dance"], "Electronic", "Dance")
    (True, True)
    """
    words = tuple(words)
    if any(is_named(word, name) for word in words for name in (called, genre)):
        return True
    return any(genre in meanings(word, (genre,)) for word in words)
