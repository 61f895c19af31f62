from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.playlist import Listed, render, render_collection
from tagger.playlist.collection import NOT_XML
from tagger.playlist.nml import place_of

from .tracks import absolute_paths, texts, track, tracks

TWO = [
    Listed("Clubs/Warm up", [track("/m/b.mp3", title="B"), track("/m/deep/a.mp3", title="A", artist="Ada")]),
    Listed("Clubs/Peak", [track("/m/deep/a.mp3", title="A", artist="Ada")]),
    Listed("Calm", []),
]


def read_by_traktor_nml_utils(folder: Path, content: bytes) -> Any:
    """The file as classes that were generated from real collections of Traktor."""
    reader = pytest.importorskip("traktor_nml_utils", reason="traktor-nml-utils is not installed")
    (folder / "collection.nml").write_bytes(content)
    return reader.TraktorCollection(folder / "collection.nml").nml


def read_as_mixxx(content: bytes) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    """Tracks by their location and playlists by their path, as Mixxx on Linux puts them together.

    Its steps are those of src/library/traktor/traktorfeature.cpp.
    """
    root = ET.fromstring(content)
    found = {}
    for entry in root.findall("COLLECTION/ENTRY"):
        where = entry.find("LOCATION").attrib
        location = where["VOLUME"] + where["DIR"].replace("/:", "/") + where["FILE"]
        found[location] = {**entry.attrib, **entry.find("INFO").attrib}
        for tempo in entry.findall("TEMPO"):
            found[location]["BPM"] = tempo.get("BPM")
    playlists = dict(_playlists(root.find("PLAYLISTS/NODE/SUBNODES"), ""))
    return found, playlists


def _playlists(nodes: ET.Element, above: str) -> Any:
    for node in nodes:
        path = f"{above}-->{node.get('NAME')}"
        if node.get("TYPE") == "FOLDER":
            yield from _playlists(node.find("SUBNODES"), path)
        else:
            keys = node.findall("PLAYLIST/ENTRY/PRIMARYKEY[@TYPE='TRACK']")
            yield path, [key.get("KEY").replace("/:", "/") for key in keys]


@pytest.fixture(autouse=True)
def not_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")


def test_traktors_classes_read_tracks_folders_and_playlists(tmp_path):
    made = track(
        "/Users/ada/Music/a.mp3",
        title='"Song" & <2>',
        artist="Blur",
        album="Blur",
        year=1997,
        energy=0.61,
        duration_s=200.6,
        key="Cm",
        key_confidence=0.6,
    )
    nml = read_by_traktor_nml_utils(tmp_path, render([made], "nml", "Clubs/Warm up").content)
    assert (nml.version, nml.head.program, nml.collection.entries) == (19, "Traktor", 1)
    (entry,) = nml.collection.entry
    assert (entry.title, entry.artist, entry.album.title) == ('"Song" & <2>', "Blur", "Blur")
    place = entry.location
    assert (place.volume, place.dir, place.file) == ("Macintosh HD", "/:Users/:ada/:Music/:", "a.mp3")
    info = entry.info
    assert (info.genre, info.comment, info.playtime, info.release_date) == (
        "Rock",
        "Energy 7",
        201,
        "1997/1/1",
    )
    assert (entry.tempo.bpm, info.playtime_float) == (120.0, 200.6)
    assert (entry.musical_key.value_attribute, info.key) == (12, "10m")
    root = nml.playlists.node
    assert (root.name, root.type, root.subnodes.count) == ("$ROOT", "FOLDER", 1)
    (clubs,) = root.subnodes.node
    (warm_up,) = clubs.subnodes.node
    assert (clubs.name, warm_up.name, warm_up.type) == ("Clubs", "Warm up", "PLAYLIST")
    assert (warm_up.playlist.entries, warm_up.playlist.type) == (1, "LIST")
    (listed,) = warm_up.playlist.entry
    assert listed.primarykey.key == "Macintosh HD/:Users/:ada/:Music/:a.mp3"


def test_mixxx_finds_each_track_once_and_all_of_a_playlist_in_its_order():
    found, playlists = read_as_mixxx(render_collection(TWO, "nml").content)
    assert found["/m/deep/a.mp3"] == {
        "TITLE": "A",
        "ARTIST": "Ada",
        "GENRE": "Rock",
        "COMMENT": "Energy 5",
        "PLAYTIME": "200",
        "PLAYTIME_FLOAT": "200.000000",
        "BPM": "120.000000",
    }
    assert [*found] == ["/m/b.mp3", "/m/deep/a.mp3"]
    assert playlists == {
        "-->Clubs-->Warm up": ["/m/b.mp3", "/m/deep/a.mp3"],
        "-->Clubs-->Peak": ["/m/deep/a.mp3"],
        "-->Calm": [],
    }


@pytest.mark.parametrize(
    ("key", "number", "said"),
    # Those of real collections of Traktor: Open Key counts fifths, the number semitones, minor behind major.
    [("C", "0", "1d"), ("Db", "1", "8d"), ("B", "11", "6d"), ("Cm", "12", "10m"), ("Am", "21", "1m")],
)
def test_a_sure_key_is_told_in_both_ways_of_traktor(key, number, said):
    entries = ET.fromstring(render([track(key=key, key_confidence=0.6)], "nml").content).find("COLLECTION")
    assert [part.tag for part in entries[0]] == ["LOCATION", "INFO", "TEMPO", "MUSICAL_KEY"]
    assert entries[0].find("MUSICAL_KEY").attrib == {"VALUE": number}
    assert entries[0].find("INFO").get("KEY") == said


def test_a_key_in_doubt_is_not_told():
    (entry,) = ET.fromstring(render([track(key="Am", key_confidence=0.59)], "nml").content).find("COLLECTION")
    assert (entry.find("MUSICAL_KEY"), entry.find("INFO").get("KEY")) == (None, None)


def test_a_playlist_keeps_its_identity_however_often_it_is_written():
    made = [render([track(path)], "nml", "Calm").content for path in ("/m/a.mp3", "/m/b.mp3")]
    first, second = (ET.fromstring(content).find(".//PLAYLIST").get("UUID") for content in made)
    assert first == second and len(first) == 32
    assert render([], "nml", "Loud").content.count(first.encode()) == 0


def test_the_volume_is_a_drive_a_disk_or_none(monkeypatch):
    assert place_of("D:/a.mp3") == ("D:", "/:", "a.mp3")
    assert place_of("/home/ada/a.mp3") == ("", "/:home/:ada/:", "a.mp3")
    assert place_of("/a.mp3") == ("", "/:", "a.mp3")
    assert place_of("/Volumes/My Disk/x/a.mp3") == ("My Disk", "/:x/:", "a.mp3")
    monkeypatch.setattr("sys.platform", "darwin")
    assert place_of("/opt/a.mp3") == ("Macintosh HD", "/:opt/:", "a.mp3")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/m/caf\udce9.mp3", "its name is not UTF-8, and Traktor finds no such file"),
        ("/m/a\x1b.mp3", "its name holds a character that XML cannot hold"),
        (
            r"\\nas\share\b.mp3",
            "Traktor names no network share; give it a drive letter, and --replace-prefix",
        ),
    ],
)
def test_a_file_that_traktor_cannot_find_is_left_out_with_a_reason(path, reason):
    rendered = render([track(path), track("/m/a.mp3")], "nml", "x")
    found, playlists = read_as_mixxx(rendered.content)
    assert ([*found], playlists) == (["/m/a.mp3"], {"-->x": ["/m/a.mp3"]})
    assert [(skipped.path, skipped.reason) for skipped in rendered.skipped] == [(path, reason)]


@given(st.lists(st.tuples(tracks, absolute_paths), max_size=4), texts)
def test_any_names_come_back_from_valid_xml_or_are_left_out_with_a_reason(made, title):
    entries = [track(path, title=entry.title, artist=entry.artist) for entry, path in made]
    rendered = render(entries, "nml", title)
    found, playlists = read_as_mixxx(rendered.content)
    sayable = [entry.path for entry in entries if not NOT_XML.search(entry.path)]
    assert [*found] == [*dict.fromkeys(sayable)]
    assert [*playlists.values()] == [sayable]
    assert len(rendered.skipped) == len({entry.path for entry in entries} - {*sayable})
