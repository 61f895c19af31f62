from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.errors import TaggerError
from tagger.musical_key import KEYS, wheel_distance
from tagger.playlist import SHAPES
from tagger.playlist.harmony import Harmony
from tagger.playlist.select import artist_key
from tagger.playlist.shape import curve, shaped

from .tracks import library, track


def pairs_by_one_artist(tracks):
    artists = [artist_key(entry) for entry in tracks]
    return sum(a is not None and a == b for a, b in pairwise(artists))


def mean_tempo_step_octaves(tracks):
    tempos = [entry.bpm for entry in tracks if entry.bpm]
    return float(np.abs(np.diff(np.log2(tempos))).mean())


def likeness(tracks, shape):
    """Pearson correlation of energies and curve."""
    return float(np.corrcoef([entry.energy for entry in tracks], curve(shape, len(tracks)))[0, 1])


@pytest.mark.parametrize("shape", SHAPES)
def test_each_track_is_played_exactly_once(shape):
    tracks = library(300, 20)
    assert sorted(entry.path for entry in shaped(tracks, shape)) == [entry.path for entry in tracks]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_energy_follows_the_curve(shape):
    assert likeness(shaped(library(300, 100), shape), shape) > 0.95


@pytest.mark.parametrize("shape", ["rise", "fall", "warmup-peak-cooldown"])
def test_without_artists_no_track_strays_from_the_curve_by_more_than_half_a_level(shape):
    tracks = [track(f"/{n}", energy=n / 400, bpm=60.0 + (n * 37) % 140) for n in range(400)]
    played = np.array([entry.energy for entry in shaped(tracks, shape)])
    heights = curve(shape, 400)
    wanted = np.empty(400)
    wanted[np.argsort(heights, kind="stable")] = np.arange(400) / 400
    assert np.abs(played - wanted).max() <= 0.05 + 0.005  # heights that are equal fall by chance


def test_a_warmup_ends_calm_after_a_peak_late_in_the_middle():
    played = [entry.energy for entry in shaped(library(100, 100), "warmup-peak-cooldown")]
    assert max(played[:10]) < 0.35
    assert min(played[60:78]) > 0.6
    assert played[-1] < 0.2


def test_waves_go_up_and_down_every_sixteen_tracks():
    played = [entry.energy for entry in shaped(library(64, 64), "wave")]
    assert all(played[16 * wave] < 0.3 and played[16 * wave + 8] > 0.7 for wave in range(4))


def test_tempo_moves_in_much_smaller_steps_than_by_chance():
    tracks = library(1000, 500)
    assert mean_tempo_step_octaves(shaped(tracks, "rise")) < 0.3 * mean_tempo_step_octaves(tracks)


def test_neighbours_are_by_different_artists():
    assert pairs_by_one_artist(shaped(library(300, 10), "rise")) == 0


def test_an_artist_with_half_of_the_tracks_is_still_never_twice_in_a_row():
    tracks = [track(f"/{n}", energy=n / 21, artist="Prolific" if n < 11 else f"Other {n}") for n in range(21)]
    played = shaped(tracks, "rise")
    assert pairs_by_one_artist(played) == 0
    assert [entry.artist == "Prolific" for entry in played] == [n % 2 == 0 for n in range(21)]


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from("ABCD")), min_size=2, max_size=25), st.integers(0, 9)
)
def test_artists_are_kept_apart_exactly_when_that_is_possible(made, seed):
    tracks = [track(f"/{n}", energy=energy, artist=artist) for n, (energy, artist) in enumerate(made)]
    played = shaped(tracks, "wave", seed=seed)
    most = max(Counter(artist for _, artist in made).values())
    assert sorted(entry.path for entry in played) == sorted(entry.path for entry in tracks)
    assert (pairs_by_one_artist(played) == 0) == (most <= (len(made) + 1) // 2)


def test_one_artist_alone_still_gets_his_curve():
    tracks = [track(f"/{n:02d}", energy=n / 50, artist="Only") for n in range(50)]
    assert likeness(shaped(tracks, "rise"), "rise") > 0.95


def test_the_same_seed_gives_the_same_list_whatever_order_the_candidates_come_in():
    tracks = library(400, 40)
    shuffled = random.Random(3).sample(tracks, len(tracks))
    assert shaped(tracks, "wave", limit=30, seed=5) == shaped(shuffled, "wave", limit=30, seed=5)
    assert shaped(tracks, "wave", limit=30, seed=5) != shaped(tracks, "wave", limit=30, seed=6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_limit_picks_tracks_along_the_whole_curve(shape):
    played = shaped(library(2000, 300), shape, limit=40)
    energies = [entry.energy for entry in played]
    assert len(played) == len(set(played)) == 40
    assert min(energies) < 0.1 and max(energies) > 0.9
    assert likeness(played, shape) > 0.97
    assert mean_tempo_step_octaves(played) < 0.06


def test_a_limit_near_the_number_of_candidates_still_picks_exactly_so_many():
    tracks = library(60, 60)
    lengths = [len(shaped(tracks, "rise", limit=limit)) for limit in (0, 1, 2, 59, 60, 99)]
    assert lengths == [0, 1, 2, 59, 60, 60]


def test_a_longer_pick_than_is_weighed_with_care_has_its_length_too():
    played = shaped(library(3000, 300), "rise", limit=1500)
    assert len(set(played)) == 1500
    assert likeness(played, "rise") > 0.99


def test_minutes_keep_the_whole_curve_and_are_nearly_used_but_not_exceeded():
    played = shaped(library(2000, 300), "warmup-peak-cooldown", minutes=90)
    assert 80 < sum(entry.duration_s for entry in played) / 60 <= 90
    assert played[-1].energy < 0.2


def test_minutes_shorter_than_any_track_give_an_empty_list():
    assert shaped(library(20, 20), "rise", minutes=1) == []


def test_per_artist_holds_for_shapes_as_well():
    played = shaped(library(300, 10), "rise", per_artist=2)
    assert max(Counter(artist_key(entry) for entry in played).values()) == 2


def test_nothing_shaped_is_nothing():
    assert shaped([], "rise") == []
    assert shaped([track()], "fall", limit=5) == [track()]


@pytest.mark.parametrize("shape", SHAPES)
def test_tracks_without_an_energy_are_left_out(shape):
    tracks = library(20, 5)
    assert shaped([track("/a", energy=None), *tracks], shape, limit=7) == shaped(tracks, shape, limit=7)
    assert shaped([track("/a", energy=None)], shape) == []


def test_an_unknown_shape_is_named():
    with pytest.raises(TaggerError, match="spiral: not a shape"):
        shaped([track()], "spiral")  # type: ignore[arg-type]


@pytest.mark.slow
def test_twenty_thousand_candidates_take_less_than_two_seconds():
    tracks = library(20_000, 2000)
    start = time.process_time()
    played = shaped(tracks, "wave")
    assert time.process_time() - start < 2
    assert len(played) == 20_000


def share_that_mixes(tracks):
    keys = [(a.key, b.key) for a, b in pairwise(tracks) if a.key and b.key]
    return float(np.mean([wheel_distance(*pair) <= 1 for pair in keys]))


def in_keys(tracks, confidence=0.8, seed=2):
    """The tracks in keys by chance, of which one in six mixes with another."""
    chance = random.Random(seed)
    return [replace(entry, key=chance.choice(KEYS), key_confidence=confidence) for entry in tracks]


def test_neighbours_mix_in_key_where_tempo_and_curve_allow_it():
    tracks = in_keys(library(2000, 300))
    silent_of_keys = [replace(entry, key=None, key_confidence=None) for entry in tracks]
    keys = {entry.path: entry for entry in tracks}
    before = [keys[entry.path] for entry in shaped(silent_of_keys, "wave")]
    played = shaped(tracks, "wave")
    assert share_that_mixes(before) < 0.2
    assert share_that_mixes(played) > 0.5
    assert mean_tempo_step_octaves(played) < mean_tempo_step_octaves(before) + 0.01
    assert likeness(played, "wave") > 0.98


def test_a_few_of_many_are_chosen_to_mix():
    played = [
        shaped(in_keys(library(2000, 300), seed=seed), "rise", limit=30, seed=seed) for seed in range(6)
    ]
    assert np.mean([*map(share_that_mixes, played)]) > 0.3
    assert np.mean([*map(mean_tempo_step_octaves, played)]) < 0.05


def test_doubtful_keys_move_less_than_sure_ones():
    sure, doubtful = (shaped(in_keys(library(2000, 300), p), "wave") for p in (0.9, 0.3))
    assert share_that_mixes(doubtful) < share_that_mixes(sure) - 0.2


def test_the_key_of_a_file_stands_before_the_one_that_was_heard():
    keys = Harmony.of(
        [track(key="Ebm", key_confidence=0.9, tag_key="Am"), track(key="Em", key_confidence=1.0)]
    )
    assert keys.clash(0, slice(None))[1] == 0


def test_keys_that_nobody_knows_change_nothing():
    tracks = library(300, 30)
    doubted = in_keys(tracks, confidence=0.0)
    assert [e.path for e in shaped(doubted, "wave")] == [e.path for e in shaped(tracks, "wave")]


def test_keys_clash_the_more_the_farther_they_are_and_unknown_ones_in_between():
    keys = Harmony.of([track(key=key) for key in ("Am", "Am", "C", "Em", "Bm", "Ebm", None)])
    assert keys.clash(0, slice(1, None)).tolist() == pytest.approx([0, 0, 0, 0.5, 0.9, 0.5])
    assert keys.clash(6, slice(0, 2)).tolist() == keys.clash(None, slice(0, 2)).tolist() == [0.5, 0.5]
    halves = Harmony.of([track(key=key, key_confidence=0.5) for key in ("Am", "Am")])
    assert halves.clash(0, slice(1, None)).tolist() == [0.375]


def test_a_track_begins_as_the_last_one_ends_where_tempo_and_curve_allow_it():
    random = np.random.default_rng(0)
    tracks = [track(f"/{n}", energy=n / 200, bpm=120.0, artist=f"Artist {n}") for n in range(200)]
    ends = {entry.path: tuple(random.uniform(0, 1, 2)) for entry in tracks}

    def mean_gap(played):
        return float(np.mean([abs(ends[a.path][1] - ends[b.path][0]) for a, b in pairwise(played)]))

    joined = shaped(tracks, "rise", ends_of=lambda chosen: [ends[entry.path] for entry in chosen])
    assert mean_gap(joined) < 0.5 * mean_gap(shaped(tracks, "rise"))
    assert likeness(joined, "rise") > 0.98
    unknown = shaped(tracks, "rise", ends_of=lambda chosen: [(None, None)] * len(chosen))
    assert [entry.path for entry in unknown] == [entry.path for entry in shaped(tracks, "rise")]
