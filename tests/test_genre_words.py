"""Which words in a file's own genre say something of its music."""

import pytest

from tagger.genre_words import is_named, says_genre


@pytest.mark.parametrize(
    "text",
    [
        "Unknown",
        "Unknown Genre",
        "OTHER",
        "other ",
        "genre",
        "Misc.",
        "Podcast",
        "N/A",
        "(255)",
        "255",
        "12 34",
    ],
)
def test_words_that_stand_where_no_genre_does_say_nothing(text: str) -> None:
    assert not says_genre(text)


@pytest.mark.parametrize("text", ["", " ", "-", "?", "Other; Misc", "Unknown/12"])
def test_neither_do_lists_of_them_nor_signs(text: str) -> None:
    assert not says_genre(text)


@pytest.mark.parametrize(
    "text", ["www.music.example", "https://a.example/b", "Ripped by BestMp3.com", "djs.in"]
)
def test_a_web_address_says_nothing(text: str) -> None:
    assert not says_genre(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rock",
        "Misc; Jazz",
        "80s",
        "2-Step",
        "Other Rock",
        "Шансон",
        "演歌",
        "R&B",
        "Nu.Jazz",
        "St. Pauli Ska",
    ],
)
def test_everything_else_says_something(text: str) -> None:
    assert says_genre(text)


def test_another_list_takes_the_place_of_the_shipped_one() -> None:
    nothing = frozenset({"Best Of"})
    assert says_genre("Unknown", nothing) and not says_genre("best-of", nothing)


def test_a_genre_is_found_in_any_spelling_and_in_a_list() -> None:
    assert is_named("Hip Hop/Rap", "hip-hop") and is_named("Folk, World, & Country", "country")
    assert not is_named("Hip Hop/Rap", "Pop")
