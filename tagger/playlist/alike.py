"""Tracks in the order of how much they sound like examples, and the reason why each is in a playlist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tagger.errors import TaggerError
from tagger.files import absolute
from tagger.json_fields import words_json
from tagger.types import Analysis, Track, rounded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.query import Query
    from tagger.store import Store

Analyse = Callable[[str], Analysis]
"""Analyses a file that no scan has met; raises TaggerError where it cannot."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a track is in a playlist.

    `likeness` is the cosine (−1…1) of the angle between its embedding and that of the example, or what lies
    between several; `likest` is the file of the example that it is most like. Both are None where none was
    given. `words` has the probability (0–1) of each word that was asked for, wanted or not.
    """

    likeness: float | None = None
    likest: str | None = None
    words: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def as_json(self) -> dict[str, float | str | dict[str, float] | None]:
        """Give it by the names that JSON uses."""
        likeness = {"likeness": rounded(self.likeness, 4), "likest": self.likest} if self.likest else {}
        return {**likeness, "words": words_json(self.words)} if self.words else {**likeness}


NO_REASONS: Mapping[str, Reason] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Tracks by their `ids` (n,), the likest first.

    `likeness` (n,) is of each, and `likest` (n,) the number of the example among `examples`.
    """

    examples: tuple[str, ...]
    ids: NDArray[np.int64]
    likeness: NDArray[np.float32]
    likest: NDArray[np.intp]

    def reason(self, place: int) -> Reason:
        """Give the reason for the track at a place of the order."""
        return Reason(float(self.likeness[place]), self.examples[self.likest[place]])


def alike(files: Sequence[str], query: Query, store: Store, model: str, analyse: Analyse) -> Alike:
    """Put the tracks that `query` asks for in the order of how much they sound like the `files`.

    Files that no scan has met are analysed. The files themselves and their copies are left out. Raises
    TaggerError for a file that cannot be analysed or is silent, and a model that makes no embeddings.
    """
    import numpy as np

    from tagger.playlist.nearest import cosine_similarity, mixture, nearest

    paths = tuple(dict.fromkeys(map(absolute, files)))
    examples = [store.answers.analysis(path, model) or analyse(path) for path in paths]
    for path, example in zip(paths, examples, strict=True):
        _require_sound(path, example, model)
    vectors = np.stack([example.prediction.embedding for example in examples])
    sounds = [example.recording.audio_id for example in examples]
    ids, embeddings = store.answers.embeddings(query, model, vectors.shape[1], sounds)
    order, likeness = nearest(mixture(vectors), embeddings)
    likest = np.zeros(len(order), dtype=np.intp)
    if len(paths) > 1:
        likest = np.argmax([cosine_similarity(vector, embeddings[order]) for vector in vectors], axis=0)
    return Alike(paths, ids[order], likeness, likest)


def with_words(
    reasons: Mapping[str, Reason], tracks: Iterable[Track], query: Query, store: Store, model: str
) -> dict[str, Reason]:
    """Give the reasons by `audio_id`, with the probabilities of the words that `query` asks for in them."""
    asked = (*query.words, *query.not_words)
    found: dict[str, Reason] = {}
    for track in tracks:
        known = reasons.get(track.audio_id, Reason())
        shares = store.answers.word_shares(track.path, asked, model) if asked else {}
        found[track.audio_id] = Reason(known.likeness, known.likest, shares)
    return found


def _require_sound(path: str, example: Analysis, model: str) -> None:
    """Raise TaggerError for an example that is like nothing."""
    if not example.prediction.embedding.size:
        raise TaggerError(
            f"{model} cannot tell what sounds alike; choose another --model or leave out --like"
        )
    if example.prediction.silent:
        raise TaggerError(f"{path}: silent, and nothing sounds like it; choose another file for --like")
