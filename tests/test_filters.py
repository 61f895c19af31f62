"""The filters, declared once: as options, as keys of TOML, as fields of a question, and in SQL."""

import inspect
from dataclasses import fields
from typing import Any

import pytest

from tagger.cli.list_tracks import list_tracks
from tagger.cli.playlist import playlist
from tagger.cli.stats import stats
from tagger.errors import TaggerError
from tagger.playlist import plan_of
from tagger.query import FILTERS, Filter, Query, genre_named, read_query
from tagger.store.answers import tracks_query

EXAMPLES: dict[str, tuple[str, Any]] = {
    "genre": ("Rock", ("Rock",)),
    "not_genre": ("Jazz", ("Jazz",)),
    "energy": ("0.25-0.5", (0.25, pytest.approx(0.5))),
    "bpm": ("120-128", (120.0, 128.0)),
    "min_confidence": ("0.8", 0.8),
    "artist": ("Björk", ("Björk",)),
    "album": ("Post", ("Post",)),
    "path": ("/Live/", ("/Live/",)),
    "year": ("-1999", (0, 1999)),
}
"""Of each filter a text, and what `Query` holds for it."""


def name(each: Filter) -> str:
    return each.name


def test_every_field_of_a_question_that_narrows_has_a_filter() -> None:
    others = {"paths", "limit", "order"}
    assert {each.field for each in FILTERS} == {field.name for field in fields(Query)} - others
    assert {each.name for each in FILTERS} == set(EXAMPLES)


@pytest.mark.parametrize("each", FILTERS, ids=name)
def test_a_filter_is_read_alike_from_options_and_from_toml(each: Filter) -> None:
    text, expected = EXAMPLES[each.name]
    typed = read_query({each.name: [text] if each.repeats else text})
    assert getattr(typed, each.field) == expected
    assert each.is_in(typed) and not each.is_in(Query())
    key = each.option.removeprefix("--")
    assert plan_of("x", {key: text, "output": "x.m3u8"}, "/lists").query == typed


@pytest.mark.parametrize("each", FILTERS, ids=name)
def test_every_command_that_asks_has_every_filter(each: Filter) -> None:
    for command in (list_tracks, stats, playlist):
        assert each.name in inspect.signature(command).parameters


@pytest.mark.parametrize("each", FILTERS, ids=name)
def test_every_filter_narrows_in_sql(each: Filter) -> None:
    text, _ = EXAMPLES[each.name]
    narrowed = tracks_query(read_query({each.name: text}), "small-3", "t.path")
    assert narrowed != tracks_query(Query(), "small-3", "t.path")


@pytest.mark.parametrize("each", [each for each in FILTERS if not each.repeats], ids=name)
@pytest.mark.parametrize("text", ["", "x", "nan", "2-1", "-"])
def test_what_a_filter_cannot_read_is_refused_with_what_it_can(each: Filter, text: str) -> None:
    with pytest.raises(TaggerError) as refused:
        read_query({each.name: text})
    assert str(refused.value) == f"{each.option} {text}: give {each.expected}"


def test_python_gives_values_where_people_type_texts() -> None:
    typed = read_query({"genre": "Rock", "energy": "high", "year": "1994", "min_confidence": "0.8"})
    energy = typed.energy or (0.0, 0.0)
    given = {"genre": ("Rock",), "energy": energy, "year": 1994, "min_confidence": 0.8, "bpm": None}
    assert read_query(given) == typed
    with pytest.raises(TaggerError, match="no filter 'gener'; there are genre, not_genre, energy"):
        read_query({"gener": "Rock"})


def test_an_empty_question_asks_for_everything() -> None:
    assert read_query({}) == read_query(dict.fromkeys(EXAMPLES)) == Query()


def test_a_genre_is_named_in_any_case_and_never_guessed() -> None:
    known = ["Hip-Hop", "R&B"]
    assert [genre_named(text, known, "m") for text in ("hip-HOP", " r&b ")] == known
    with pytest.raises(TaggerError, match=r"no genre 'polka'; m knows: Hip-Hop, R&B"):
        genre_named("polka", known, "m")
