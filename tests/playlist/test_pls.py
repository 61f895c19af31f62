from __future__ import annotations

import configparser
import os
import posixpath
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from tagger.playlist import render

from .tracks import track, tracks


def read(content: bytes) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=(";",))
    parser.read_string(content.decode("utf-8", "surrogateescape"))
    assert parser.sections() == ["playlist"]
    return parser["playlist"]


def path_bytes(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(raw.removeprefix(b"file://")) if raw.startswith(b"file://") else raw


def test_entries_are_numbered_from_one_and_counted():
    made = [track("/a.mp3", title="One", artist="Blur", duration_s=60.4), track("/b.mp3", duration_s=0.0)]
    assert render(made, "pls").content.decode().splitlines() == [
        "[playlist]",
        "File1=/a.mp3",
        "Title1=Blur - One",
        "Length1=60",
        "File2=/b.mp3",
        "Title2=b",
        "Length2=-1",
        "NumberOfEntries=2",
        "Version=2",
    ]


def test_a_skipped_entry_leaves_no_gap_in_the_numbers():
    rendered = render([track("a\nFile9=/etc/passwd"), track("b.mp3")], "pls")
    section = read(rendered.content)
    assert (section["File1"], section["NumberOfEntries"]) == ("b.mp3", "1")
    assert [skip.path for skip in rendered.skipped] == ["a\nFile9=/etc/passwd"]


@given(st.lists(tracks, max_size=4))
def test_any_names_come_back_and_none_becomes_another_key(made):
    rendered = render(made, "pls")
    kept = [entry for entry in made if entry.path not in {skip.path for skip in rendered.skipped}]
    section = read(rendered.content)
    assert len(section) == 3 * len(kept) + 2
    for number, entry in enumerate(kept, 1):
        found = posixpath.normpath(path_bytes(section[f"File{number}"]))
        wanted = os.fsencode(entry.path if entry.path.startswith("/") else entry.path.rstrip())
        assert found == posixpath.normpath(wanted)
