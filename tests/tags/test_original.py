"""Undo makes the very bytes again, also those around the tags that mean nothing; or says what it did not."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.tags import Previous, Wanted, apply, plan, previous_from_json, read, restore, try_restore
from tagger.tags.block import ByteSource, Splice
from tagger.tags.formats.id3_frames import syncsafe
from tagger.tags.formats.ogg import Page, page_bytes, pages_from
from tagger.tags.original import differences

from . import samples
from .conftest import MakeSample
from .foreign import add_foreign, open_with_mutagen

PREDICTED = Wanted(("House",), 0.5, 120)
LONG = Wanted(("A genre of some length " * 200,), 0.5, 120)


def with_odd_padding_flac(data: bytes) -> bytes:
    """A padding block that is not zero, as programs leave it that shorten a tag in place."""
    at = 4
    while data[at] & 0x7F != 1:
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    size = int.from_bytes(data[at + 1 : at + 4], "big")
    return data[: at + 4] + b"not zero"[:size].ljust(size, b"\x07") + data[at + 4 + size :]


def with_odd_free_m4a(data: bytes) -> bytes:
    """A `free` atom behind `ilst` that holds what was deleted."""
    at = data.index(b"ilst") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    free = (200).to_bytes(4, "big") + b"free" + b"deleted " * 24
    grown = bytearray(data[: at + old] + free + data[at + old :])
    for name in (b"moov", b"udta", b"meta"):
        where = data.index(name) - 4
        size = int.from_bytes(grown[where : where + 4], "big") + len(free)
        grown[where : where + 4] = size.to_bytes(4, "big")
    return bytes(grown)


def with_needless_escapes(data: bytes) -> bytes:
    """ID3v2.3, unsynchronised: FF 00 also where no byte pair looked like a frame of MPEG."""
    frame = b"TIT2" + (9).to_bytes(4, "big") + b"\0\0" + b"\0\xff\x41\xff\xff\x41\xffzz"
    body = frame.replace(b"\xff", b"\xff\0") + bytes(40)
    return b"ID3\3\0\x80" + syncsafe(len(body)) + body + data[_id3_length(data) :]


def with_padding_behind_the_tag(data: bytes) -> bytes:
    """A chunk that is longer than its ID3 tag."""
    title = b"\0a title"
    frame = b"TIT2" + len(title).to_bytes(4, "big") + b"\0\0" + title
    tag = b"ID3\3\0\0" + syncsafe(len(frame)) + frame
    return _with_chunk(data, b"id3 ", tag + bytes(101))


def with_odd_pad_byte(data: bytes) -> bytes:
    """A chunk of odd length whose pad byte is not zero."""
    frame = b"TIT2" + (5).to_bytes(4, "big") + b"\0\0" + b"\0name"
    tag = b"ID3\3\0\0" + syncsafe(len(frame)) + frame
    return _with_chunk(data, b"id3 ", tag, pad=b"\x55")


def with_pointer_to_the_end(data: bytes) -> bytes:
    """DSF as TASCAM writes it: no tag, but a pointer to the end of the file."""
    return data[:20] + len(data).to_bytes(8, "little") + data[28:]


def with_pages_of_4_kb(data: bytes, comment_bytes: int = 150_000) -> bytes:
    """Comments over many pages that are not as full as could be, and with no room behind them."""
    source = _source(data)
    first, _, *audio = pages_from(source, 0)
    comment = b"COMMENT=" + bytes(97 + n % 26 for n in range(comment_bytes))
    packet = b"OpusTags" + (3).to_bytes(4, "little") + b"any" + (1).to_bytes(4, "little")
    packet += len(comment).to_bytes(4, "little") + comment
    pieces = [packet[at : at + 16 * 255] for at in range(0, len(packet), 16 * 255)]
    pages = [data[: first.end]]
    for number, piece in enumerate(pieces, 1):
        lacing = b"\xff" * (len(piece) // 255)
        if number == len(pieces):
            lacing += bytes([len(piece) % 255])
        page = Page(0, number > 1, bytes(8), first.serial, number, lacing)
        pages.append(page_bytes(page, piece))
    for number, page in enumerate(audio, len(pages)):
        body = data[page.body_start : page.end]
        pages.append(page_bytes(dataclasses.replace(page, number=number), body))
    return b"".join(pages)


CASES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "flac padding": ("flac", with_odd_padding_flac),
    "m4a free": ("aac", with_odd_free_m4a),
    "id3 escapes": ("mp3", with_needless_escapes),
    "id3 chunk with zeros": ("wav", with_padding_behind_the_tag),
    "pad byte": ("wav", with_odd_pad_byte),
    "dsf pointer": ("dsf", with_pointer_to_the_end),
    "ogg pages": ("opus", with_pages_of_4_kb),
}


@pytest.mark.parametrize("wanted", [PREDICTED, LONG], ids=["short", "long"])
@pytest.mark.parametrize("case", CASES)
def test_what_means_nothing_comes_back_too(case: str, wanted: Wanted, tmp_path: Path) -> None:
    kind, craft = CASES[case]
    path = tmp_path / f"song.{samples.extension(kind)}"
    path.write_bytes(craft(samples.make(kind)))
    before = path.read_bytes()
    previous = _stored(apply(str(path), plan(read(str(path)), wanted)).previous)
    assert path.read_bytes() != before
    assert try_restore(str(path), previous).but_for == ""  # type: ignore[union-attr]
    restored = restore(str(path), previous)
    assert path.read_bytes() == before
    assert (restored.left, restored.but_for) == ((), "")


@pytest.mark.parametrize("name", samples.NAMES)
def test_a_date_that_was_changed_since_is_no_change(name: str, sample: MakeSample) -> None:
    path = sample(name)
    before = Path(path).read_bytes()
    previous = _stored(apply(path, plan(read(path), PREDICTED)).previous)
    os.utime(path, (1, 1))
    assert restore(path, previous).but_for == ""
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("name", ["mp3", "flac", "opus", "aac", "wv", "wma", "aiff"])
def test_what_was_changed_since_is_said(name: str, sample: MakeSample) -> None:
    path = sample(name)
    previous = _stored(apply(path, plan(read(path), PREDICTED)).previous)
    add_foreign(path, [("TITLE", "a new title")])
    trial = try_restore(path, previous)
    restored = restore(path, previous)
    assert restored.left == ()
    assert restored.but_for == "what has been changed in it since" == trial.but_for  # type: ignore[union-attr]
    assert "a new title" in str(open_with_mutagen(path).tags)
    assert read(path).genres == ()


def test_a_tag_of_another_kind_put_behind_the_sound_since_is_said(sample: MakeSample) -> None:
    path = sample("mp3")
    before = Path(path).read_bytes()
    previous = _stored(apply(path, plan(read(path), PREDICTED)).previous)
    with open(path, "ab") as file:
        file.write(b"TAG" + bytes(125))
    assert restore(path, previous).but_for == "what has been changed in it since"
    assert Path(path).read_bytes() == before + b"TAG" + bytes(125)


def test_a_way_back_that_is_too_long_to_remember_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.tags.original._LARGEST_BYTES", 300)
    path = tmp_path / "song.opus"
    path.write_bytes(with_pages_of_4_kb(samples.make("opus")))
    before = path.read_bytes()
    was = read(str(path))
    previous = _stored(apply(str(path), plan(was, PREDICTED)).previous)
    assert restore(str(path), previous).but_for.startswith("how its tags lay in it")
    assert path.read_bytes() != before
    assert read(str(path)) == was


def test_the_way_back_takes_little_room(sample: MakeSample) -> None:
    """A cover that stands between our tags is not stored a second time."""
    for name in ("mp3", "flac", "aac", "opus"):
        path = sample(name)
        add_foreign(
            path, [("GENRE", "Polka"), ("TITLE", "x")], cover=b"\xff\xd8\xff\xe0" + os.urandom(40_000)
        )
        written = apply(path, plan(read(path), PREDICTED))
        assert len(json.dumps(written.previous.to_json())) < 3000, name


@given(st.lists(st.binary(max_size=300), max_size=8), st.data())
def test_the_differences_lead_back(parts: list[bytes], data: st.DataObject) -> None:
    old = b"".join(parts)
    kept = [data.draw(st.sampled_from([part, part + b"x", b"", part[:100]])) for part in parts]
    new = b"".join(kept)
    assert _spliced(new, differences(new, old)) == old


def test_large_differences_lead_back_quickly() -> None:
    old, new = os.urandom(3_000_000), os.urandom(3_000_000)
    assert _spliced(new, differences(new, old)) == old
    common = os.urandom(2_000_000)
    splices = differences(b"a" * 500 + common + b"b" * 90, b"c" * 200 + common + b"d")
    assert sum(len(splice.data) for splice in splices) < 300


def _spliced(data: bytes, splices: list[Splice]) -> bytes:
    out, position = b"", 0
    for splice in splices:
        out += data[position : splice.start] + splice.data
        position = splice.end
    return out + data[position:]


def _stored(previous: Previous) -> Previous:
    return previous_from_json(json.loads(json.dumps(previous.to_json())))


def _id3_length(data: bytes) -> int:
    return 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))


def _with_chunk(data: bytes, name: bytes, content: bytes, pad: bytes = b"\0") -> bytes:
    chunk = name + len(content).to_bytes(4, "little") + content + pad[: len(content) % 2]
    assert chunk[-1:] == pad or pad == b"\0"
    return data[:4] + (len(data) - 8 + len(chunk)).to_bytes(4, "little") + data[8:] + chunk


def _source(data: bytes) -> ByteSource:
    import io

    return ByteSource(io.BytesIO(data), len(data))
