from __future__ import annotations

import os
import struct
from pathlib import Path, PurePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.errors import TaggerError
from tagger.playlist import Plan, check_output, playlist_of, render
from tagger.playlist.location import SURROGATES
from tagger.playlist.serato import is_our_crate

from .tracks import names, track


def read_by_serato_crate(file: Path) -> list[str]:
    """The paths that an independent reader finds in a crate."""
    reader = pytest.importorskip("serato_crate", reason="serato-crate is not installed")
    return [path.as_posix() for path in reader.SeratoCrate.load(file).tracks]


def fields(content: bytes) -> list[tuple[str, Any]]:
    """The fields of a crate, as Mixxx reads them (src/library/serato/seratofeature.cpp)."""
    found, place = [], 0
    while place < len(content):
        name, size = struct.unpack(">4sI", content[place : place + 8])
        value = content[place + 8 : place + 8 + size]
        assert len(value) == size
        text = value.decode("utf-16-be") if name != b"otrk" else None
        found.append((name.decode(), fields(value) if text is None else text))
        place += 8 + size
    return found


def crate(folder: Path, *parts: str) -> Path:
    file = folder.joinpath(*parts, "_Serato_", "Subcrates", "Calm.crate")
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def paths_of(plan: Plan, *paths: str) -> tuple[list[str], dict[str, str]]:
    made = playlist_of([track(path) for path in paths], plan)
    return [each.path for each in made.tracks], {each.path: each.reason for each in made.skipped}


def test_a_crate_is_a_version_and_a_path_for_each_track():
    assert fields(render([track("Music/日本.mp3"), track("b.mp3")], "serato").content) == [
        ("vrsn", "1.0/Serato ScratchLive Crate"),
        ("otrk", [("ptrk", "Music/日本.mp3")]),
        ("otrk", [("ptrk", "b.mp3")]),
    ]


@pytest.mark.skipif(os.name == "nt", reason="drives of Windows have letters")
def test_serato_crate_reads_the_paths_from_the_root_of_the_drive(tmp_path):
    file = crate(tmp_path)
    made = playlist_of([track(str(tmp_path / "Music" / "a.mp3"))], Plan(output=str(file)))
    file.write_bytes(made.content)
    assert read_by_serato_crate(file) == ["Music/a.mp3"]


@pytest.mark.skipif(os.name == "nt", reason="drives of Windows have letters")
def test_in_a_home_folder_the_drive_is_the_first_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    plan = Plan(output=str(crate(tmp_path, "Music")))
    inside, outside = str(tmp_path / "Music/a.mp3"), "/Volumes/USB/b.mp3"
    found, skipped = paths_of(plan, inside, "/srv/c.mp3", outside)
    assert found == [inside[1:], "srv/c.mp3"]
    assert skipped == {outside: "it is not on the drive of the crate, /; Serato wants a crate on each drive"}


@pytest.mark.skipif(os.name == "nt", reason="drives of Windows have letters")
def test_a_drive_may_be_reached_by_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    plan = Plan(output=str(crate(tmp_path / "link")))
    assert paths_of(plan, f"{tmp_path}/disk/a.mp3")[0] == ["a.mp3"]
    assert paths_of(Plan(format="serato", relative_to=f"{tmp_path}/link"), f"{tmp_path}/link/b.mp3")[0] == [
        "b.mp3"
    ]


def test_for_another_machine_the_path_itself_tells_the_drive():
    windows = Plan(format="serato", replace_prefix="/music=D:\\Music")
    found, skipped = paths_of(windows, "/music/Rock/a.mp3", "/else/b.mp3")
    assert (found, [*skipped]) == (["Music/Rock/a.mp3"], ["/else/b.mp3"])
    mac = Plan(format="serato", replace_prefix="/music=/Volumes/USB/Music")
    assert paths_of(mac, "/music/a.mp3")[0] == ["Music/a.mp3"]
    share = Plan(format="serato", replace_prefix="/music=\\\\nas\\share")
    with pytest.raises(TaggerError, match="Serato names no network share; give it a drive letter"):
        paths_of(share, "/music/a.mp3")


def test_the_full_path_cannot_be_asked_for():
    with pytest.raises(TaggerError, match="Serato finds files from its own root; leave --absolute out"):
        Plan(output="x.crate", absolute=True)


@pytest.mark.parametrize("added", ["ovct", "osrt"])
def test_a_crate_that_serato_wrote_or_changed_is_not_written_over(tmp_path, added):
    ours = render([track("a.mp3")], "serato").content
    assert is_our_crate(ours)
    for content in (ours + added.encode() + bytes(4), ours[:-1], b"", b"#EXTM3U\n/m/a.mp3\n"):
        assert not is_our_crate(content)
    file = tmp_path / "x.crate"
    check_output(str(file), "serato")  # there is none
    file.write_bytes(ours)
    check_output(str(file), "serato")
    file.write_bytes(ours + added.encode() + bytes(4))
    with pytest.raises(TaggerError, match=r"x\.crate: another program's, and is not written over"):
        check_output(str(file), "serato")


@given(st.lists(names.filter(lambda name: "\\" not in name), max_size=4))
def test_any_names_come_back_or_are_left_out_with_a_reason(made):
    rendered = render([track(f"m/{name}") for name in made], "serato")
    found = [inner[0][1] for name, inner in fields(rendered.content) if name == "otrk"]
    assert found == [f"m/{name}" for name in made if not SURROGATES.search(name)]
    assert {skipped.reason for skipped in rendered.skipped} <= {
        "its name is not UTF-8, and Serato finds no such file"
    }
    assert is_our_crate(rendered.content)
    assert all(PurePath(path).name for path in found)
