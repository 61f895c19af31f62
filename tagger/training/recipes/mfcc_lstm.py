"""An LSTM over MFCC: 384,840 parameters, as published."""

from __future__ import annotations

from tagger.nets.classic import MfccLstm
from tagger.training.clips import FRONT_END
from tagger.training.recipes.recipe import Recipe
from tagger.training.settings import Settings
from tagger.training.sources import labelled_corpus
from tagger.training.tasks import GENRE

WINDOWS_FRAMES = MfccLstm.n_windows * FRONT_END.n_frames
"""The windows of a track one after the other, of which the network takes the first 1,291 frames."""


def recipe(name: str, steps: str, about: str) -> Recipe:
    network = {"name": "mfcc-lstm", "steps": steps}
    settings = Settings(
        network, epochs=40, batch_size=32, crop_frames=WINDOWS_FRAMES, learning_rate=1e-3, mixup=0.0
    )
    return Recipe(
        name, about, "28.7 % top-1, 60.8 % top-3 of 8 genres, FMA-small", settings, GENRE, labelled_corpus
    )


MFCC_LSTM = recipe("mfcc-lstm", "coefficients", "two LSTM layers; 20 steps, each one MFCC over 1,291 frames")
MFCC_LSTM_FRAMES = recipe(
    "mfcc-lstm-frames", "frames", "the same, the sensible way round: 1,291 steps of 20 MFCC"
)
