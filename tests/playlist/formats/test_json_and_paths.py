from __future__ import annotations

import json
import os

from hypothesis import given
from hypothesis import strategies as st

from tagger.playlist import render

from ..tracks import entries, track


def test_json_has_the_keys_of_list_in_playing_order():
    made = [track("/b.mp3", energy=0.71, genre_confidence=0.5), track("/a.mp3", energy=0.0, bpm=None)]
    assert json.loads(render(made, "json").content) == [
        {
            "path": "/b.mp3",
            "genre": "Rock",
            "genre_confidence": 0.5,
            "energy": 0.71,
            "energy_level": 8,
            "bpm": 120.0,
            "missing": False,
        },
        {
            "path": "/a.mp3",
            "genre": "Rock",
            "genre_confidence": 0.9,
            "energy": 0.0,
            "energy_level": 1,
            "bpm": None,
            "missing": False,
        },
    ]


def test_an_empty_json_playlist_is_an_empty_array():
    assert json.loads(render([], "json").content) == []


@given(st.lists(entries, max_size=4))
def test_any_path_comes_back_from_json(made):
    found = json.loads(render(made, "json").content)
    assert [os.fsencode(each["path"]) for each in found] == [os.fsencode(entry.path) for entry in made]


def test_paths_are_one_a_line_as_the_file_system_has_them():
    rendered = render([track("/a b.mp3"), track("/caf\udce9.mp3"), track("-x.mp3")], "paths")
    assert rendered.content == b"/a b.mp3\n/caf\xe9.mp3\n./-x.mp3\n"


@given(st.lists(entries, max_size=4))
def test_any_path_without_a_line_break_comes_back_from_its_line(made):
    rendered = render(made, "paths")
    assert [skip.path for skip in rendered.skipped] == [e.path for e in made if {"\n", "\r"} & set(e.path)]
    kept = [os.fsencode(e.path).removeprefix(b"./") for e in made if not {"\n", "\r"} & set(e.path)]
    assert [line.removeprefix(b"./") for line in rendered.content.split(b"\n")[:-1]] == kept
