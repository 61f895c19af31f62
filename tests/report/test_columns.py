"""What the script of a page is told of each track."""

import gzip
import json
from base64 import b64decode
from dataclasses import replace

import numpy as np

from tagger.genre_names import GenreNames
from tagger.report.charts import OTHER
from tagger.report.columns import columns, packed
from tagger.report.links import links_of
from tests.report.made_up import facts_of, row


def of(rows: list, **more: object) -> dict:  # type: ignore[type-arg]
    """The columns of these tracks, with a colour for each of three genres."""
    facts = facts_of(rows, **more)
    return columns(facts, links_of([each.track.path for each in rows], "/m", None), [0, 1, 2])


def test_what_tracks_share_stands_once() -> None:
    found = of(
        [
            row(
                "/m/Ada/1.mp3", "Rock", artist="Ada", album="Live", title="One", tag_genres=("House", "Rock")
            ),
            row("/m/Ada/2.mp3", "Jazz", artist="Ada", album="Live", title="Two"),
            row("/m/3.mp3", None),
        ]
    )
    assert (found["artists"], found["artist"]) == (["Ada"], [0, 0, -1])
    assert (found["albums"], found["album"]) == (["Live"], [0, 0, -1])
    assert found["folders"] == [("/m/Ada", "file:///m/Ada/"), ("/m", "file:///m/")]
    assert (found["folder"], found["name"]) == ([0, 0, 1], ["1.mp3", "2.mp3", "3.mp3"])
    assert (found["genres"], found["genre"]) == (["Classical", "Jazz", "Rock"], [2, 1, -1])
    assert (found["owns"], found["own"]) == (["House; Rock"], [0, -1, -1])
    assert found["title"] == ["One", "Two", "3"]


def test_numbers_are_told_as_people_ask_for_them() -> None:
    energies, tempos = (0.0, 0.1, 0.10001, 0.7, 1.0, None), (128.0, 128.00001, 127.99999, 99.96, 60.04, None)
    rows = [row(f"/m/{n}", energy=energies[n], bpm=tempos[n], year=1990 + n or None) for n in range(6)]
    found = of(rows)
    assert found["level"] == [1, 1, 2, 7, 10, -1]
    assert found["energy"] == [0, 100, 100, 700, 1000, -1]
    assert found["bpm"] == [128.0, 128.00001, 127.99999, 99.96, 60.04, 0]
    assert [bpm <= 128 for bpm in found["bpm"][:3]] == [bpm <= 128 for bpm in tempos[:3] if bpm]


def test_words_mood_states_and_sureness() -> None:
    rows = [
        row("/m/1", words={"Vocals": 0.9, "Piano": 0.6}, mood="sad", silent=True),
        row("/m/2", missing=True, damaged=True),
    ]
    rows[1] = replace(rows[1], track=replace(rows[1].track, genre_confidence=0.59999))
    found = of(rows)
    assert (found["word_names"], found["words"]) == (["Piano", "Vocals"], [[1, 0], []])
    assert (found["moods"][2], found["mood"]) == ("sad", [2, -1])
    assert found["flags"] == [2 + 8, 1 + 4]
    assert found["confidence"] == [80, 60]


def test_keys_stand_along_the_wheel_with_those_that_mix() -> None:
    keyed = [("Am", 0.7), ("C", 0.3), (None, None)]
    found = of([row(f"/m/{n}", key=key, key_confidence=p) for n, (key, p) in enumerate(keyed)])
    assert found["key"] == [14, 15, -1]
    assert [found["keys"][at] + " " + found["wheel"][at] for at in found["key"][:2]] == ["Am 8A", "C 8B"]
    assert sorted(found["wheel"][at] for at in found["mixing"][14]) == ["7A", "8A", "8B", "9A"]
    assert found["flags"] == [8 + 128, 8, 8]


def test_what_the_owner_has_corrected_and_the_course_of_energy() -> None:
    rows = [row("/m/1", corrected=("genre", "bpm")), row("/m/2", course=(0.21, 0.8, 1.0)), row("/m/3")]
    found = of(rows)
    assert found["flags"] == [8 + 16 + 64, 8, 8]
    assert found["course"] == [-1, -1, -1, 3, 8, 10, -1, -1, -1]


def test_the_map_is_told_in_small_numbers() -> None:
    places = np.array([[0.0, 1.0], [0.25, 0.5], [np.nan, np.nan]], np.float32)
    found = of([row(f"/m/{n}") for n in range(3)], places=places)
    assert found["map"] == [0, 10_000, 2500, 5000, -1, -1]
    assert of([row("/m/1")])["map"] == []


def test_a_genre_that_the_model_has_not_is_told_without_a_colour() -> None:
    found = of([row("/m/1", "Polka")])
    assert (found["genres"][3], found["genre"], found["colours"]) == ("Polka", [3], [0, 1, 2, OTHER])


def test_genres_behind_the_first_are_told_of_the_few_that_have_some() -> None:
    found = of([row("/m/1", "Jazz"), row("/m/2", "Surf")], further={"/m/2": ("Rock", "Twang")})
    assert (found["genres"][3:], found["genre"], found["further"]) == (["Surf", "Twang"], [1, 3], {1: [2, 4]})


def test_genres_that_no_playlist_may_claim_are_named() -> None:
    assert of([row("/m/1")], names=GenreNames(never=("jazz",)))["unclaimed"] == ["Jazz"]


def test_anything_can_be_packed() -> None:
    names = {"name": ["caf\udce9", "</script>", "\u2028", "🎵"]}
    text = packed(names)
    assert text.isascii() and "<" not in text
    assert json.loads(gzip.decompress(b64decode(text))) == names
