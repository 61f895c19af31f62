"""The map of a library: its embeddings in two dimensions, what sounds alike lying together.

By t-SNE (van der Maaten and Hinton 2008, https://jmlr.org/papers/v9/vandermaaten08a.html) on principal
components, as scikit-learn has them. On 846 excerpts, 0.68 of a track's ten neighbours on the map have its
genre; by two principal components alone it is 0.43, by UMAP 0.67, which takes half a minute to be imported.
t-SNE takes minutes for a hundred thousand tracks. So some thousands are laid out, and each of the others is
put among those that it sounds like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MOST_LAID_OUT = 3000
"""Tracks that t-SNE lays out: some ten seconds on one core."""

FEWEST = 12
"""Tracks without which there is no map: of fewer, nearness says nothing."""

_COMPONENTS, _PERPLEXITY, _NEIGHBOURS = 30, 30.0, 5
_LEAST_SPREAD = 1e-5  # what is less is rounding: all sound alike
_AT_ONCE = 4096
"""Tracks that are put among the others at once: their distances to these take 50 MB."""


def sound_map(embeddings: NDArray[np.float16], sounds: Sequence[str]) -> Vectors:
    """Lay out embeddings (n, d) in a square: gives (n, 2), x and y within 0–1.

    `sounds` are the identities (`audio_id`) of the tracks, which are hashes: the first of them decide what is
    laid out by t-SNE. In a library that grows most of these stay, and its map stays much the same. Equal
    sounds lie in one place.
    """
    first = np.sort(np.unique(np.array(sounds), return_index=True)[1][:MOST_LAID_OUT])
    directions = _directions(embeddings)
    if directions[first].std(axis=0).max() < _LEAST_SPREAD:
        return np.full((len(directions), 2), 0.5, np.float32)
    components = _components(directions[first], directions)
    laid_out = components[first]
    places = _by_tsne(laid_out)
    if len(first) < len(components):
        places = _put_among(laid_out, places, components)
    return _in_a_square(places)


def _directions(embeddings: NDArray[np.float16]) -> Vectors:
    """The embeddings with the length of one: what sounds alike points the same way."""
    vectors = embeddings.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors


def _components(learned_from: Vectors, directions: Vectors) -> Vectors:
    from sklearn.decomposition import PCA

    n_components = min(_COMPONENTS, *learned_from.shape)
    found: Vectors = PCA(n_components, svd_solver="full").fit(learned_from).transform(directions)
    return found


def _by_tsne(components: Vectors) -> Vectors:
    """The same map for the same tracks: it begins with the principal components, not at random."""
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(components) - 1) / 3)
    places: Vectors = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(components)
    return places


def _put_among(laid_out: Vectors, places: Vectors, components: Vectors) -> Vectors:
    """Places for all: of each the mean of its nearest, by how near they are."""
    from sklearn.neighbors import KNeighborsRegressor

    nearest = KNeighborsRegressor(_NEIGHBOURS, weights="distance", algorithm="brute").fit(laid_out, places)
    chunks = range(0, len(components), _AT_ONCE)
    found = [nearest.predict(components[start : start + _AT_ONCE]) for start in chunks]
    return np.concatenate(found).astype(np.float32)


def _in_a_square(places: Vectors) -> Vectors:
    low, high = places.min(axis=0), places.max(axis=0)
    square: Vectors = np.clip((places - (low + high) / 2) / (high - low).max() + 0.5, 0, 1).astype(np.float32)
    return square
