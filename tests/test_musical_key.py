"""The names of keys, and which of them mix."""

import pytest

from tagger.musical_key import KEYS, camelot, key_named, mixing_with, open_key, wheel_distance, wheel_place

CAMELOT = {
    "G#m": "1A",
    "Ebm": "2A",
    "Bbm": "3A",
    "Fm": "4A",
    "Cm": "5A",
    "Gm": "6A",
    "Dm": "7A",
    "Am": "8A",
    "Em": "9A",
    "Bm": "10A",
    "F#m": "11A",
    "C#m": "12A",
    "B": "1B",
    "F#": "2B",
    "Db": "3B",
    "Ab": "4B",
    "Eb": "5B",
    "Bb": "6B",
    "F": "7B",
    "C": "8B",
    "G": "9B",
    "D": "10B",
    "A": "11B",
    "E": "12B",
}
"""As printed on the wheel of Mixed In Key."""

OPEN_KEY = {"Am": "1m", "C": "1d", "Em": "2m", "Bm": "3m", "F": "12d", "Dm": "12m", "E": "5d"}
"""As Traktor shows them."""


def test_each_key_has_its_place_on_the_wheel() -> None:
    assert {key: camelot(key) for key in KEYS} == CAMELOT


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_read_in_every_notation(key: str) -> None:
    major = not key.endswith("m")
    note = key.removesuffix("m")
    spelt = [key, camelot(key), camelot(key).lower(), f"{note} {'major' if major else 'minor'}"]
    spelt += [f"{note}maj", f"{note}M"] if major else [f"{note}min", f"{note} Minor"]
    assert {key_named(text) for text in spelt} == {key}


def test_a_key_of_open_key_is_read() -> None:
    assert {key: key_named(text) for key, text in OPEN_KEY.items()} == {key: key for key in OPEN_KEY}


@pytest.mark.parametrize(
    ("text", "key"), [("Abm", "G#m"), ("D#m", "Ebm"), ("Cb", "B"), ("e♭", "Eb"), ("G-flat", "F#")]
)
def test_another_spelling_is_the_same_key(text: str, key: str) -> None:
    assert key_named(text) == key


@pytest.mark.parametrize("text", ["", "o", "H", "0A", "13A", "8C", "Rock", "Am7", "A minorish", "All"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert key_named(text) is None


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_mix_are_a_step_away(key: str) -> None:
    assert {other for other in KEYS if wheel_distance(key, other) <= 1} == {*mixing_with(key)}


def test_a_wheel_is_seven_steps_wide() -> None:
    assert max(wheel_distance("Am", other) for other in KEYS) == wheel_distance("Am", "F#") == 7


def test_open_key_and_back_is_the_same_key() -> None:
    assert [key_named(open_key(key)) for key in KEYS] == [*KEYS]
    assert len({open_key(key) for key in KEYS}) == 24


def test_along_the_wheel_each_number_is_minor_and_then_major() -> None:
    along = [camelot(key) for key in sorted(KEYS, key=wheel_place)]
    assert along == [f"{number}{letter}" for number in range(1, 13) for letter in "AB"]
    assert sorted(map(wheel_place, KEYS)) == [*range(24)]
