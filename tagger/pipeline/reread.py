"""Answer for known tracks by other heads on their stored embeddings: nothing is decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tagger.model_card import ModelCard
from tagger.store import Source, Store

if TYPE_CHECKING:
    from tagger.heads import Heads
    from tagger.store import HeadAnswers, Stored

HEADS = ("genre", "energy", "tempo", "mood")
"""Whose answer of another model holds where the head is the same."""


def reread(store: Store, card: ModelCard, on_progress: Callable[[int, int], None]) -> int:
    """Store an answer of `card` for each track that has one of another model with the same trunk.

    The store must know what `card` is made of (`introduce`). Heads of the same version answer as they did, so
    their answers are copied; the others read the embedding. A tempo is read from the sound
    alone: where that head is another one, the track must be analysed. `on_progress` gets how many tracks are
    done, and of how many. Returns how many there were. Raises `ModelError` for weights that do not fit.
    """
    sources = [source for source in store.rereads.sources(card.id, card.trunk) if has_tempo_of(card, source)]
    if not sources:
        return 0
    heads = _heads(card)
    size = heads.embedding_dim
    total = sum(store.rereads.count(source.model, card.id, card.trunk, size) for source in sources)
    n_done = 0
    for source in sources if total else []:
        kept = kept_heads(card, source)
        for tracks in store.rereads.unread(source.model, card.id, card.trunk, size):
            store.rereads.put(source.model, card.id, kept, tracks, answers(heads, tracks, kept))
            n_done += len(tracks.ids)
            on_progress(n_done, max(n_done, total))
    return n_done


def has_tempo_of(card: ModelCard, source: Source) -> bool:
    """Tell whether the tempos of `source` are those of `card`, or it predicts none."""
    return card.tempo is None or "tempo" in kept_heads(card, source)


def kept_heads(card: ModelCard, source: Source) -> frozenset[str]:
    """Name the heads of `card` whose answers are those of `source`; a mood is of its energy, too."""
    same = {
        name
        for name in HEADS
        if name in card.head_versions and card.head_versions[name] == source.heads.get(name)
    }
    return frozenset(same if "energy" in same else same - {"mood"})


def answers(heads: Heads, tracks: Stored, kept: frozenset[str]) -> HeadAnswers:
    """Read the embeddings by all heads but those of `kept` genre and energy."""
    from tagger.heads import temperature_factors
    from tagger.store import HeadAnswers

    card = heads.card
    reads_genre = card.predicts_genre and "genre" not in kept
    reads_energy = card.predicts_energy and "energy" not in kept
    factors = temperature_factors(tracks.duration_s.tolist())
    return HeadAnswers(
        card.genres,
        heads.genres(tracks.vectors, factors) if reads_genre else None,
        heads.energies(tracks.vectors) if reads_energy else None,
        [word.name for word in card.all_words],
        heads.words(tracks.vectors),
        heads.moods(tracks.vectors),
        heads.sounds(tracks.vectors, tracks.duration_s),
    )


def _heads(card: ModelCard) -> Heads:
    from tagger.heads import Heads

    return Heads(card)
