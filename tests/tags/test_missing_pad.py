"""wav and aiff without the pad byte at their end: written like others, and undone to the same bytes."""

from __future__ import annotations

import os

import pytest

from tagger.tags import TagError, Wanted, apply, measure, plan, read, restore
from tagger.tags.policy import Change

from .conftest import MakeSample
from .foreign import audio_digest, open_with_mutagen
from .test_id3 import data_of, frame
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(("House",), 0.5, 120)
ORDERS = {"wav": "little", "aiff": "big"}


def chunk(name: bytes, content: bytes, kind: str) -> bytes:
    return name + len(content).to_bytes(4, ORDERS[kind]) + content  # type: ignore[arg-type]


def end_with(path: str, kind: str, end: bytes, counted: int) -> bytes:
    """Put an odd chunk at the end, without its pad byte, which the header counts or not."""
    data = data_of(path) + end
    size = (len(data) - 8 + counted).to_bytes(4, ORDERS[kind])  # type: ignore[arg-type]
    data = data[:4] + size + data[8:]
    with open(path, "wb") as file:
        file.write(data)
    return data


def write_and_undo(path: str, before: bytes) -> bytes:
    """Give the file as it was while written."""
    sound, changes = audio_digest(path), plan(read(path), PREDICTED)
    size = measure(path, changes)
    previous = apply(path, changes).previous
    written = data_of(path)
    assert len(written) == size
    assert audio_digest(path) == sound
    assert open_with_mutagen(path).tags["TCON"].text == ["House"]
    assert restore(path, previous).left == ()
    assert data_of(path) == before
    return written


@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_a_missing_pad_byte_comes_with_the_tag_and_goes_with_it(
    kind: str, counted: int, sample: MakeSample
) -> None:
    path = sample(kind)
    before = end_with(path, kind, chunk(b"note", b"odd", kind), counted)
    written = write_and_undo(path, before)
    order = ORDERS[kind]
    assert int.from_bytes(written[4:8], order) == len(written) - 8  # type: ignore[arg-type]
    assert b"odd\0id3 " in written.lower()


@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_the_pad_byte_of_a_tag_may_be_missing(kind: str, counted: int, sample: MakeSample) -> None:
    path = sample(kind)
    tag = id3_tag(3, [frame(3, b"TIT2", b"\0even")], padding=0)
    tag = tag if len(tag) % 2 else id3_tag(3, [frame(3, b"TIT2", b"\0odd")])
    before = end_with(path, kind, chunk(b"ID3 ", tag, kind), counted)
    write_and_undo(path, before)


@pytest.mark.parametrize("counted", [0, 1])
def test_the_pad_byte_of_list_info_may_be_missing(counted: int, sample: MakeSample) -> None:
    path = sample("wav")
    info = b"INFO" + b"INAM\5\0\0\0Title"
    before = end_with(path, "wav", chunk(b"LIST", info, "wav"), counted)
    written = write_and_undo(path, before)
    assert b"IGNR\6\0\0\0House\0" in written


@pytest.mark.parametrize("counted", [0, 1])
def test_a_tag_in_the_middle_leaves_the_end_as_it_is(counted: int, sample: MakeSample) -> None:
    path = sample("wav")
    tag = id3_tag(3, [frame(3, b"TIT2", b"\0a")], padding=9)
    end = chunk(b"id3 ", tag, "wav") + bytes(len(tag) % 2) + chunk(b"note", b"odd", "wav")
    before = end_with(path, "wav", end, counted)
    written = write_and_undo(path, before)
    assert written.endswith(b"note\3\0\0\0odd")
    assert int.from_bytes(written[4:8], "little") == len(written) - 8 + counted


def test_a_file_that_lacks_more_than_its_pad_byte_is_refused(sample: MakeSample) -> None:
    path = sample("wav")
    os.truncate(path, os.path.getsize(path) - 1)  # of an even chunk: a byte of sound
    with pytest.raises(TagError, match="chunk sizes do not agree"):
        read(path)
    with pytest.raises(TagError):
        apply(path, [Change("genre", (), ("House",))])
