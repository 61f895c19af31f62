"""The minutes of a playlist: used but for a twentieth where the tracks allow, in every order and shape."""

import random
import time
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.playlist import SHAPES, SORTS, selected, shortened
from tagger.playlist.fill import filling, length_of
from tagger.playlist.shape import shaped
from tagger.types import Track

from .tracks import library, track


def lasting(tracks: list[Track]) -> float:
    return sum(entry.duration_s or 0.0 for entry in tracks)


def sums(lengths: list[float], most: int | None = None) -> list[float]:
    """The length of each set of tracks that is possible at all."""
    counts = range(len(lengths) + 1 if most is None else most + 1)
    return [sum(some) for count in counts for some in combinations(lengths, count)]


lengths_s = st.lists(st.floats(1, 900) | st.integers(1, 900).map(float), min_size=1, max_size=9)


@settings(max_examples=400, deadline=None)
@given(lengths_s, st.floats(20, 1500))
def test_the_minutes_are_used_wherever_any_choice_of_tracks_uses_them(
    lengths: list[float], budget_s: float
) -> None:
    chosen = filling(lengths, budget_s)
    total = sum(lengths[index] for index in chosen)
    fitting = [each for each in sums(lengths) if each <= budget_s * 0.999]
    assert chosen == sorted(set(chosen))
    assert total <= budget_s + 1e-3
    assert total >= min(0.95 * budget_s, max(fitting)) - 0.001 * budget_s


@settings(max_examples=100, deadline=None)
@given(lengths_s, st.floats(20, 1500), st.integers(0, 4))
def test_a_limit_holds_beside_the_minutes(lengths: list[float], budget_s: float, limit: int) -> None:
    chosen = filling(lengths, budget_s, limit)
    assert len(chosen) <= limit and sum(lengths[index] for index in chosen) <= budget_s + 1e-3
    assert bool(chosen) == bool(limit and min(lengths) <= budget_s + 1e-6)


@settings(max_examples=60, deadline=None)
@given(lengths_s, st.floats(1, 25), st.sampled_from(SHAPES), st.integers(0, 3))
def test_a_shape_uses_the_minutes_wherever_any_choice_does(
    lengths: list[float], minutes: float, shape: str, seed: int
) -> None:
    tracks = [track(f"/{n}", duration_s=each, energy=n / 9) for n, each in enumerate(lengths)]
    played = shaped(tracks, shape, minutes=minutes, seed=seed)  # type: ignore[arg-type]
    best = max(each for each in sums(lengths) if each <= 60 * minutes * 0.999)
    assert len({entry.path for entry in played}) == len(played)
    assert lasting(played) <= 60 * minutes + 1e-3
    assert lasting(played) >= min(0.95 * 60 * minutes, best) - 0.001 * 60 * minutes


def test_a_long_track_is_passed_over_and_the_order_stays() -> None:
    tracks = [track("/a", duration_s=600), track("/b", duration_s=100), track("/c", duration_s=190)]
    assert [entry.path for entry in selected(tracks, "path", minutes=5)] == ["/b", "/c"]


def test_what_fits_in_a_row_is_taken_in_a_row() -> None:
    tracks = library(500, 50)
    played = selected(tracks, "path", minutes=60)
    assert played == tracks[: len(played)] or lasting(tracks[: len(played)]) > 3600


def test_no_track_far_down_the_list_is_taken_for_the_last_minute() -> None:
    """The calmest hour of a library must not end with the wildest jingle."""
    tracks = sorted(library(5000, 100), key=lambda entry: entry.energy or 0)
    tracks += [track("/wild", duration_s=45.0, energy=1.0)]
    assert max(entry.energy or 0 for entry in selected(tracks, "energy", minutes=60)) < 0.02


@pytest.mark.parametrize("minutes", [5, 45, 90, 600])
@pytest.mark.parametrize("order", [*SORTS, *SHAPES])
def test_five_thousand_tracks_fill_any_minutes_within_a_second(order: str, minutes: int) -> None:
    tracks = library(5000, 300)
    start = time.process_time()
    if order in SHAPES:
        played = shaped(tracks, order, minutes=minutes)  # type: ignore[arg-type]
    else:
        played = selected(tracks, order, minutes=minutes)  # type: ignore[arg-type]
    assert time.process_time() - start < 1
    assert 0.95 * minutes <= lasting(played) / 60 <= minutes + 1e-6
    assert len(set(played)) == len(played)


def test_minutes_that_no_choice_fills_do_not_take_for_ever() -> None:
    chance = random.Random(1)
    lengths = [chance.uniform(151, 284) for _ in range(20_000)]
    start = time.process_time()
    (only,) = filling(lengths, 300)
    assert time.process_time() - start < 1
    assert lengths[only] == pytest.approx(max(lengths), rel=1e-3)


@pytest.mark.parametrize("unknown", [0.0, None])
def test_an_unknown_length_counts_as_the_mean_of_the_known_ones(unknown: float | None) -> None:
    known = [track(f"/{n}", duration_s=180.0) for n in range(3)]
    lost = [replace(track(f"/x{n}"), duration_s=unknown) for n in range(9)]  # type: ignore[arg-type]
    assert len(shortened([*lost, *known], minutes=12)) == 4
    assert len(shaped([*lost, *known], "rise", minutes=12)) == 4
    assert length_of(lost)(lost[0]) == 240.0
    assert len(shortened(lost, minutes=12)) == 3


def test_a_track_that_cannot_fit_takes_nobodys_share() -> None:
    tracks = [track("/a", duration_s=900, artist="Ann"), track("/b", duration_s=280, artist="Ann")]
    assert [entry.path for entry in shortened(tracks, minutes=5, per_artist=1)] == ["/b"]
    assert [entry.path for entry in shortened(tracks, minutes=5, limit=1)] == ["/b"]
    assert [entry.path for entry in shaped(tracks, "rise", minutes=5, per_artist=1)] == ["/b"]
