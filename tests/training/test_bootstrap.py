import math

import numpy as np
import pytest

from tagger.training.bootstrap import estimates

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
