"""The heads beside a network, of words, styles and mood: fitted to embeddings of labelled clips."""

from tagger.training.heads.heard import Heard, hear
from tagger.training.heads.refit import FittedHeads, fit_heads, refit
from tagger.training.heads.word_list import STYLES, WORDS, TaughtWord

__all__ = ["STYLES", "WORDS", "FittedHeads", "Heard", "TaughtWord", "fit_heads", "hear", "refit"]
