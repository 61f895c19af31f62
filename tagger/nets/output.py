"""What a network says of the sound that it is given."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class NetOutput(NamedTuple):
    """Genre logits (batch, n_genres), raw energy (batch,), embedding (batch, embedding_dim), tempo
    logits (batch, n_tempo).

    n_genres, embedding_dim and n_tempo are 0 for a network that has no such head; its energy is then NaN.
    """

    genre_logits: Tensor
    energy: Tensor
    embedding: Tensor
    tempo_logits: Tensor


def only_genre(genre_logits: Tensor) -> NetOutput:
    """The output of a network that hears nothing but genre."""
    nothing = genre_logits.new_zeros(len(genre_logits), 0)
    return NetOutput(
        genre_logits, genre_logits.new_full((len(genre_logits),), float("nan")), nothing, nothing
    )
