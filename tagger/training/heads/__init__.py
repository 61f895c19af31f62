"""The heads on embeddings, of genre, words, styles, mood and sound: fitted to labelled clips."""

from tagger.training.heads.genres import refit_genres, taught
from tagger.training.heads.heard import Heard, hear
from tagger.training.heads.refit import FittedHeads, fit_heads, refit
from tagger.training.heads.sound import KnownSounds, SoundHead, fit_sound, refit_sound
from tagger.training.heads.word_list import STYLES, WORDS, TaughtWord

__all__ = [
    "STYLES",
    "WORDS",
    "FittedHeads",
    "Heard",
    "KnownSounds",
    "SoundHead",
    "TaughtWord",
    "fit_heads",
    "fit_sound",
    "hear",
    "refit",
    "refit_genres",
    "refit_sound",
    "taught",
]
