from __future__ import annotations

import csv
import io
import json
import os

from hypothesis import given
from hypothesis import strategies as st

from tagger.json_fields import CSV_COLUMNS
from tagger.playlist import render
from tagger.types import Track

from .tracks import track, tracks


def test_json_has_the_keys_of_list_in_playing_order():
    known = {"title": "Song", "artist": "Blur", "album": "13", "year": 1999, "bpm_confidence": 0.98765}
    known |= {"valence": 0.8, "mood": "calm", "mood_confidence": 0.7}
    known |= {"key": "Am", "key_confidence": 0.7, "second_bpm": 60.0, "second_bpm_confidence": 0.2}
    known |= {"words": {"Piano": 0.9412, "Slow": 0.502}}
    made = [track("/b.mp3", energy=0.71, genre_confidence=0.5, **known), Track("/a.mp3", silent=True)]
    assert json.loads(render(made, "json").content) == [
        {
            "path": "/b.mp3",
            "title": "Song",
            "artist": "Blur",
            "album": "13",
            "year": 1999,
            "duration_s": 200.0,
            "genre": "Rock",
            "genre_confidence": 0.5,
            "energy": 0.71,
            "energy_level": 8,
            "bpm": 120.0,
            "bpm_confidence": 0.9877,
            "silent": False,
            "missing": False,
            "damaged": False,
            "tag_genres": [],
            "tag_energy_level": None,
            "tag_bpm": None,
            "valence": 0.8,
            "mood": "calm",
            "mood_confidence": 0.7,
            "words": {"Piano": 0.94, "Slow": 0.5},
            "corrected": [],
            "sound": "music",
            "key": "Am",
            "camelot": "8A",
            "key_confidence": 0.7,
            "second_bpm": 60.0,
            "second_bpm_confidence": 0.2,
            "tag_key": None,
        },
        {
            "path": "/a.mp3",
            "title": None,
            "artist": None,
            "album": None,
            "year": None,
            "duration_s": None,
            "genre": None,
            "genre_confidence": None,
            "energy": None,
            "energy_level": None,
            "bpm": None,
            "bpm_confidence": None,
            "silent": True,
            "missing": False,
            "damaged": False,
            "tag_genres": [],
            "tag_energy_level": None,
            "tag_bpm": None,
            "valence": None,
            "mood": None,
            "mood_confidence": None,
            "words": {},
            "corrected": [],
            "sound": "music",
            "key": None,
            "camelot": None,
            "key_confidence": None,
            "second_bpm": None,
            "second_bpm_confidence": None,
            "tag_key": None,
        },
    ]


def test_an_empty_json_playlist_is_an_empty_array():
    assert json.loads(render([], "json").content) == []


@given(st.lists(tracks, max_size=4))
def test_any_path_comes_back_from_json(made):
    found = json.loads(render(made, "json").content)
    assert [os.fsencode(each["path"]) for each in found] == [os.fsencode(entry.path) for entry in made]


def test_paths_are_one_a_line_as_the_file_system_has_them():
    rendered = render([track("/a b.mp3"), track("/caf\udce9.mp3"), track("-x.mp3")], "paths")
    assert rendered.content == b"/a b.mp3\n/caf\xe9.mp3\n./-x.mp3\n"


@given(st.lists(tracks, max_size=4))
def test_any_path_without_a_line_break_comes_back_from_its_line(made):
    rendered = render(made, "paths")
    assert [skip.path for skip in rendered.skipped] == [e.path for e in made if {"\n", "\r"} & set(e.path)]
    kept = [os.fsencode(e.path).removeprefix(b"./") for e in made if not {"\n", "\r"} & set(e.path)]
    assert [line.removeprefix(b"./") for line in rendered.content.split(b"\n")[:-1]] == kept


def test_csv_has_the_columns_of_list_in_playing_order_and_the_bytes_of_every_name():
    latin_1 = os.fsdecode(b'/m/caf\xe9, "live".mp3')
    made = [
        track(latin_1, title="two\nlines", words={"Piano": 0.9, "Slow": 0.6}),
        Track("/a.mp3", silent=True),
    ]
    content = render(made, "csv").content
    assert b'"/m/caf\xe9, ""live"".mp3"' in content
    rows = [*csv.DictReader(io.StringIO(content.decode("utf-8", "surrogateescape"), newline=""))]
    assert [*rows[0]] == [*CSV_COLUMNS]
    assert [(row["path"], row["title"], row["words"], row["silent"]) for row in rows] == [
        (latin_1, "two\nlines", "Piano; Slow", "false"),
        ("/a.mp3", "", "", "true"),
    ]
