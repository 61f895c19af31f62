from __future__ import annotations

import itertools
import os
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3

from tagger.containers import from_syncsafe
from tagger.tags import REWORDED, Policy, UnsupportedFormat, Wanted, apply, plan, read, restore
from tagger.tags.block import ByteSource
from tagger.tags.formats.id3 import read_tag
from tagger.tags.formats.id3_frames import desynchronised, syncsafe, unsynchronised

from .conftest import MakeSample

PREDICTED = Wanted(("Ünïque",), 0.5, 120)
FRAMES = {
    2: [b"TT2", b"COM", b"PIC", b"XYZ"],
    3: [b"TIT2", b"COMM", b"PRIV", b"TYER", b"XYZW"],
    4: [b"TIT2", b"COMM", b"PRIV", b"TDRC", b"XYZW"],
}


def frame(major: int, frame_id: bytes, content: bytes) -> bytes:
    if major == 2:
        return frame_id + len(content).to_bytes(3, "big") + content
    size = syncsafe(len(content)) if major == 4 else len(content).to_bytes(4, "big")
    return frame_id + size + b"\0\0" + content


def tag(major: int, frames: list[bytes], padding: int = 0, flags: int = 0) -> bytes:
    body = b"".join(frames) + bytes(padding)
    if flags & 0x80 and major < 4:
        body = unsynchronised(body)
    return b"ID3" + bytes([major, 0, flags]) + syncsafe(len(body)) + body


def with_tag(path: str, start: bytes, end: bytes = b"") -> bytes:
    """Put bytes before and behind an mp3's audio; gives the whole file."""
    data = start + _audio(path) + end
    with open(path, "wb") as file:
        file.write(data)
    return data


def _audio(path: str) -> bytes:
    with open(path, "rb") as file:
        source = ByteSource(file, os.path.getsize(path))
        return source.at(read_tag(source, 0).stored_bytes, source.size - read_tag(source, 0).stored_bytes)


def raw_frames(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        items = read_tag(ByteSource(file, os.path.getsize(path)), 0).items
    return [item.raw for item in items if item.field in (None, *REWORDED)]


def data_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


contents = st.binary(min_size=1, max_size=30).map(lambda data: b"\0" + data)


@pytest.mark.parametrize("major", [2, 3, 4])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), padding=st.sampled_from([0, 5, 1000]), unsync=st.booleans())
def test_frames_of_every_version_keep_their_bytes_order_and_number(
    major: int, data: st.DataObject, padding: int, unsync: bool, sample: MakeSample
) -> None:
    path = sample("mp3")
    ids = st.sampled_from(FRAMES[major])
    frames = data.draw(st.lists(st.builds(lambda i, c: frame(major, i, c), ids, contents), max_size=6))
    frames += frames[:1]
    flags = 0x80 if unsync and major == 3 else 0
    before = with_tag(path, tag(major, frames, padding, flags), b"TAG" + bytes(124) + b"\xff")

    written = apply(path, plan(read(path), PREDICTED, Policy("replace")))

    assert raw_frames(path) == frames
    assert data_of(path)[3] == major
    assert ID3(path)["TCON"].text == ["Ünïque"]
    if padding == 1000 and not flags:
        assert len(data_of(path)) == len(before)
    restore(path, written.previous)
    assert data_of(path) == before


def test_v23_gets_utf16_and_never_utf8(sample: MakeSample) -> None:
    path = sample("mp3")
    with_tag(path, tag(3, [frame(3, b"TYER", b"\x001999")]))
    apply(path, plan(read(path), PREDICTED))
    assert frame(3, b"TCON", b"\x01\xff\xfe" + "Ünïque".encode("utf-16-le")) in data_of(path)
    assert raw_frames(path) == [frame(3, b"TYER", b"\x001999")]


def test_a_genre_keeps_its_place_and_comes_back_in_its_own_encoding(sample: MakeSample) -> None:
    path = sample("mp3")
    genre = frame(3, b"TCON", b"\x01\xfe\xff" + "Rück".encode("utf-16-be") + b"\0\0")
    frames = [frame(3, b"TIT2", b"\0a"), genre, frame(3, b"TALB", b"\0b"), genre]
    before = with_tag(path, tag(3, frames, 50))
    assert read(path).genre_texts == ("Rück", "Rück")
    written = apply(path, plan(read(path), PREDICTED, Policy("replace")))
    assert list(ID3(path))[:3] == ["TIT2", "TCON", "TALB"]
    restore(path, written.previous)
    assert data_of(path) == before


def test_id3v1_and_ape_tags_of_an_mp3_stay_as_they_are(sample: MakeSample) -> None:
    path = sample("mp3")
    item = (4).to_bytes(4, "little") + bytes(4) + b"Mood\0" + b"calm"
    numbers = b"".join(n.to_bytes(4, "little") for n in (2000, len(item) + 32, 1, 0))
    end = item + b"APETAGEX" + numbers + bytes(8) + b"TAG" + b"x" * 124 + b"\xff"
    with_tag(path, tag(3, [frame(3, b"TIT2", b"\0a")]), end)
    apply(path, plan(read(path), PREDICTED))
    assert data_of(path).endswith(end)
    assert read(path).genres == ("Ünïque",)


def test_v24_frame_sizes_as_old_itunes_wrote_them_are_understood(sample: MakeSample) -> None:
    path = sample("mp3")
    long = b"PRIV" + (300).to_bytes(4, "big") + b"\0\0" + b"o\0" + b"\x81" * 298
    with_tag(path, tag(4, [long, frame(4, b"TIT2", b"\0a")], 20))
    apply(path, plan(read(path), PREDICTED))
    assert raw_frames(path) == [long, frame(4, b"TIT2", b"\0a")]


def test_an_extended_header_stays_and_tells_the_new_padding(sample: MakeSample) -> None:
    path = sample("mp3")
    extended = (6).to_bytes(4, "big") + b"\0\0" + (200).to_bytes(4, "big")
    before = with_tag(path, tag(3, [extended, frame(3, b"TIT2", b"\0a")], 200, flags=0x40))
    written = apply(path, plan(read(path), Wanted(("Rock",))))
    assert data_of(path)[16:20] == (200 - 15).to_bytes(4, "big")
    restore(path, written.previous)
    assert data_of(path) == before


def crc(major: int, data: bytes) -> bytes:
    number = zlib.crc32(data)
    places = (number >> 7 * place & 127 for place in (4, 3, 2, 1, 0))
    return number.to_bytes(4, "big") if major == 3 else bytes(places)


def extended_header(major: int, checked: bytes, padding: int, update: bool = False) -> bytes:
    """An extended header with the checksum of `checked`; v2.4 also with the flag of an update."""
    if major == 3:
        return (10).to_bytes(4, "big") + b"\x80\0" + padding.to_bytes(4, "big") + crc(3, checked)
    rest = b"\1" + (b"\x60\0" if update else b"\x20") + b"\5" + crc(4, checked)
    return syncsafe(4 + len(rest)) + rest


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("covers_padding", [False, True])
@pytest.mark.parametrize("padding", [0, 30, 500])
@pytest.mark.parametrize("major", [3, 4])
def test_a_checksum_over_the_frames_is_renewed(
    major: int, padding: int, covers_padding: bool, update: bool, sample: MakeSample
) -> None:
    """Audacity writes one over frames and padding; players ignore it, and checkers do not."""
    path, frames = sample("mp3"), frame(major, b"TIT2", b"\0a") + frame(major, b"TPE1", b"\0b")
    header = extended_header(major, frames + bytes(padding if covers_padding else 0), padding, update)
    before = with_tag(path, tag(major, [header, frames], padding, flags=0x40))
    written = apply(path, plan(read(path), PREDICTED))
    body = data_of(path)[10 : 10 + from_syncsafe(data_of(path)[6:10])]
    content = body[len(header) :]
    checked = content if covers_padding or not padding else content.rstrip(b"\0")
    assert crc(major, checked) in body[: len(header)]
    assert ID3(path)["TCON"].text == ["Ünïque"]
    restore(path, written.previous)
    assert data_of(path) == before


def test_a_checksum_that_was_wrong_stays_as_it_is(sample: MakeSample) -> None:
    path, frames = sample("mp3"), frame(4, b"TIT2", b"\0a")
    header = extended_header(4, b"something else", 0)
    before = with_tag(path, tag(4, [header, frames], 100, flags=0x40))
    written = apply(path, plan(read(path), PREDICTED))
    assert data_of(path)[10 : 10 + len(header)] == header
    restore(path, written.previous)
    assert data_of(path) == before


@pytest.mark.parametrize(
    "start",
    [
        tag(5, [frame(4, b"TIT2", b"\0a")]),
        tag(2, [frame(2, b"TT2", b"\0a")], flags=0x40),
    ],
)
def test_rare_tags_that_cannot_be_kept_whole_are_left_alone(start: bytes, sample: MakeSample) -> None:
    path = sample("mp3")
    with_tag(path, start)
    with pytest.raises(UnsupportedFormat):
        read(path)


def test_a_compressed_frame_of_ours_is_read(sample: MakeSample) -> None:
    path = sample("mp3")
    packed = zlib.compress(b"\0Jungle")
    content = (7).to_bytes(4, "big") + packed
    with_tag(path, tag(3, [b"TCON" + len(content).to_bytes(4, "big") + b"\0\x80" + content]))
    assert read(path).genres == ("Jungle",)


def test_an_encrypted_genre_counts_as_one(sample: MakeSample) -> None:
    path = sample("mp3")
    with_tag(path, tag(4, [b"TCON" + syncsafe(5) + b"\0\x04" + b"\x80abcd"]))
    assert plan(read(path), Wanted(("House",))) == ()


@given(
    st.binary(max_size=40) | st.lists(st.sampled_from([b"\xff", b"\0", b"\xe0"]), max_size=12).map(b"".join)
)
def test_unsynchronisation_is_undone(data: bytes) -> None:
    stored = unsynchronised(data)
    assert desynchronised(stored) == data
    assert not any(one == 0xFF and two >= 0xE0 for one, two in itertools.pairwise(stored))
