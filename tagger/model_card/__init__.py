"""Models: which are installed, and what each predicts by its `model.json`."""

from tagger.model_card.card import (
    FORMAT,
    ModelCard,
    MoodScale,
    PrecisionTable,
    TempoClasses,
    Word,
    genre_thresholds,
    shares_trunk,
)
from tagger.model_card.folders import (
    BESIDE_THE_NETWORK,
    DEFAULT_MODEL,
    FILTER_BANK,
    WEIGHTS_FILE,
    added_models,
    added_models_folder,
    check_weights,
    installed_models,
    load_card,
    load_filter_bank,
    models_folder,
    shipped_models,
)

__all__ = [
    "BESIDE_THE_NETWORK",
    "DEFAULT_MODEL",
    "FILTER_BANK",
    "FORMAT",
    "WEIGHTS_FILE",
    "ModelCard",
    "MoodScale",
    "PrecisionTable",
    "TempoClasses",
    "Word",
    "added_models",
    "added_models_folder",
    "check_weights",
    "genre_thresholds",
    "installed_models",
    "load_card",
    "load_filter_bank",
    "models_folder",
    "shares_trunk",
    "shipped_models",
]
