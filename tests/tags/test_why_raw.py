"""Why raw items are exchanged: what mutagen's own `save` does to tags that are not ours, and what we do.

Where one of the tests of mutagen fails with a later version of it, the reason for `tagger.tags.formats`
has become weaker: read `tagger.tags.block` again.
"""

from __future__ import annotations

import os

import pytest
from mutagen.id3 import ID3, TCON
from mutagen.mp4 import MP4

from tagger.tags import REWORDED, Wanted, apply, plan, read, restore
from tagger.tags.block import Item
from tagger.tags.formats import load
from tagger.tags.formats.mp4 import atom_bytes
from tagger.tags.spliced import copy_with_splices

from .conftest import MakeSample
from .test_id3 import data_of, frame, raw_frames, with_tag
from .test_id3 import tag as id3_tag

YEAR, DAY = frame(3, b"TYER", b"\0001999"), frame(3, b"TDAT", b"\0003112")
UNKNOWN = frame(3, b"XYZ1", b"bytes of a program that mutagen does not know")
ONE, TWO = (frame(3, b"COMM", b"\0eng\0" + text) for text in (b"one", b"two"))
ARTIST, TITLE = frame(3, b"TPE1", b"\0Artist"), frame(3, b"TIT2", b"\0Title")
FRAMES = [YEAR, DAY, UNKNOWN, ONE, ARTIST, TWO, TITLE]


@pytest.fixture
def mp3(sample: MakeSample) -> str:
    """An mp3 with an ID3v2.3 tag of `FRAMES`."""
    path = sample("mp3")
    with_tag(path, id3_tag(3, FRAMES, padding=500))
    return path


def saved_by_mutagen(path: str, v2_version: int) -> list[bytes]:
    """Add a genre as programs on top of mutagen do, and give the raw frames that are not the genre's."""
    tags = ID3(path)
    tags.add(TCON(encoding=0, text="Jazz"))
    tags.save(path, v2_version=v2_version)
    return raw_frames(path)


def test_mutagen_moves_the_frames_of_a_tag(mp3: str) -> None:
    names = [raw[:4] for raw in saved_by_mutagen(mp3, v2_version=3)]
    assert names == [b"TIT2", b"TPE1", b"TDRC", b"COMM", b"XYZ1"]


def test_mutagen_makes_a_frame_of_v2_4_of_the_date_in_a_tag_of_v2_3(mp3: str) -> None:
    frames = saved_by_mutagen(mp3, v2_version=3)
    assert data_of(mp3)[3] == 3
    assert not {YEAR, DAY} & set(frames)
    assert b"1999-12-31" in next(raw for raw in frames if raw.startswith(b"TDRC"))


def test_mutagen_merges_two_comments(mp3: str) -> None:
    frames = saved_by_mutagen(mp3, v2_version=3)
    (comment,) = (raw for raw in frames if raw.startswith(b"COMM"))
    assert b"one/two" in comment


def test_mutagen_s_default_changes_the_version_and_drops_a_frame_that_it_does_not_know(mp3: str) -> None:
    frames = saved_by_mutagen(mp3, v2_version=4)
    assert data_of(mp3)[3] == 4
    assert not any(raw.startswith(b"XYZ1") for raw in frames)


def test_we_keep_the_version_and_every_frame_in_its_place(mp3: str) -> None:
    before = data_of(mp3)
    written = apply(mp3, plan(read(mp3), Wanted(("Jazz",), 0.5, 120)))
    assert data_of(mp3)[3] == 3
    assert raw_frames(mp3) == FRAMES
    restore(mp3, written.previous)
    assert data_of(mp3) == before


ATOMS = [
    atom_bytes(name, atom_bytes(b"data", (1).to_bytes(4, "big") + bytes(4) + text))
    for name, text in ((b"\xa9too", b"encoder"), (b"\xa9cmt", b"comment"), (b"\xa9nam", b"title"))
]


@pytest.fixture
def m4a(sample: MakeSample) -> str:
    """An m4a whose tags are `ATOMS`."""
    path = sample("aac")
    with open(path, "rb") as file, open(f"{path}.new", "w+b") as copy:
        copy_with_splices(file, copy, load(file, path).rebuild(tuple(map(Item, ATOMS)), None))
    os.replace(f"{path}.new", path)
    return path


def raw_atoms(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        return [item.raw for item in load(file, path).items if item.field in (None, *REWORDED)]


def test_mutagen_sorts_the_atoms_of_an_m4a(m4a: str) -> None:
    file = MP4(m4a)
    file["\xa9gen"] = "Jazz"
    file.save()
    assert raw_atoms(m4a) == [ATOMS[2], ATOMS[0], ATOMS[1]]


def test_we_keep_every_atom_in_its_place(m4a: str) -> None:
    before = data_of(m4a)
    written = apply(m4a, plan(read(m4a), Wanted(("Jazz",), 0.5, 120)))
    assert raw_atoms(m4a) == ATOMS
    restore(m4a, written.previous)
    assert data_of(m4a) == before
