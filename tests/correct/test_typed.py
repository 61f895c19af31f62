"""What the owner types is read, or refused in one line."""

from typing import Any

import pytest

from tagger.correct.typed import bpm_typed, energy_typed, genres_typed, texts_of_value, value_of
from tagger.errors import TaggerError
from tagger.store import Correction
from tagger.types import CorrectedField, energy_level


@pytest.mark.parametrize(
    ("typed", "energy"),
    [("2", 0.15), ("7", 0.65), ("10", 0.95), ("0", 0.0), ("0.123456", 0.1235), ("7.0", 0.65)],
)
def test_an_energy_is_a_level_or_a_number_below_1(typed: str, energy: float) -> None:
    assert energy_typed(typed) == energy
    if float(typed) > 1:
        assert energy_level(energy) == float(typed)


@pytest.mark.parametrize("typed", ["1", "1.0", "11", "7.5", "-1", "loud", "", "nan", "inf", "high"])
def test_what_is_no_energy_is_refused(typed: str) -> None:
    with pytest.raises(TaggerError, match=r"^--energy .*: give .*"):
        energy_typed(typed)


@pytest.mark.parametrize(
    ("typed", "bpm"), [("124", 124.0), ("87,5", 87.5), ("99.999", 100.0), (" 60 bpm", 60.0)]
)
def test_a_tempo_is_a_number(typed: str, bpm: float) -> None:
    assert bpm_typed(typed) == bpm


@pytest.mark.parametrize("typed", ["0", "0.5", "1000", "fast", "-3", ""])
def test_what_is_no_tempo_is_refused(typed: str) -> None:
    with pytest.raises(TaggerError, match=r"^--bpm .*: give a tempo from 1 to 999$"):
        bpm_typed(typed)


@pytest.mark.parametrize("typed", ["", " ; ", "x" * 201, "a\x07b", ";".join(map(str, range(21)))])
def test_what_is_no_genre_is_refused(typed: str) -> None:
    with pytest.raises(TaggerError):
        genres_typed(typed)


@pytest.mark.parametrize(
    ("field", "value", "texts"),
    [
        ("genre", ["Surf", "Pop/Rock"], ("Surf", "Pop & Rock")),
        ("genre", "Surf", ("Surf",)),
        ("energy", 0.65, ("0.65",)),
        ("energy", 7, ("0.65",)),
        ("energy", "7", ("0.65",)),
        ("bpm", 87.5, ("87.5",)),
        ("bpm", 174, ("174",)),
    ],
)
def test_a_value_of_json_is_kept_as_text_and_comes_back(
    field: CorrectedField, value: Any, texts: tuple[str, ...]
) -> None:
    assert texts_of_value(field, value) == texts
    again = value_of(field, Correction("set", texts))
    assert texts_of_value(field, again) == texts


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("genre", []),
        ("genre", 7),
        ("genre", [7]),
        ("energy", None),
        ("energy", True),
        ("bpm", [120]),
        ("bpm", {}),
    ],
)
def test_another_value_of_json_is_refused(field: CorrectedField, value: Any) -> None:
    with pytest.raises(TaggerError):
        texts_of_value(field, value)
