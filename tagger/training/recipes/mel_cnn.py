"""Convolutions over log-mels: a vote of ten short windows, and a classifier of all genres."""

from __future__ import annotations

from tagger.training.clips import FRONT_END, GENRES
from tagger.training.recipes.recipe import Recipe
from tagger.training.settings import Settings
from tagger.training.sources import labelled_corpus
from tagger.training.tasks import GENRE

WINDOW_FRAMES = 129
"""3 s; ten of them in a track's three windows of 10 s."""

WINDOW_VOTE_CNN = Recipe(
    "window-vote-cnn",
    "ten windows of 3 s, each heard alone, and their vote",
    "43.7 % a window, 49.8 % a track",
    Settings(
        {"name": "mel-cnn", "window_frames": WINDOW_FRAMES}, epochs=60, crop_frames=WINDOW_FRAMES, mixup=0.0
    ),
    GENRE,
    labelled_corpus,
)

GENRE_22 = Recipe(
    "genre-22",
    "convolutions over a log-mel; all genres",
    "68 % of 22 genres",
    Settings({"name": "mel-cnn"}, epochs=40, crop_frames=FRONT_END.n_frames, mixup=0.0),
    GENRE,
    labelled_corpus,
    genres=GENRES,
)
