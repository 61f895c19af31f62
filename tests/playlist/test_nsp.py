from __future__ import annotations

import json
import math
import tomllib

from tagger.playlist import NAVIDROME_TAGS, Sort, render_nsp
from tagger.playlist.nsp import conditions
from tagger.query import Query

TAG_OPERATORS = {"is", "isNot", "gt", "lt", "contains", "notContains", "startsWith", "endsWith"}
COLUMNS = {"bpm", "year", "album", "filepath"}  # the rest are tags or roles, which know no inTheRange


def read(query: Query, sort: Sort = "energy", **more: object):
    return json.loads(render_nsp(query, sort, **more).content)


def comparisons(conditions):
    """Every (operator, field) of a rule; each condition must have one operator with one field."""
    for condition in conditions:
        ((operator, operand),) = condition.items()
        if operator in ("any", "all"):
            yield from comparisons(operand)
        else:
            ((field, _),) = operand.items()
            yield operator, field


def test_a_least_length_is_a_range_of_seconds():
    assert conditions(Query(min_length_s=30.0)) == [{"inTheRange": {"duration": [30.0, 1_000_000]}}]


def test_a_rule_says_genre_energy_order_and_limit():
    query = Query(genres=("Rock",), energy=(2 / 3, math.inf))
    assert read(query, "-energy", limit=50, title="Loud", comment="by tagger") == {
        "name": "Loud",
        "comment": "by tagger",
        "all": [
            {"is": {"genre": "Rock"}},
            {"any": [{"gt": {"tagger_energy": 2 / 3}}, {"is": {"tagger_energy": 2 / 3}}]},
        ],
        "sort": "tagger_energy",
        "order": "desc",
        "limit": 50,
    }


def test_several_genres_are_alternatives_and_unwanted_ones_all_hold():
    query = Query(genres=("Rock", "Pop"), not_genres=("Jazz", "Folk"))
    assert read(query)["all"] == [
        {"any": [{"is": {"genre": "Rock"}}, {"is": {"genre": "Pop"}}]},
        {"isNot": {"genre": "Jazz"}},
        {"isNot": {"genre": "Folk"}},
    ]


def test_ranges_of_columns_are_in_the_range():
    query = Query(bpm=(120, 128), year=(1981, 1990), path_parts=("Party/",))
    assert read(query)["all"] == [
        {"inTheRange": {"bpm": [120, 128]}},
        {"inTheRange": {"year": [1981, 1990]}},
        {"contains": {"filepath": "Party/"}},
    ]


def test_words_are_asked_of_the_grouping_all_of_them_and_moods_of_the_mood():
    query = Query(words=("Piano", "Slow"), not_words=("Vocals",), moods=("calm", "sad"))
    assert read(query)["all"] == [
        {"is": {"grouping": "Piano"}},
        {"is": {"grouping": "Slow"}},
        {"isNot": {"grouping": "Vocals"}},
        {"any": [{"is": {"mood": "calm"}}, {"is": {"mood": "sad"}}]},
    ]


def test_only_operators_that_navidrome_knows_for_a_tag_stand_beside_one():
    query = Query(
        genres=("Rock", "Pop"),
        not_genres=("Jazz",),
        words=("Piano",),
        not_words=("Vocals",),
        moods=("calm", "sad"),
        energy=(0.2, 0.5),
        bpm=(90, 100),
        artists=("Blur",),
        albums=("Blur", "13"),
        path_parts=("a",),
        year=(1990, 1999),
    )
    for operator, field in comparisons(read(query)["all"]):
        assert operator in TAG_OPERATORS or (operator == "inTheRange" and field in COLUMNS)


def test_a_rule_without_filters_asks_for_tracks_whose_energy_is_known():
    assert read(Query()) == {
        "all": [{"gt": {"tagger_energy": -1}}],
        "sort": "tagger_energy",
        "order": "asc",
    }


def test_a_rule_in_another_order_asks_for_every_file():
    for sort in ("path", "bpm", "random"):
        assert read(Query(), sort)["all"] == [{"contains": {"filepath": "."}}]


def test_an_energy_range_from_zero_needs_no_lower_bound():
    assert read(Query(energy=(0.0, 1 / 3)))["all"] == [{"lt": {"tagger_energy": 1 / 3}}]


def test_a_random_rule_is_random():
    assert read(Query(), "random")["sort"] == "random"


def test_what_the_server_has_to_declare_is_valid_toml_with_numeric_types():
    tags = tomllib.loads(NAVIDROME_TAGS)["Tags"]
    assert {name: tag["Type"] for name, tag in tags.items()} == {
        "tagger_energy": "float",
        "energylevel": "int",
    }
