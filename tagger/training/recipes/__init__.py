"""The classic systems that this program continues, each a few numbers over the same training code."""

from __future__ import annotations

from collections.abc import Mapping

from tagger.nets.backbone import BACKBONES
from tagger.training.recipes.crnn import CRNN, CRNN_8
from tagger.training.recipes.echonest_mlp import ECHONEST_MLP, ECHONEST_MLP_DEEPER
from tagger.training.recipes.mel_cnn import GENRE_22, WINDOW_VOTE_CNN
from tagger.training.recipes.mfcc_lstm import MFCC_LSTM, MFCC_LSTM_FRAMES
from tagger.training.recipes.pictures import SPECTROGRAM_CNN, backbone
from tagger.training.recipes.recipe import EIGHT_GENRES, Recipe
from tagger.training.recipes.tempo_regression import TEMPO_REGRESSION

__all__ = ["EIGHT_GENRES", "RECIPES", "Recipe"]

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        CRNN,
        CRNN_8,
        ECHONEST_MLP,
        ECHONEST_MLP_DEEPER,
        MFCC_LSTM,
        MFCC_LSTM_FRAMES,
        SPECTROGRAM_CNN,
        WINDOW_VOTE_CNN,
        *map(backbone, BACKBONES),
        GENRE_22,
        TEMPO_REGRESSION,
    )
}
