from __future__ import annotations

import random

import pytest

from tagger.errors import TaggerError
from tagger.playlist import selected

from .tracks import library, track


def paths(entries):
    return [entry.path for entry in entries]


def test_energy_is_the_default_order_and_a_minus_turns_it_round():
    calm, wild = track("/a", energy=0.1), track("/b", energy=0.9)
    assert selected([wild, calm]) == [calm, wild]
    assert selected([calm, wild], "-energy") == [wild, calm]


def test_equal_energies_stand_by_path_in_both_directions():
    a, b = track("/a"), track("/b")
    assert selected([b, a], "energy") == [a, b]
    assert selected([b, a], "-energy") == [a, b]


def test_unknown_energies_come_last_in_both_directions():
    unknown, calm, wild = track("/a", energy=None), track("/b", energy=0.0), track("/c", energy=0.9)
    assert selected([unknown, wild, calm]) == [calm, wild, unknown]
    assert selected([unknown, calm, wild], "-energy") == [wild, calm, unknown]


def test_unknown_tempos_come_last():
    unknown, slow, fast = track("/a", bpm=None), track("/b", bpm=80.0), track("/c", bpm=160.0)
    assert selected([unknown, fast, slow], "bpm") == [slow, fast, unknown]


def test_valence_sorts_both_ways_with_the_unknown_last():
    sad, happy, unknown = track("/b", valence=0.0), track("/a", valence=0.9), track("/c")
    assert selected([unknown, happy, sad], "valence") == [sad, happy, unknown]
    assert selected([unknown, sad, happy], "-valence") == [happy, sad, unknown]


def test_keys_sort_along_the_wheel_then_by_tempo_and_the_file_s_own_key_counts():
    slow, fast = track("/d", key="Am", bpm=90.0), track("/c", key="Am", bpm=120.0)
    first, own, none = track("/e", key="G#m"), track("/b", key="G#m", tag_key="C"), track("/a")
    assert selected([none, own, fast, slow, first], "key") == [first, slow, fast, own, none]


def test_words_sort_by_the_least_sure_of_those_asked_for():
    one = track("/a", words={"Piano": 0.9, "Slow": 0.6, "Loud": 0.1})
    two = track("/b", words={"Piano": 0.7, "Slow": 0.8})
    assert selected([one, two], "-word", words=("Piano", "Slow")) == [two, one]
    assert selected([two, one], "-word", words=("Piano",)) == [one, two]


def test_a_random_order_depends_on_the_seed_alone():
    tracks = library(50, 5)
    shuffled = random.Random(7).sample(tracks, len(tracks))
    assert selected(tracks, "random", seed=4) == selected(shuffled, "random", seed=4)
    assert selected(tracks, "random", seed=4) != selected(tracks, "random", seed=5)


def test_limit_counts_tracks():
    assert len(selected(library(50, 5), limit=7)) == 7
    assert selected(library(3, 3), limit=0) == []


def test_minutes_stop_before_they_are_exceeded():
    tracks = [track(f"/{name}", duration_s=180.0) for name in "abc"]
    assert paths(selected(tracks, "path", minutes=6)) == ["/a", "/b"]
    assert paths(selected(tracks, "path", minutes=5.9)) == ["/a"]


def test_an_artist_gets_no_more_than_his_share_however_he_is_written():
    tracks = [track("/a", artist="ABBA"), track("/b", artist=" abba "), track("/c", artist="Blur")]
    assert paths(selected(tracks, "path", per_artist=1)) == ["/a", "/c"]


def test_unknown_artists_are_not_one_artist():
    tracks = [track("/a", artist=None), track("/b", artist=""), track("/c", artist="  ")]
    assert paths(selected(tracks, "path", per_artist=1)) == ["/a", "/b", "/c"]


def test_an_unknown_sort_is_named():
    with pytest.raises(TaggerError, match="loudness: not a sort order"):
        selected([track()], "loudness")  # type: ignore[arg-type]
