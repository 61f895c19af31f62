"""Compare the answers of two models to one library, before the other one is asked."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from tagger.errors import ModelError, TaggerError
from tagger.files import AudioFile
from tagger.model_card import ModelCard, load_card
from tagger.pipeline.reread import kept_heads
from tagger.store import Answer, AnswerPair, Source, Store
from tagger.types import Analysis, Failure, energy_level

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.predict import Predictor


SILENT = "(silent)"
"""In the place of a genre: silence has none, whatever model was asked."""

UNKNOWN = "(unknown)"
"""In the place of a genre that a model does not predict."""


@dataclass(frozen=True, slots=True)
class GenreChange:
    """Of one genre: the tracks to which either model gives it; all else is of the `old` tracks.

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

    `with_energies` counts the tracks of which both give the energy.
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
        """Give a row for each genre that either model gives, most old tracks first."""
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


class ReadsEmbeddings(Protocol):
    """The part of `tagger.heads.Heads` that a comparison needs."""

    @property
    def embedding_dim(self) -> int: ...

    def from_embeddings(self, embeddings: NDArray[np.float16]) -> list[tuple[str | None, float | None]]: ...


@dataclass(frozen=True, slots=True)
class Reread:
    """The heads of the new model, and the names of those whose answers are the old model's."""

    heads: ReadsEmbeddings
    kept: frozenset[str] = frozenset()


class Observer(Protocol):
    """Sees what happens during a comparison; every method may do nothing."""

    def starts(self, model: str, unanswered: int, chosen: int, installed: bool) -> None:
        """`unanswered` tracks must be analysed with the new model, which does so with `chosen` of them now.

        None of them where it is not `installed` any more.
        """

    def failed(self, failure: Failure) -> None:
        """A track could not be analysed."""

    def progress(self) -> None:
        """Another track has been analysed, or could not be."""


@dataclass(frozen=True, slots=True)
class Side:
    """A model of a comparison; `card` is None where it is known by its stored answers alone."""

    model: str
    card: ModelCard | None


@dataclass(frozen=True, slots=True)
class ToAnalyse:
    """A track that must be analysed with the new model, and the old one's answer for this sound."""

    file: AudioFile
    audio_id: str
    old: Answer


@dataclass(slots=True)
class Comparison:
    """The differences between the (old, new) `models` that were found, and from which source.

    `unanswered` tracks could only be compared by analysing them; `to_analyse` are those of them that are
    to be analysed now, by their path.
    """

    models: tuple[str, str] = ("", "")
    differences: Differences = field(default_factory=Differences)
    stored: int = 0
    by_heads: int = 0
    analysed: int = 0
    failed: int = 0
    unanswered: int = 0
    to_analyse: dict[str, ToAnalyse] = field(default_factory=dict)

    def add(self, outcome: Analysis | Failure) -> Failure | None:
        """Count the analysis of one of `to_analyse`; return why it cannot be compared, if so."""
        if not isinstance(outcome, Failure):
            answer = outcome.prediction
            track = self.to_analyse[outcome.file.path]
            if outcome.recording.audio_id == track.audio_id:
                self.analysed += 1
                self.differences.add(track.old, Answer(answer.genre, answer.energy, answer.silent))
                return None
            outcome = Failure(
                outcome.file.path, "decode", "it changed since it was scanned; `tagger scan` it"
            )
        self.failed += 1
        return outcome


def compare_models(
    store: Store,
    sides: tuple[Side, Side],
    paths: Sequence[str],
    limit: int,
    load_predictor: Callable[[ModelCard], Predictor],
    device: str,
    observer: Observer,
) -> Comparison:
    """Compare the old and the new model on the tracks at and beneath `paths` (or all); nothing is stored.

    `compare_stored` says from which sources; of the tracks that must be analysed, at most `limit` are.
    Raises TaggerError where the sides cannot be compared.
    """
    old, new = sides
    _check(old, new, store)
    found = compare_stored(store, paths, (old.model, new.model), _reread(store, old, new), limit)
    if new.card is None:
        found.to_analyse.clear()
    if found.unanswered:
        observer.starts(new.model, found.unanswered, len(found.to_analyse), new.card is not None)
    if found.to_analyse and new.card:
        from tagger.pipeline.analyse import analyse_all
        from tagger.pipeline.scan import n_cores

        files = [track.file for track in found.to_analyse.values()]
        load = None if new.card.is_light(device) else partial(load_predictor, new.card)
        for outcome in analyse_all(files, new.card, load, n_cores()):
            if failure := found.add(outcome):
                observer.failed(failure)
            observer.progress()
    return found


def side_named(name: str, store: Store) -> Side:
    """Give the model of that id or folder; one that is not installed any more goes by its stored answers.

    Raises ModelError where there is neither.
    """
    try:
        card = load_card(name)
        return Side(card.id, card)
    except ModelError:
        if name in store.answers.models():
            return Side(name, None)
        raise


def is_model(name: str, store: Store) -> bool:
    """Tell whether `side_named` knows this name, or that it is the folder of a model that cannot be read."""
    if os.path.isfile(os.path.join(name, "model.json")):
        return True
    try:
        side_named(name, store)
    except ModelError:
        return False
    return True


def last_model_but(new: str, store: Store) -> str:
    """Give the id of the model of the last scan whose model was not `new` (an id or a folder).

    Raises TaggerError where no other model has answers, ModelError as `side_named`.
    """
    model = side_named(new, store).model
    models = store.answers.models()
    if not models:
        raise TaggerError("no answers in the database; `tagger scan` the music first")
    other = next((each for each in models if each != model), None)
    if other is None:
        raise TaggerError(f"only {model} has analysed the music; name a model to compare with it")
    return other


def compare_stored(
    store: Store,
    paths: Sequence[str],
    models: tuple[str, str],
    reread: Reread | None,
    limit: int,
) -> Comparison:
    """Compare the (old, new) `models` as far as that needs no analysis of the tracks at and beneath `paths`.

    Stored answers of both are compared as they are, and silence is the same to every model. Where there
    is none of the new one, and the models share the rest, `reread` gives the answer that a scan would store:
    by the stored embedding. The at most `limit` tracks `to_analyse` are the first by their `audio_id`, a
    hash: a random sample, and the same one each time.
    """
    found = Comparison(models)
    pairs = store.answers.pairs(paths, *models, with_embeddings=reread is not None)
    unanswered = _without_answer(pairs, reread, found)
    for track in heapq.nsmallest(limit, unanswered, key=lambda track: (track.audio_id, track.file.path)):
        found.to_analyse[track.file.path] = track
    for _ in unanswered:  # nsmallest of 0 reads nothing
        pass
    return found


def _without_answer(
    pairs: Iterator[AnswerPair], reread: Reread | None, found: Comparison
) -> Iterator[ToAnalyse]:
    """Yield the tracks that must be analysed; the rest is counted on the way. A missing file cannot be."""
    to_read: list[AnswerPair] = []
    for pair in pairs:
        if pair.new or pair.old.silent:
            found.stored += 1
            found.differences.add(pair.old, pair.new or pair.old)
        elif reread and pair.embedding and len(pair.embedding) == 2 * reread.heads.embedding_dim:
            to_read.append(pair)
            if len(to_read) == BATCH:
                _read_by(reread, to_read, found)
                to_read = []
        else:
            found.unanswered += 1
            if not pair.missing:
                yield ToAnalyse(pair.file, pair.audio_id, pair.old)
    if reread and to_read:
        _read_by(reread, to_read, found)


def _check(old: Side, new: Side, store: Store) -> None:
    """Raise TaggerError where the two models cannot be compared."""
    if old.model == new.model:
        raise TaggerError(f"both models are named {old.model}, so their answers cannot be distinguished")
    if old.model not in (answered_by := store.answers.models()):
        known = (
            f"it has those of {', '.join(answered_by)}; name such a model first"
            if answered_by
            else "`tagger scan` the music first"
        )
        raise TaggerError(f"no answers of {old.model} in the database; {known}")
    for side in (old, new):
        card = side.card
        if not (card.predicts_genre if card else store.answers.predicts("genre", side.model)):
            raise TaggerError(
                f"{side.model} predicts no genre, by which tracks are compared; name a model that does"
            )


def _reread(store: Store, old: Side, new: Side) -> Reread | None:
    """What answers by the new heads; None where the models do not share the rest."""
    if new.card is None:
        return None
    trunk, versions = store.rereads.made_of(old.model)
    if old.card:
        trunk, versions = old.card.trunk, old.card.head_versions
    if trunk != new.card.trunk:
        return None
    from tagger.heads import Heads

    return Reread(Heads(new.card), kept_heads(new.card, Source(old.model, versions)))


def _read_by(reread: Reread, pairs: Sequence[AnswerPair], found: Comparison) -> None:
    import numpy as np

    vectors = b"".join(pair.embedding or b"" for pair in pairs)
    embeddings = np.frombuffer(vectors, dtype="<f2").astype(np.float16).reshape(len(pairs), -1)
    for pair, (genre, energy) in zip(pairs, reread.heads.from_embeddings(embeddings), strict=True):
        old = pair.old
        new = Answer(
            old.genre if "genre" in reread.kept else genre,
            old.energy if "energy" in reread.kept else energy,
            False,
        )
        found.differences.add(old, new)
    found.by_heads += len(pairs)
