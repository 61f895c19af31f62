"""Made-up clips whose embeddings say what their labels and their teacher say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tagger.training.clips import Clip
from tagger.training.heads import Heard
from tagger.training.teacher import TAG_NAMES

DIM = 12
TAGS = [f"{network}:{tag}" for network, tags in TAG_NAMES.items() for tag in tags]


def clip(i: int, split: str, **fields: object) -> Clip:
    """A clip of its own artist."""
    return Clip(f"{i}.opus", "made", split, (), group=str(i), **fields)  # type: ignore[arg-type]


def splits(n: int) -> list[str]:
    """Three in five clips to train on, one each to validate and test."""
    return ["train", "train", "train", "valid", "test"] * (n // 5)


def heard(clips: Sequence[Clip], signals: Mapping[int, np.ndarray], tags: np.ndarray | None = None) -> Heard:
    """Clips with noise for embeddings, but for the numbers at the places of `signals`, each (n,)."""
    embeddings = np.random.default_rng(1).normal(0, 1, (len(clips), DIM))
    for place, values in signals.items():
        embeddings[:, place] = values
    if tags is None:
        tags = np.full((len(clips), len(TAGS)), np.nan)
    return Heard(tuple(clips), embeddings, tags, np.full(len(clips), False))
