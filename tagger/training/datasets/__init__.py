"""Labelled music as people have it on disk: one adapter, a `read(folder) -> list[Clip]`, for each layout."""

from tagger.training.datasets.genres import genre_list, in_genres, own_genres, unnamed
from tagger.training.datasets.layouts import LAYOUTS, guess_layout, read
from tagger.training.datasets.unlabelled import read as read_unlabelled

__all__ = [
    "LAYOUTS",
    "genre_list",
    "guess_layout",
    "in_genres",
    "own_genres",
    "read",
    "read_unlabelled",
    "unnamed",
]
