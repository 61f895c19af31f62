"""What a model says of itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tagger.model_card import (
    DEFAULT_MODEL,
    genre_thresholds,
    load_card,
    shares_trunk,
)
from tests import partial_model


def test_a_card_says_what_its_model_predicts(tmp_path: Path) -> None:
    assert load_card(DEFAULT_MODEL).aspects == ("genre", "energy", "tempo", "words", "mood")
    genre = load_card(partial_model.make_model(tmp_path / "genre-1", "genre"))
    assert (genre.aspects, genre.predicts_genre, genre.predicts_energy) == (("genre",), True, False)
    tempo = load_card(partial_model.make_model(tmp_path / "tempo-1", "tempo"))
    assert (tempo.aspects, tempo.predicts_genre, tempo.predicts_energy) == (("tempo",), False, False)
    assert tempo.temperature == 1.0


def test_the_energy_scale_only_rises() -> None:
    assert np.all(np.diff(load_card(DEFAULT_MODEL).energy_quantiles) >= 0)


def test_the_lowest_threshold_that_reaches_the_precision_is_taken() -> None:
    tables = {"Jazz": ((0.6, 0.3), (0.8, 0.5), (0.95, 0.7)), "Rock": ()}
    card = replace(load_card(DEFAULT_MODEL), genres=("Jazz", "Pop", "Rock"), genre_precision=tables)
    assert genre_thresholds(card, 0.5) == {"Jazz": 0.3, "Pop": None, "Rock": None}
    assert genre_thresholds(card, 0.8) == {"Jazz": 0.5, "Pop": None, "Rock": None}
    assert genre_thresholds(card, 0.9)["Jazz"] == 0.7
    assert genre_thresholds(card, 0.96)["Jazz"] is None


def test_the_default_model_reaches_nine_of_ten_in_some_genres_and_not_in_all() -> None:
    thresholds = genre_thresholds(load_card(DEFAULT_MODEL), 0.9)
    assert len(thresholds) == 17
    assert None in thresholds.values()
    assert any(threshold is not None for threshold in thresholds.values())


def test_models_share_a_trunk_where_all_that_makes_the_embedding_is_the_same() -> None:
    card = load_card(DEFAULT_MODEL)
    assert shares_trunk(card, replace(card, id="other", temperature=2.0, genres=("A", "B")))
    assert not shares_trunk(card, replace(card, trunk_sha256="0" * 64))
    assert not shares_trunk(card, replace(card, front_end=replace(card.front_end, hop_length=256)))
