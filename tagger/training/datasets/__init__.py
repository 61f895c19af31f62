"""Labelled music as people have it on disk: one reader, `folder -> list[Clip]`, for each layout."""

from tagger.training.datasets.labels import genre_list, in_genres, own_genres, unnamed
from tagger.training.datasets.layouts import LAYOUTS, TABLE, guess_layout, read
from tagger.training.datasets.music_folders import read_unlabelled

__all__ = [
    "LAYOUTS",
    "TABLE",
    "genre_list",
    "guess_layout",
    "in_genres",
    "own_genres",
    "read",
    "read_unlabelled",
    "unnamed",
]
