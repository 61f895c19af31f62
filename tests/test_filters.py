"""The filters, declared once: as options, as keys of TOML, as fields of a question, and in SQL."""

import inspect
from dataclasses import fields
from typing import Any

import pytest

from tagger.cli.list_tracks import list_tracks
from tagger.cli.playlist import playlist
from tagger.cli.stats import stats
from tagger.errors import TaggerError
from tagger.playlist import plans_of
from tagger.query import FILTERS, Filter, Query, genre_named, read_query, word_named
from tagger.query.filter_values import energy_range, year_range
from tagger.store.question import tracks_query
from tagger.types import energy_level

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "genre": ("Rock", ("Rock",)),
    "not_genre": ("Jazz", ("Jazz",)),
    "energy": ("0.25-0.5", (0.25, pytest.approx(0.5))),
    "bpm": ("120-128", (120.0, 128.0)),
    "key": ("8A", ("Am",)),
    "mixes_with": ("C minor", ("Cm",)),
    "bpm_octaves": (True, True),
    "min_confidence": ("0.8", 0.8),
    "word": ("Piano", ("Piano",)),
    "not_word": ("Vocals", ("Vocals",)),
    "mood": ("calm", ("calm",)),
    "valence": ("0.6-", (0.6, 1.0)),
    "sound": ("speech", ("speech",)),
    "artist": ("Björk", ("Björk",)),
    "album": ("Post", ("Post",)),
    "path": ("/Live/", ("/Live/",)),
    "year": ("-1999", (0, 1999)),
    "min_length": ("2m", 120.0),
    "tag_genre": ("Trip Hop", ("Trip Hop",)),
    "agrees": (True, True),
    "differs": (True, True),
    "untagged": (True, True),
    "corrected": (True, True),
}
"""Of each filter what is given, and what `Query` holds for it."""

BESIDE: dict[str, dict[str, str]] = {"bpm_octaves": {"bpm": "120-128"}}
"""Of a filter that widens another one, what that is."""


def name(each: Filter) -> str:
    return each.name


def test_every_field_of_a_question_that_narrows_has_a_filter() -> None:
    others = {"paths", "missing", "duplicates", "limit", "order", "no_album", "as_heard", "further_genres"}
    assert {each.field for each in FILTERS} == {field.name for field in fields(Query)} - others
    assert {each.name for each in FILTERS} == set(EXAMPLES)


@pytest.mark.parametrize("each", FILTERS, ids=name)
def test_a_filter_is_read_alike_from_options_and_from_toml(each: Filter) -> None:
    text, expected = EXAMPLES[each.name]
    beside = BESIDE.get(each.name, {})
    typed = read_query({each.name: [text] if each.repeats else text, **beside})
    assert getattr(typed, each.field) == expected
    assert each.is_in(typed) and not each.is_in(Query())
    key = each.option.removeprefix("--")
    (plan,) = plans_of("x", {key: text, "output": "x.m3u8", **beside}, "/lists")
    assert plan.query == typed


@pytest.mark.parametrize("each", FILTERS, ids=name)
def test_every_command_that_asks_has_every_filter(each: Filter) -> None:
    for command in (list_tracks, stats, playlist):
        assert each.name in inspect.signature(command).parameters


@pytest.mark.parametrize("each", FILTERS, ids=name)
def test_every_filter_narrows_in_sql(each: Filter) -> None:
    text, _ = EXAMPLES[each.name]
    beside = BESIDE.get(each.name, {})
    narrowed = tracks_query(read_query({each.name: text, **beside}), "small-6", "t.path")
    assert narrowed != tracks_query(read_query(beside), "small-6", "t.path")


def test_a_filter_that_widens_another_one_is_nothing_without_it() -> None:
    with pytest.raises(TaggerError, match="--bpm-octaves widens a tempo that is asked for; give --bpm, too"):
        read_query({"bpm_octaves": True})


@pytest.mark.parametrize("each", [each for each in FILTERS if not each.repeats], ids=name)
@pytest.mark.parametrize("text", ["", "x", "nan", "-"])  # a text for a flag can only come from Python
def test_what_a_filter_cannot_read_is_refused_with_what_it_can(each: Filter, text: str) -> None:
    with pytest.raises(TaggerError) as refused:
        read_query({each.name: text})
    assert str(refused.value) == f"{each.option} {text}: give {each.expected}"


@pytest.mark.parametrize(
    ("filter", "text", "turned"),
    [
        ("bpm", "128-120", "120-128"),
        ("energy", "0.7-0.4", "0.4-0.7"),
        ("energy", "10-7", "7-10"),
        ("year", "1999-1990", "1990-1999"),
        ("year", "90s - 80s", "80s-90s"),
    ],
)
def test_a_range_the_wrong_way_round_is_answered_with_the_right_one(
    filter: str, text: str, turned: str
) -> None:
    with pytest.raises(TaggerError) as refused:
        read_query({filter: text})
    assert str(refused.value) == f"--{filter} {text}: the lower end comes first: {turned}"


def levels(text: str) -> list[int]:
    """The levels of a thousand energies that the range holds."""
    low, high = energy_range(text)
    return sorted({energy_level(n / 1000) for n in range(1001) if low <= n / 1000 < high})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", [7]),
        ("10", [10]),
        ("7-10", [7, 8, 9, 10]),
        ("1-3", [1, 2, 3]),
        (" 2 - 2 ", [2]),
        ("0-1", [*range(1, 11)]),
        ("0-0.1", [1]),
        ("1-1", [10]),
    ],
)
def test_an_energy_can_be_a_level(text: str, expected: list[int]) -> None:
    assert levels(text) == expected


def test_an_energy_of_a_level_holds_exactly_what_the_list_shows_with_that_level() -> None:
    for level in range(2, 11):
        low, high = energy_range(str(level))
        assert all((low <= n / 10_000 < high) == (energy_level(n / 10_000) == level) for n in range(10_001))


@pytest.mark.parametrize("text", ["0-3", "11", "7-11", "0.5-7", "7.5", "-3", "2-nan", "nan", "0.4"])
def test_an_energy_that_is_neither_level_nor_range_is_refused(text: str) -> None:
    with pytest.raises(TaggerError, match=r"within 0-1 such as 0.4-0.7, or levels such as 7 or 7-10"):
        read_query({"energy": text})


def test_an_energy_of_one_could_be_the_calmest_or_the_wildest_and_is_asked_back() -> None:
    for text in ("1", "1.0"):
        with pytest.raises(TaggerError, match=r"give 0-0.1 for level 1, the calmest, or 10 for the wildest"):
            read_query({"energy": text})


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("90s", (1990, 1999)),
        ("1990s", (1990, 1999)),
        ("'90s", (1990, 1999)),
        ("00s", (2000, 2009)),
        ("10S", (2010, 2019)),
        ("30s", (1930, 1939)),
        ("80s-90s", (1980, 1999)),
        ("1985-00s", (1985, 2009)),
        ("90s-", (1990, 9999)),
        ("-90s", (0, 1999)),
    ],
)
def test_a_year_can_be_a_decade(text: str, years: tuple[int, int]) -> None:
    assert year_range(text) == years


@pytest.mark.parametrize("text", ["95s", "90ss", "s", "190s", "1990.5", "90s-x"])
def test_a_decade_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        year_range(text)


def test_python_gives_values_where_people_type_texts() -> None:
    typed = read_query({"genre": "Rock", "energy": "high", "year": "1994", "min_confidence": "0.8"})
    energy = typed.energy or (0.0, 0.0)
    given = {"genre": ("Rock",), "energy": energy, "year": 1994, "min_confidence": 0.8, "bpm": None}
    assert read_query(given) == typed
    with pytest.raises(TaggerError, match="no filter 'gener'; there are genre, not_genre, energy"):
        read_query({"gener": "Rock"})


def test_an_empty_question_asks_for_everything() -> None:
    assert read_query({}) == read_query(dict.fromkeys(EXAMPLES)) == Query()


def test_a_genre_is_named_in_any_spelling_that_leaves_no_doubt() -> None:
    known = ["Hip-Hop", "R&B"]
    assert [genre_named(text, known, "m") for text in ("hip-HOP", " r&b ")] == known
    for text in ("hiphop", "hip hop", "Hip_Hop", "hip‐hop", "HIPHOP!"):
        assert genre_named(text, known, "m") == "Hip-Hop"
    for text in ("R and B", "r'n'b", "R+B", "rb"):
        assert genre_named(text, known, "m") == "R&B"
    with pytest.raises(TaggerError, match=r"no genre 'polka'; m knows: Hip-Hop, R&B"):
        genre_named("polka", known, "m")
    with pytest.raises(TaggerError, match=r"no genre 'hip'; did you mean 'Hip-Hop'\?"):
        genre_named("hip", known, "m")
    for text in ("", "&", "?"):
        with pytest.raises(TaggerError, match="no genre"):
            genre_named(text, known, "m")


def test_a_genre_that_could_be_two_is_not_guessed() -> None:
    known = ["Hip-Hop", "Hip Hop", "hip hop"]
    assert genre_named("Hip-Hop", known, "m") == "Hip-Hop"
    assert genre_named("Hip Hop", known, "m") == "Hip Hop"
    assert genre_named("HIP-HOP", known, "m") == "Hip-Hop"
    with pytest.raises(TaggerError, match="no genre 'hiphop'"):
        genre_named("hiphop", known, "m")


def test_what_no_track_can_be_at_once_is_refused() -> None:
    with pytest.raises(TaggerError) as refused:
        read_query({"agrees": True, "differs": False, "untagged": True})
    assert str(refused.value) == "--agrees and --untagged exclude each other; give one of them"


def test_a_word_is_named_as_people_call_it() -> None:
    known = ["Drum & Bass", "Female Voice", "Instrumental", "Synthesizer", "Vocals"]
    called = {"dnb": 0, "D&B": 0, "Female Vocalists": 1, "woman": 1, "no vocals": 2, "synths": 3, "voice": 4}
    assert {text: known.index(word_named(text, known, [], "m")) for text in called} == called


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("r and b", "'r and b' is a genre and no word; give --genre \"R&B\""),
        ("Sad", "'Sad' is a mood and no word; give --mood sad"),
        ("pinao", "no word 'pinao'; did you mean 'Piano'? `tagger models` lists the 2 of m"),
        ("", "no word ''; `tagger models` lists the 2 of m"),
    ],
)
def test_what_is_no_word_is_answered_with_what_was_meant(text: str, answer: str) -> None:
    with pytest.raises(TaggerError) as refused:
        word_named(text, ["Piano", "House"], ["R&B"], "m")
    assert str(refused.value) == answer
