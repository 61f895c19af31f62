"""Compare the answers of two models to one library, before the other one is asked."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tagger.files import AudioFile
from tagger.store import Answer, AnswerPair, Store
from tagger.types import Failure, Prediction, TrackFeatures, energy_level

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


SILENT = "(silent)"
"""In the place of a genre: silence has none, whatever model was asked."""

UNKNOWN = "(unknown)"
"""In the place of a genre that a model does not hear."""


@dataclass(frozen=True, slots=True)
class GenreChange:
    """Of one genre: the tracks that either model hears as it; all else is of the `old` tracks.

    `changed` get another genre, `levels_changed` another energy level; `energy_difference` (0–1) is the
    mean of |new − old|, None without tracks. Both are None unless each track has an energy of both models.
    """

    genre: str
    old: int
    new: int
    changed: int
    levels_changed: int | None
    energy_difference: float | None

    @property
    def changed_share(self) -> float | None:
        """Of the old tracks (0–1); None without any."""
        return self.changed / self.old if self.old else None


@dataclass(slots=True)
class Differences:
    """Running counts over tracks; by the old genre but for the pairs (old genre, new genre) themselves.

    `with_energies` counts the tracks of which both tell the energy.
    """

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    with_energies: Counter[str] = field(default_factory=Counter)
    levels_changed: Counter[str] = field(default_factory=Counter)
    energy_differences: dict[str, float] = field(default_factory=dict)

    def add(self, old: Answer, new: Answer) -> None:
        """Count one track."""
        genre = _genre(old)
        self.pairs[genre, _genre(new)] += 1
        if old.energy is None or new.energy is None:
            return
        self.with_energies[genre] += 1
        self.levels_changed[genre] += energy_level(old.energy) != energy_level(new.energy)
        difference = abs(new.energy - old.energy)
        self.energy_differences[genre] = self.energy_differences.get(genre, 0.0) + difference

    def by_genre(self) -> list[GenreChange]:
        """A row for each genre that either model hears, most old tracks first."""
        genres = {genre for pair in self.pairs for genre in pair}
        return sorted(map(self._of_genre, genres), key=lambda row: (-row.old, -row.new, row.genre))

    def overall(self) -> GenreChange:
        """The row of all tracks."""
        n = self.pairs.total()
        changed = sum(count for _, count in self.changes())
        if self.with_energies.total() < n:
            return GenreChange("all", n, n, changed, None, None)
        mean = sum(self.energy_differences.values()) / n if n else None
        return GenreChange("all", n, n, changed, self.levels_changed.total(), mean)

    def changes(self) -> list[tuple[tuple[str, str], int]]:
        """The pairs of different genres with their tracks, most first."""
        changed = (item for item in self.pairs.items() if item[0][0] != item[0][1])
        return sorted(changed, key=lambda item: (-item[1], item[0]))

    def _of_genre(self, genre: str) -> GenreChange:
        old = sum(count for (before, _), count in self.pairs.items() if before == genre)
        new = sum(count for (_, after), count in self.pairs.items() if after == genre)
        changed = old - self.pairs[genre, genre]
        if self.with_energies[genre] < old:
            return GenreChange(genre, old, new, changed, None, None)
        mean = self.energy_differences[genre] / old if old else None
        return GenreChange(genre, old, new, changed, self.levels_changed[genre], mean)


def _genre(answer: Answer) -> str:
    return SILENT if answer.silent else answer.genre or UNKNOWN


BATCH = 4096
"""Embeddings that the heads read at once: a megabyte."""


class Heads(Protocol):
    """What is needed of `tagger.predict.Predictor`, whose import takes seconds."""

    @property
    def embedding_dim(self) -> int: ...

    def from_embeddings(self, embeddings: NDArray[np.float16]) -> list[tuple[str | None, float | None]]: ...


@dataclass(frozen=True, slots=True)
class ToHear:
    """A track that must be heard with the new model, and what the old one said of this sound."""

    file: AudioFile
    audio_id: str
    old: Answer


@dataclass(slots=True)
class Comparison:
    """What was found, and by what; `unheard` tracks could only be compared by hearing them.

    `to_hear` are those of them that are to be heard now, by their path.
    """

    differences: Differences = field(default_factory=Differences)
    stored: int = 0
    by_heads: int = 0
    heard: int = 0
    failed: int = 0
    unheard: int = 0
    to_hear: dict[str, ToHear] = field(default_factory=dict)

    def add(self, outcome: tuple[TrackFeatures, Prediction] | Failure) -> Failure | None:
        """Count what hearing one of `to_hear` gave; the answer is why it cannot be compared, if so."""
        if not isinstance(outcome, Failure):
            heard, answer = outcome
            track = self.to_hear[heard.file.path]
            if heard.recording.audio_id == track.audio_id:
                self.heard += 1
                self.differences.add(track.old, Answer(answer.genre, answer.energy, answer.silent))
                return None
            outcome = Failure(heard.file.path, "decode", "it changed since it was scanned; `tagger scan` it")
        self.failed += 1
        return outcome


def compare_stored(
    store: Store,
    paths: Sequence[str],
    models: tuple[str, str],
    heads: tuple[Heads, Heads] | None,
    limit: int,
) -> Comparison:
    """What of the (old, new) `models` can be compared without hearing the tracks at and beneath `paths`.

    Stored answers of both are compared as they are, and silence is the same to every model. Where there
    is none of the new one, `heads`, if the models share the rest, read the stored embedding, both of
    them: so nothing differs but they. The at most `limit` tracks `to_hear` are the first by their
    `audio_id`, a hash: as good as drawn by lot, and the same again each time.
    """
    found = Comparison()
    pairs = store.answer_pairs(paths, *models, with_embeddings=heads is not None)
    unheard = _without_answer(pairs, heads, found)
    for track in heapq.nsmallest(limit, unheard, key=lambda track: (track.audio_id, track.file.path)):
        found.to_hear[track.file.path] = track
    for _ in unheard:  # nsmallest of 0 reads nothing
        pass
    return found


def _without_answer(
    pairs: Iterator[AnswerPair], heads: tuple[Heads, Heads] | None, found: Comparison
) -> Iterator[ToHear]:
    """Yield what must be heard; the rest is counted on the way. A missing file cannot be heard."""
    vectors: list[bytes] = []
    for pair in pairs:
        if pair.new or pair.old.silent:
            found.stored += 1
            found.differences.add(pair.old, pair.new or pair.old)
        elif heads and pair.embedding and len(pair.embedding) == 2 * heads[0].embedding_dim:
            vectors.append(pair.embedding)
            if len(vectors) == BATCH:
                _read_by(heads, vectors, found)
                vectors = []
        else:
            found.unheard += 1
            if not pair.missing:
                yield ToHear(pair.file, pair.audio_id, pair.old)
    if heads and vectors:
        _read_by(heads, vectors, found)


def _read_by(heads: tuple[Heads, Heads], vectors: Sequence[bytes], found: Comparison) -> None:
    import numpy as np

    embeddings = np.frombuffer(b"".join(vectors), dtype="<f2").astype(np.float16).reshape(len(vectors), -1)
    old, new = ([Answer(*said, False) for said in model.from_embeddings(embeddings)] for model in heads)
    for before, after in zip(old, new, strict=True):
        found.differences.add(before, after)
    found.by_heads += len(vectors)
