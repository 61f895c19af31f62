"""Headers of ID3, APE and ASF, whole, cut and damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.containers import (
    APEV2_MAGIC,
    apev2_length,
    asf_duration_s,
    asf_objects,
    id3v1_length,
    id3v2_length,
)


def ape_footer(size: int, flags: int) -> bytes:
    numbers = (2000, size, 1, flags)
    return APEV2_MAGIC + b"".join(number.to_bytes(4, "little") for number in numbers) + bytes(8)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (b"ID3\3\0\0\0\0\2\1", 267),
        (b"ID3\4\0\x10\0\0\2\1", 277),  # with a footer
        (b"ID3\3\0\x10\0\0\2\1", 267),  # only v2.4 has footers
        (b"ID3\xff\0\0\0\0\2\1", 0),
        (b"ID3\4\0\0\x80\0\0\0", 0),
        (b"ID3\4\0\0\0\0\0", 0),
        (b"TAG" + bytes(7), 0),
        (b"", 0),
    ],
)
def test_the_length_of_an_id3v2_tag(header: bytes, length: int) -> None:
    assert id3v2_length(header) == length


def test_the_length_of_an_ape_tag_with_and_without_a_header() -> None:
    assert apev2_length(ape_footer(100, 0)) == 100
    assert apev2_length(ape_footer(100, 1 << 31)) == 132
    assert apev2_length(ape_footer(100, 0)[1:]) == apev2_length(bytes(32)) == apev2_length(b"") == 0


def test_an_ape_tag_of_131_bytes_is_not_taken_for_id3v1() -> None:
    assert id3v1_length(b"...TAG" + bytes(125)) == id3v1_length(b"TAG" + bytes(125)) == 128
    assert id3v1_length(APEV2_MAGIC + bytes(123)) == 0
    assert id3v1_length(b"TAG" + bytes(124)) == id3v1_length(b"") == 0


def test_the_objects_of_an_asf_header_are_walked_to_its_end() -> None:
    one = b"1" * 16 + (26).to_bytes(8, "little") + b"ab"
    two = b"2" * 16 + (24).to_bytes(8, "little")
    data = one + two + one

    def read(start: int, length: int) -> bytes:
        return data[start : start + length]

    found = list(asf_objects(read, 0, 50))
    assert [(o.guid[:1], o.start, o.body, o.end) for o in found] == [(b"1", 0, 24, 26), (b"2", 26, 50, 50)]
    assert len(list(asf_objects(read, 0, 10_000))) == 3


@given(st.binary(max_size=300))
def test_damaged_asf_headers_end_too(data: bytes) -> None:
    found = list(asf_objects(lambda start, length: data[start : start + length], 0, 1 << 63))
    assert len(found) <= len(data) // 24 + 1


def test_the_duration_of_an_asf_file_is_without_its_preroll() -> None:
    numbers = (123_000_000, 0, 2_300)
    properties = bytes(64) + b"".join(number.to_bytes(8, "little") for number in numbers)
    assert asf_duration_s(properties) == pytest.approx(10.0)
    assert asf_duration_s(properties[:-1]) == 0.0
