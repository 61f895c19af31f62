from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.genre_names import GenreNames
from tagger.playlist import Listed, Rendered, render, render_collection
from tagger.playlist.location import SURROGATES

from .tracks import absolute_paths, texts, track, tracks

needs_xmllint = pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")


def read_by_pyrekordbox(folder: Path, content: bytes) -> Any:
    """The file as an independent reader has it, which the tests do not ask for: it brings a database."""
    reader = pytest.importorskip("pyrekordbox", reason="pyrekordbox is not installed")
    (folder / "dj.xml").write_bytes(content)
    return reader.RekordboxXml(folder / "dj.xml")


def collection(rendered: Rendered) -> list[dict[str, str]]:
    root = ET.fromstring(rendered.content)
    found = [dict(each.attrib) for each in root.findall("COLLECTION/TRACK")]
    assert root.find("COLLECTION").get("Entries") == str(len(found))
    return found


def accepted(folder: Path, content: bytes) -> bool:
    """What xmllint says of the file, by the schema beside this one."""
    file = folder / "x.xml"
    file.write_bytes(content)
    schema = Path(__file__).with_name("rekordbox-1.rng")
    command = ["xmllint", "--nonet", "--noout", "--relaxng", str(schema), str(file)]
    return subprocess.run(command, capture_output=True).returncode == 0


TWO = [
    Listed(
        "Clubs/Warm up",
        [
            track("/m/b.mp3", title="B", key="Bbm", key_confidence=0.9),
            track("/m/a.mp3", title="A", artist="Ada"),
        ],
    ),
    Listed("Clubs/Peak", [track("/m/a.mp3", title="A", artist="Ada")]),
    Listed("Calm", []),
]


def test_a_track_says_what_write_tags_would_and_its_energy_as_a_comment():
    entry = track(
        "/Users/ada/Mu sic/50% #1.aif",
        duration_s=200.6,
        title='"Song" & <2>',
        artist="Blur",
        album="Blur",
        year=1997,
        energy=0.61,
        bpm=128.456,
        key="F#m",
        key_confidence=0.7,
    )
    (found,) = collection(render([entry], "rekordbox", "Calm"))
    assert found == {
        "TrackID": "1",
        "Name": '"Song" & <2>',
        "Artist": "Blur",
        "Album": "Blur",
        "Genre": "Rock",
        "Kind": "AIFF File",
        "TotalTime": "201",
        "Year": "1997",
        "AverageBpm": "128.46",
        "Comments": "Energy 7",
        "Tonality": "F#m",
        "Location": "file://localhost/Users/ada/Mu%20sic/50%25%20%231.aif",
    }


def test_what_is_unknown_or_not_sure_is_left_out():
    unsure = track("/m/a.mp3", duration_s=None, genre_confidence=0.4, energy=None, bpm_confidence=0.2)
    unsure = replace(unsure, key="Am", key_confidence=0.5)
    (found,) = collection(render([unsure], "rekordbox"))
    assert [*found] == ["TrackID", "Name", "Kind", "Location"]


def test_the_owners_genre_tempo_and_key_stand_before_the_models_and_his_correction_before_both():
    own = track("/m/a.mp3", tag_genres=("Deep House", "Club"), tag_bpm=126.0)
    own = replace(own, tag_key="C", key="Am", key_confidence=0.9)
    corrected = track("/m/b.mp3", genre="Surf", tag_genres=("Rock",), tag_bpm=1.0, corrected=("genre", "bpm"))
    found = collection(render([own, corrected], "rekordbox"))
    assert [(each["Genre"], each["AverageBpm"]) for each in found] == [
        ("Deep House", "126.00"),
        ("Surf", "120.00"),
    ]
    assert found[0]["Tonality"] == "C"


def test_genres_have_the_owners_names_and_none_that_he_never_wants():
    names = GenreNames({"Rock": "Guitars"}, never=("Pop",))
    made = [track("/m/a.mp3"), track("/m/b.mp3", genre="Pop")]
    found = collection(render_collection([Listed("x", made)], "rekordbox", names))
    assert [each.get("Genre") for each in found] == ["Guitars", None]


def test_playlists_lie_in_folders_and_a_track_is_in_the_collection_once(tmp_path):
    rendered = render_collection(TWO, "rekordbox")
    assert [each["Name"] for each in collection(rendered)] == ["B", "A"]
    root = ET.fromstring(rendered.content).find("PLAYLISTS/NODE")
    assert root.attrib == {"Type": "0", "Name": "ROOT", "Count": "2"}
    assert [node.get("Name") for node in root] == ["Clubs", "Calm"]
    warm_up, peak = root[0]
    assert [key.get("Key") for key in warm_up] == ["1", "2"]
    assert [key.get("Key") for key in peak] == ["2"]


def test_pyrekordbox_reads_folders_playlists_and_tracks(tmp_path):
    found = read_by_pyrekordbox(tmp_path, render_collection(TWO, "rekordbox").content)
    assert found.num_tracks == 2
    assert found.root_playlist_folder.get_playlist("Clubs").is_folder
    warm_up = found.get_playlist("Clubs", "Warm up")
    assert [found.get_track(TrackID=key).Name for key in warm_up.get_tracks()] == ["B", "A"]
    assert found.get_track(TrackID=1).Comments == "Energy 5"
    assert found.get_track(TrackID=1).AverageBpm == 120.0
    assert [found.get_track(TrackID=number).Tonality for number in (1, 2)] == ["Bbm", None]
    assert found.get_track(TrackID=1).Location in ("m/b.mp3", "m\\b.mp3")  # of which it strips the root
    assert found.get_playlist("Calm").get_tracks() == []


@needs_xmllint
def test_the_published_format_accepts_whatever_is_written(tmp_path):
    hard = "#1\n<&>\udce9 \ufffe.mp3"
    made = [track("/m/a\n\x1b\ufffe'\".mp3", title=hard, artist=hard, album=hard), track("/m/none", bpm=None)]
    made.append(track("/m/key", key="Am"))
    assert accepted(tmp_path, render_collection([Listed(f"{hard}/{hard}", made)], "rekordbox").content)
    assert accepted(tmp_path, render([], "rekordbox").content)


@needs_xmllint
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b' Version="1.0.0"', b' Version="2"'),
        (b'TotalTime="200"', b'TotalTime="200.5"'),
        (b'Genre="Rock"', b'Genres="Rock"'),
        (b' KeyType="0"', b""),
        (b'Key="1"', b'Key="one"'),
        (b"Location=", b"Path="),
    ],
)
def test_the_published_format_refuses_what_is_wrong(tmp_path, right, wrong):
    content = render([track()], "rekordbox").content
    assert right in content
    assert not accepted(tmp_path, content.replace(right, wrong))


def test_a_windows_drive_is_the_first_part_of_a_location():
    (found,) = collection(render([track(r"Z:\Mu sic\a;b.flac")], "rekordbox"))
    assert found["Location"] == "file://localhost/Z:/Mu%20sic/a%3Bb.flac"
    assert found["Kind"] == "FLAC File"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/m/caf\udce9.mp3", "its name is not UTF-8, and rekordbox finds no such file"),
        ("rel/a.mp3", "its path is not a full one, as rekordbox wants it"),
        (r"\\nas\share\b.mp3", "rekordbox names no network share; give it a drive letter"),
    ],
)
def test_a_file_that_rekordbox_cannot_find_is_left_out_with_a_reason(path, reason):
    rendered = render([track(path), track("/m/a.mp3")], "rekordbox")
    assert [each["Location"] for each in collection(rendered)] == ["file://localhost/m/a.mp3"]
    assert [skipped.path for skipped in rendered.skipped] == [path]
    assert rendered.skipped[0].reason.startswith(reason)


@given(st.lists(st.tuples(tracks, absolute_paths), max_size=4), texts)
def test_any_names_come_back_from_valid_xml_or_are_left_out_with_a_reason(made, title):
    entries = [track(path, title=entry.title, artist=entry.artist) for entry, path in made]
    rendered = render(entries, "rekordbox", title)
    found = [unquote(each["Location"].removeprefix("file://localhost")) for each in collection(rendered)]
    wanted = {entry.path: None for entry in entries if not SURROGATES.search(entry.path)}
    assert found == [*wanted]
    assert len(rendered.skipped) == len({entry.path for entry in entries}) - len(wanted)
