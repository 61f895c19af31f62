"""Correct what a model says: the owner's words on sounds, typed, listed, exported and taken back."""

from tagger.correct.correction_lines import Corrected, Imported, correction_json
from tagger.correct.owners_words import OwnersWords
from tagger.correct.typed import genres_typed

__all__ = ["Corrected", "Imported", "OwnersWords", "correction_json", "genres_typed"]
