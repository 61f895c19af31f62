"""The network of this project: genre, energy and tempo, taught by labels, ratings and a teacher."""

from __future__ import annotations

from tagger.training.clips import GENRES
from tagger.training.recipes.recipe import EIGHT_GENRES, Recipe
from tagger.training.settings import Settings
from tagger.training.sources import taught_corpus
from tagger.training.tasks import GENRE_AND_ENERGY

CRNN = Recipe(
    "crnn",
    "convolutions, GRU and attention; genre, energy and tempo",
    "(none)",
    Settings(),
    GENRE_AND_ENERGY,
    taught_corpus,
    genres=GENRES,
)

CRNN_8 = Recipe(
    "crnn-8",
    "the same network, taught the eight genres of the recipes beside it",
    "(none)",
    Settings(epochs=40),
    GENRE_AND_ENERGY,
    taught_corpus,
    genres=EIGHT_GENRES,
)
