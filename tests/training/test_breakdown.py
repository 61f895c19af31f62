import math

import numpy as np
import pytest

from tagger.training.breakdown import by_dataset, by_genre, confusion, estimates, hit_and_confidence, overall
from tagger.training.clips import GENRES, Clip
from tagger.training.metrics import figures

NAN = math.nan
N = 20


def clip(*genres: str, dataset: str = "gtzan", arousal: float = NAN, high: float = NAN) -> Clip:
    return Clip("x.opus", dataset, "test", genres, arousal, high, NAN)


def sure_of(*genres: str) -> np.ndarray:
    """(n, n_genres): each row has half its probability on its genre."""
    rows = np.full((len(genres), len(GENRES)), 0.5 / (len(GENRES) - 1))
    for row, genre in zip(rows, genres, strict=True):
        row[GENRES.index(genre)] = 0.5
    return rows


def test_recall_counts_the_label_and_precision_the_answer() -> None:
    clips = [clip("Jazz"), clip("Jazz"), clip("Jazz", "Blues"), clip("Pop/Rock"), clip()]
    parts = by_genre(clips, sure_of("Jazz", "Blues", "Blues", "Jazz", "Jazz"), N)
    assert list(parts) == ["Blues", "Jazz"]
    jazz, blues = parts["Jazz"], parts["Blues"]
    assert (jazz.n_clips, jazz.n_called) == (3, 2)
    assert jazz.figures["recall"].value == pytest.approx(1 / 3)
    assert jazz.figures["precision"].value == pytest.approx(1 / 2)
    assert blues.figures["recall"].value == 1.0
    assert blues.figures["precision"].value == pytest.approx(1 / 2)


def test_pop_or_rock_makes_any_of_its_members_a_precise_answer() -> None:
    parts = by_genre([clip("Rock"), clip("Pop/Rock")], sure_of("Pop", "Rock"), N)
    assert parts["Rock"].figures["precision"].value == 1.0
    assert parts["Rock"].figures["recall"].value == 0.0


def test_each_data_set_is_judged_by_what_is_known_of_it() -> None:
    clips = [
        clip("Jazz", dataset="4q", high=0.0),
        clip("Rock", dataset="4q", high=1.0),
        clip(dataset="orinayo"),
    ]
    parts = by_dataset(clips, sure_of("Jazz", "Folk", "Folk"), np.array([0.1, 0.9, 0.5]), N)
    assert parts["4q"].figures["hit"].value == 0.5
    assert parts["4q"].figures["energy"].value == 1.0
    assert parts["orinayo"].figures == {}
    assert parts["orinayo"].n_clips == 1


def test_the_overall_values_are_those_of_the_figures() -> None:
    random = np.random.default_rng(0)
    clips = [
        clip(GENRES[i % 17], dataset="deam" if i % 2 else "4q", arousal=(i % 7) / 7, high=float(i % 4 > 1))
        for i in range(60)
    ]
    probabilities = random.dirichlet(np.ones(17), 60)
    energy = random.random(60)
    measured = overall(clips, probabilities, energy, n_resamples=N)
    assert {name: e.value for name, e in measured.items()} == figures(clips, probabilities, energy)
    assert all(e.low <= e.high for e in measured.values())


def test_confidence_and_hits_are_of_labelled_clips_alone() -> None:
    measured = hit_and_confidence([clip("Jazz"), clip("Folk"), clip()], sure_of("Jazz", "Jazz", "Pop"), N)
    assert measured["hit"].value == 0.5
    assert measured["confidence"].value == pytest.approx(0.5)


def test_a_confusion_matrix_puts_hits_on_the_diagonal_and_shares_misses_out() -> None:
    clips = [clip("Jazz", "Blues"), clip("Jazz", "Blues"), clip("Pop/Rock"), clip("Pop/Rock"), clip()]
    matrix = confusion(clips, sure_of("Blues", "Folk", "Metal", "Folk", "Folk"))
    at = {name: i for i, name in enumerate(GENRES)}
    assert matrix.sum() == pytest.approx(4)
    assert matrix[at["Blues"], at["Blues"]] == 1
    assert matrix[at["Metal"], at["Metal"]] == 1
    assert matrix[at["Jazz"], at["Folk"]] == matrix[at["Blues"], at["Folk"]] == 0.5
    assert matrix[at["Rock"], at["Folk"]] == pytest.approx(1 / 3)


HITS = np.arange(400) % 10 < 3


def share(rows: np.ndarray) -> dict[str, float]:
    return {"share": float(HITS[rows].mean())}


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    estimate = estimates(share, [""] * 400)["share"]
    half = 1.96 * math.sqrt(0.3 * 0.7 / 400)
    assert estimate.value == pytest.approx(0.3)
    assert estimate.low == pytest.approx(0.3 - half, abs=0.008)
    assert estimate.high == pytest.approx(0.3 + half, abs=0.008)


def test_the_same_clips_have_the_same_interval_every_time() -> None:
    assert estimates(share, [""] * 400) == estimates(share, [""] * 400)


def test_clips_of_one_group_are_one_piece_of_evidence() -> None:
    """Forty groups of ten equal clips say as much as forty clips."""
    hits = np.repeat(np.arange(40) % 10 < 3, 10)
    groups = [f"artist {i // 10}" for i in range(400)]
    estimate = estimates(lambda rows: {"share": float(hits[rows].mean())}, groups)["share"]
    half = 1.96 * math.sqrt(0.3 * 0.7 / 40)
    assert estimate.high - estimate.low == pytest.approx(2 * half, rel=0.12)


def test_a_figure_that_is_never_defined_has_no_interval() -> None:
    estimate = estimates(lambda rows: {"r": math.nan}, ["", ""], n_resamples=5)["r"]
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
