"""Learn the owner's own genres: a head on stored embeddings, fitted to what the owner calls things."""

from tagger.learn.examples import Examples, LearnSettings, examples_of
from tagger.learn.fit import Fitted, fit_genres
from tagger.learn.model import GenreFigures, Learned, learn

__all__ = [
    "Examples",
    "Fitted",
    "GenreFigures",
    "LearnSettings",
    "Learned",
    "examples_of",
    "fit_genres",
    "learn",
]
