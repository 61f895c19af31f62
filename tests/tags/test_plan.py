from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.tags import Change, GenrePolicy, Policy, Tags, Wanted, plan
from tagger.tags.fields import genre_names, is_among, unsplittable


def genres_after(
    present: tuple[str, ...], wanted: tuple[str, ...], policy: GenrePolicy, max_genres: int = 1
) -> tuple[str, ...] | None:
    """The genre that would be written; None when nothing would be."""
    tags = Tags("flac", genre_names(present), genre_texts=present)
    changes = plan(tags, Wanted(wanted), Policy(policy, max_genres))
    return changes[0].after if changes else None


@pytest.mark.parametrize(
    ("present", "wanted", "policy", "max_genres", "after"),
    [
        ((), ("House", "Techno"), "missing", 1, ("House",)),
        ((), ("House", "Techno"), "missing", 2, ("House", "Techno")),
        (("", " "), ("House",), "missing", 1, ("House",)),
        (("Rock",), ("House",), "missing", 1, None),
        (("(17)",), ("House",), "missing", 1, None),
        (("Rock",), ("House",), "replace", 1, ("House",)),
        (("house",), ("House",), "replace", 1, None),
        (("Rock",), ("House",), "add", 1, ("Rock", "House")),
        (("Rock; HOUSE",), ("House",), "add", 1, None),
        (("(17)",), ("Rock",), "add", 1, None),
        ((), ("House",), "add", 1, ("House",)),
        ((), ("House",), "never", 1, None),
        (("Rock",), (), "replace", 1, None),
        ((), ("Pop/Rock", "A; B, C"), "missing", 2, ("Pop & Rock", "A & B & C")),
        ((), ("House", "house", "Techno"), "missing", 2, ("House", "Techno")),
    ],
)
def test_a_genre_is_written_as_the_policy_says(
    present: tuple[str, ...], wanted: tuple[str, ...], policy: GenrePolicy, max_genres: int, after: object
) -> None:
    assert genres_after(present, wanted, policy, max_genres) == after


def test_a_genre_beside_the_main_tag_counts_as_the_files_own() -> None:
    tags = Tags("mp3", genres=("Blues",))
    assert plan(tags, Wanted(("House",))) == ()
    assert plan(tags, Wanted(("House",)), Policy("add")) == (Change("genre", (), ("Blues", "House")),)


def test_nothing_is_added_to_a_genre_that_cannot_be_read() -> None:
    tags = Tags("ape", ("\ufffd",), genre_texts=("\ufffd",))
    assert plan(tags, Wanted(("House",)), Policy("add")) == ()


def test_energy_is_written_where_absent() -> None:
    assert plan(Tags("mp3"), Wanted(energy=0.70004)) == (
        Change("energy_level", (), ("8",)),
        Change("energy", (), ("0.7000",)),
    )


def test_energy_that_we_wrote_is_renewed() -> None:
    tags = Tags("mp3", energy_level="8", energy="0.7000")
    assert [change.after for change in plan(tags, Wanted(energy=0.1))] == [("1",), ("0.1000",)]


@pytest.mark.parametrize("energy", [None, "0.2000", "loud", "nan"])
def test_a_level_of_another_program_is_kept(energy: str | None) -> None:
    changes = plan(Tags("mp3", energy_level="7", energy=energy), Wanted(energy=0.9))
    assert [change.field for change in changes] == ["energy"]


@pytest.mark.parametrize("bpm", [None, "", "0", "0.0", "00"])
def test_a_tempo_is_written_where_it_is_absent_or_zero(bpm: str | None) -> None:
    assert [change.after for change in plan(Tags("mp3", bpm=bpm), Wanted(bpm=127.6))] == [("128",)]


def test_a_tempo_is_renewed_only_where_we_wrote_it() -> None:
    assert plan(Tags("mp3", bpm="120"), Wanted(bpm=90)) == ()
    assert plan(Tags("mp3", bpm="120"), Wanted(bpm=90), ours={"bpm": ("120",)}) != ()
    assert plan(Tags("mp3", bpm="121"), Wanted(bpm=90), ours={"bpm": ("120",)}) == ()


@pytest.mark.parametrize("present", ["90", "64", "nan", "fast", "127.4"])
def test_another_tempo_is_replaced_on_request(present: str) -> None:
    changes = plan(Tags("mp3", bpm=present), Wanted(bpm=127.6), Policy(bpm="replace"))
    assert [(change.before, change.after) for change in changes] == [((present,), ("128",))]


@pytest.mark.parametrize("present", ["128", "127.98", " 128.0 "])
def test_a_finer_tempo_of_the_same_number_is_not_replaced(present: str) -> None:
    assert plan(Tags("mp3", bpm=present), Wanted(bpm=127.6), Policy(bpm="replace")) == ()


@pytest.mark.parametrize("present", [None, "0", "90"])
def test_no_tempo_is_written_where_that_is_asked(present: str | None) -> None:
    assert plan(Tags("mp3", bpm=present), Wanted(bpm=127.6), Policy(bpm="never"), ours={"bpm": ("90",)}) == ()


@pytest.mark.parametrize(
    "wanted", [Wanted(bpm=float("nan")), Wanted(energy=float("nan")), Wanted(bpm=0.2), Wanted(bpm=5000)]
)
def test_values_out_of_range_are_not_written(wanted: Wanted) -> None:
    assert plan(Tags("mp3"), wanted) == ()


def test_what_is_switched_off_is_not_written() -> None:
    assert plan(Tags("mp3"), Wanted(("x",), 0.5, 90), Policy("never", energy=False, bpm="never")) == ()


@given(st.lists(st.text(max_size=12), max_size=4), st.floats(0, 1), st.floats(1, 999))
def test_a_planned_file_needs_no_second_plan(genres: list[str], energy: float, bpm: float) -> None:
    wanted = Wanted(tuple(genres), energy, bpm)
    after = {change.field: change.after for change in plan(Tags("flac"), wanted, Policy(max_genres=4))}
    genre = after.get("genre", ())
    assert not any(character in name for name in genre for character in ";/,\\|\0")
    tags = Tags(
        "flac", genre_names(genre), after["energy_level"][0], after["energy"][0], after["bpm"][0], genre
    )
    assert plan(tags, wanted, Policy(max_genres=4), ours={"bpm": after["bpm"]}) == ()


def test_a_genre_is_found_in_a_list_whatever_its_case_and_spelling() -> None:
    assert is_among("pop & rock", ["Pop/Rock"])
    assert is_among("House", ["Deep; HOUSE"])
    assert not is_among("House", ["Deep House"])
    assert unsplittable(" Pop / Rock ;") == "Pop & Rock"


@pytest.mark.parametrize(
    ("present", "said", "policy", "after"),
    [
        (("Rock",), ("Surf",), "missing", ("Surf",)),
        (("Rock",), ("Surf", "Rock"), "missing", ("Surf", "Rock")),
        (("Rock",), ("Surf",), "add", ("Rock", "Surf")),
        (("Rock",), ("Surf",), "never", None),
        (("pop/rock",), ("Pop/Rock",), "missing", None),
        (("Surf", "Rock"), ("Rock", "Surf"), "missing", ("Rock", "Surf")),
        ((), (), "missing", None),
    ],
)
def test_what_the_owner_has_said_takes_the_place_of_a_genre_unless_it_is_forbidden(
    present: tuple[str, ...], said: tuple[str, ...], policy: GenrePolicy, after: object
) -> None:
    tags = Tags("flac", genre_names(present), genre_texts=present)
    changes = plan(tags, Wanted(said, said=frozenset({"genre"})), Policy(policy))
    assert (changes[0].after if changes else None) == after


def test_what_the_owner_has_said_takes_the_place_of_another_program_s_level_and_tempo() -> None:
    tags = Tags("mp3", energy_level="3", bpm="90")
    said = Wanted(energy=0.65, bpm=124.0, said=frozenset({"energy", "bpm"}))
    assert plan(tags, said) == (
        Change("energy_level", ("3",), ("7",)),
        Change("energy", (), ("0.6500",)),
        Change("bpm", ("90",), ("124",)),
    )
    assert plan(tags, said, Policy(energy=False, bpm="never")) == ()
    assert plan(Tags("mp3", energy="0.6500", energy_level="7", bpm="123.98"), said) == ()
