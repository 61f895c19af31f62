from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import TaggerError
from tagger.playlist import FORMATS, KINDS, Plan, located, parse_replacement, relocated, render
from tagger.playlist.location import nameable, placed
from tagger.playlist.rooted import rooted

from .tracks import absolute_paths, track


def test_a_path_is_absolute_unless_asked_otherwise():
    assert located("/music/a.mp3") == "/music/a.mp3"


def test_a_relative_path_works_from_the_folder_it_is_relative_to():
    assert located("/music/Rock/a.mp3", "/music") == "Rock/a.mp3"
    assert located("/music/Rock/a.mp3", "/music/lists") == "../Rock/a.mp3"


@given(absolute_paths)
def test_a_relative_path_leads_back_to_the_file_whatever_its_name(path):
    path = os.path.normpath(path)
    assert os.path.normpath(os.path.join("/music/lists", located(path, "/music/lists"))) == path


@pytest.mark.parametrize(
    "name", ["#1.mp3", "-rf.mp3", " a.mp3", "http:a.mp3", "~a.mp3", "[x].mp3", r"C:\x.mp3"]
)
def test_a_relative_name_that_reads_like_something_else_gets_a_dot_in_front(name):
    assert located(f"/music/{name}", "/music") == f"./{name}"


def test_a_prefix_is_replaced_by_whole_components_only():
    replacement = ("/home/me/Music", "/music")
    assert located("/home/me/Music/a/b.mp3", None, replacement) == "/music/a/b.mp3"
    assert located("/home/me/Musical/b.mp3", None, replacement) == "/home/me/Musical/b.mp3"
    assert located("/home/me/Music/a.mp3", None, ("/home/me/Music/", "/music/")) == "/music/a.mp3"


def test_a_windows_prefix_brings_windows_separators():
    assert located("/music/Rock/a.mp3", None, ("/music", r"Z:\Music")) == r"Z:\Music\Rock\a.mp3"
    assert located("/music/a.mp3", None, ("/music", r"\\nas\share")) == r"\\nas\share\a.mp3"
    assert located(r"D:\Music\Rock\a.mp3", None, (r"d:\music", "/music")) == "/music/Rock/a.mp3"


def test_a_replaced_path_can_be_relative_to_a_folder_of_the_other_machine():
    assert located("/home/me/Music/a.mp3", "/music/lists", ("/home/me/Music", "/music")) == "../a.mp3"
    assert located("/m/a b.mp3", r"Z:\lists", ("/m", r"Z:\Music")) == "../Music/a b.mp3"


def test_on_another_drive_a_path_stays_absolute():
    assert located(r"C:\a.mp3", r"D:\lists") == r"C:\a.mp3"
    assert located("/a.mp3", r"D:\lists") == "/a.mp3"


def test_relocating_changes_nothing_but_the_path():
    assert relocated([track("/music/a.mp3")], "/music") == [track("a.mp3")]


def test_a_replacement_is_read_from_old_equals_new():
    assert parse_replacement("/home/me=/music") == ("/home/me", "/music")
    for text in ("/home/me", "=/music", ""):
        with pytest.raises(TaggerError, match="OLD=NEW"):
            parse_replacement(text)
    for text in (r"/m=\\nas", "/m=\\\\nas\\"):
        with pytest.raises(TaggerError, match=r"name the share behind the host, such as \\\\nas\\music$"):
            parse_replacement(text)


@given(
    st.lists(absolute_paths, max_size=3),
    st.sampled_from(["Z:\\Music", "\\\\nas\\share", "Z:", "c:/x", "/srv", "music"]),
    st.sampled_from(sorted({*FORMATS} - {"nsp"})),
    st.sampled_from([None, "/srv/lists", "Z:\\lists"]),
)
def test_any_name_is_written_for_any_target_or_left_out_with_a_reason(paths, new, format, relative_to):
    if KINDS[format].naming == "full":  # which no folder makes relative
        relative_to = None
    if format == "mpd":  # which knows a folder
        relative_to = relative_to or "/srv"
    plan = Plan(replace_prefix=f"/={new}", format=format, relative_to=relative_to)
    named, unnamed = nameable([track(path) for path in paths], plan)
    found, outside = rooted(named, plan) if plan.kind.naming == "root" else (placed(named, plan), ())
    rendered = render(found, format)
    assert len(found) + len(outside) + len(unnamed) == len(paths)
    assert all(skipped.reason for skipped in (*unnamed, *outside, *rendered.skipped))
    if new not in ("/srv", "music") and format not in ("json", "serato"):
        rendered.content.decode("utf-8")
