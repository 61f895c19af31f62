from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.playlist import render

from .tracks import texts, track, tracks

needs_xmllint = pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")
XSPF = "{http://xspf.org/ns/0/}"
OURS = "{urn:x-tagger:xspf:1}"
# The order of the specification, 4.1.1.2: https://wiki.xiph.org/XSPF_v1_Notes_and_Errata#Element_order
PLAYLIST = ["title", "creator", "annotation", "info", "location", "identifier", "image", "date", "license"]
PLAYLIST += ["attribution", "link", "meta", "extension", "trackList"]
TRACK = ["location", "identifier", "title", "creator", "annotation", "info", "image", "album", "trackNum"]
TRACK += ["duration", "link", "meta", "extension"]
MANY = {"location", "identifier", "link", "meta", "extension"}
URI = re.compile(r"(?:file://)?(?:[A-Za-z0-9._~/!$&'()*+,;=:@-]|%[0-9A-F]{2})*")  # RFC 3986 path characters


def validated(content: bytes) -> ET.Element:
    """The playlist element, after what the schema of XSPF 1 and the specification's order demand of it."""
    root = ET.fromstring(content)
    assert root.tag == f"{XSPF}playlist" and root.attrib == {"version": "1"}
    _in_order(root, PLAYLIST)
    lists = root.findall(f"{XSPF}trackList")
    assert len(lists) == 1 and all(child.tag == f"{XSPF}track" for child in lists[0])
    for each in lists[0]:
        _in_order(each, TRACK)
        assert all(URI.fullmatch(location.text) for location in each.findall(f"{XSPF}location"))
        assert all(length.text.isdecimal() for length in each.findall(f"{XSPF}duration"))
        for extension in each.findall(f"{XSPF}extension"):
            assert set(extension.attrib) == {"application"}
            assert not any(child.tag.startswith(XSPF) for child in extension)
    return root


def _in_order(element: ET.Element, names: list[str]) -> None:
    found = [child.tag.removeprefix(XSPF) for child in element]
    assert set(found) <= set(names)
    assert found == sorted(found, key=names.index)
    assert all(found.count(name) == 1 for name in set(found) - MANY)
    assert not (element.text or "").strip() and not any((child.tail or "").strip() for child in element)


def tracks_of(content: bytes) -> list[ET.Element]:
    return validated(content).findall(f"{XSPF}trackList/{XSPF}track")


def text(element: ET.Element, name: str) -> str | None:
    return element.findtext(f"{XSPF}{name}")


@needs_xmllint
def test_the_schema_accepts_whatever_is_written(tmp_path):
    hard = "#1\n<&>\udce9 \ufffe.mp3"
    made = [track(f"/music/{hard}", title=hard, artist=hard, album=hard), track("rel/a.mp3", bpm=None)]
    assert accepted(tmp_path, render(made, "xspf", hard).content)
    assert accepted(tmp_path, render([], "xspf").content)


@needs_xmllint
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b'version="1"', b'version="2"'),
        (b'version="1" ', b""),
        (b"<duration>200000<", b"<duration>200.0<"),
        (b"<title>Song</title>", b"<title>Song</title><title>Song</title>"),
        (b' application="urn:x-tagger:xspf:1"', b""),
        (b"<energy xmlns=", b"<energy xmlns:x="),
        (b"trackList>", b"tracks>"),
    ],
)
def test_the_schema_refuses_what_is_wrong(tmp_path, right, wrong):
    content = render([track()], "xspf").content
    assert right in content
    assert not accepted(tmp_path, content.replace(right, wrong))


def accepted(folder: Path, content: bytes) -> bool:
    """What xmllint says of the playlist, by the schema beside this file."""
    file = folder / "x.xspf"
    file.write_bytes(content)
    schema = Path(__file__).with_name("xspf-1.rng")
    command = ["xmllint", "--nonet", "--noout", "--relaxng", str(schema), str(file)]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_a_track_says_where_it_is_what_it_is_and_what_was_predicted():
    entry = track(
        "/music/Song #2?.mp3",
        duration_s=121.2345,
        title="Song 2",
        artist="Blur",
        album="Blur",
        energy=0.8123456,
    )
    (found,) = tracks_of(render([entry], "xspf").content)
    assert text(found, "location") == "file:///music/Song%20%232%3F.mp3"
    assert (text(found, "title"), text(found, "creator"), text(found, "album")) == ("Song 2", "Blur", "Blur")
    assert text(found, "duration") == "121234"
    extension = found.find(f"{XSPF}extension")
    assert {child.tag.removeprefix(OURS): child.text for child in extension} == {
        "energy": "0.8123",
        "genre": "Rock",
        "confidence": "0.9000",
        "bpm": "120.00",
    }


def test_what_is_unknown_is_left_out():
    (found,) = tracks_of(render([track("/a.mp3", duration_s=0.0, bpm=None)], "xspf").content)
    assert [child.tag.removeprefix(XSPF) for child in found] == ["location", "title", "extension"]
    assert text(found, "title") == "a"


def test_an_empty_playlist_with_a_title_is_valid():
    root = validated(render([], "xspf", "Morning & run").content)
    assert root.findtext(f"{XSPF}title") == "Morning & run"


def test_windows_paths_become_file_uris_of_their_drive_or_host():
    found = tracks_of(render([track(r"Z:\Mu sic\a.mp3"), track(r"\\nas\share\b.mp3")], "xspf").content)
    assert [text(each, "location") for each in found] == [
        "file:///Z:/Mu%20sic/a.mp3",
        "file://nas/share/b.mp3",
    ]


def test_a_relative_path_is_a_relative_reference_without_a_scheme():
    (found,) = tracks_of(render([track("http:/a b.mp3")], "xspf").content)
    assert text(found, "location") == "http%3A/a%20b.mp3"


def test_characters_that_xml_cannot_hold_are_removed():
    (found,) = tracks_of(
        render([track("/a.mp3", title="a\ufffe\x00b\udcff", artist="x\x1by")], "xspf").content
    )
    assert (text(found, "title"), text(found, "creator")) == ("a b\ufffd", "x y")


@given(st.lists(tracks, max_size=4), texts)
def test_any_names_come_back_byte_by_byte_from_valid_xml(made, title):
    rendered = render(made, "xspf", title)
    assert rendered.skipped == ()
    found = tracks_of(rendered.content)
    locations = [unquote_to_bytes(text(each, "location").removeprefix("file://")) for each in found]
    assert locations == [os.fsencode(entry.path) for entry in made]
