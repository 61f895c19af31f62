from __future__ import annotations

import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TCON

from tagger.tags import TagError, Tags, UnsupportedFormat, plan, read
from tagger.tags.policy import Wanted

from . import samples
from .conftest import MakeSample

# The name that `read` gives to a sample whose own name says more.
FORMATS = {"aac": "m4a", "alac": "m4a", "faststart": "m4a"}


def append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)


@pytest.mark.parametrize("name", samples.NAMES)
def test_an_untagged_file_has_no_fields(name: str, sample: MakeSample) -> None:
    assert read(sample(name)) == Tags(FORMATS.get(name, name))


@pytest.mark.parametrize(
    ("text", "names"), [("(17)", ("Rock",)), ("(4)(5)X", ("Disco", "Funk", "X")), ("9", ("Metal",))]
)
def test_numeric_genres_are_named(text: str, names: tuple[str, ...], sample: MakeSample) -> None:
    path = sample("mp3")
    tags = ID3()
    tags.add(TCON(encoding=1, text=[text]))
    tags.save(path, v2_version=3)
    assert read(path).genres == names


def test_an_id3v1_genre_counts(sample: MakeSample) -> None:
    path = sample("mp3")
    append(path, b"TAG" + bytes(124) + bytes([17]))
    assert read(path).genres == ("Rock",)
    assert read(path).genre_texts == ()
    assert plan(read(path), Wanted(("House",))) == ()


def test_an_ape_genre_on_mp3_counts(sample: MakeSample) -> None:
    path = sample("mp3")
    tags = APEv2()
    tags["Genre"] = "Trip Hop"
    tags.save(path)
    assert read(path).genres == ("Trip Hop",)


def test_a_list_info_genre_in_wav_counts(sample: MakeSample) -> None:
    path = sample("wav")
    with open(path, "rb") as file:
        data = file.read()
    info = b"INFOIGNR\x05\0\0\0Folk\0\0"
    data += b"LIST" + len(info).to_bytes(4, "little") + info
    with open(path, "wb") as file:
        file.write(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])
    assert read(path).genres == ("Folk",)


@pytest.mark.parametrize("start", [b"\xff\xf1\x50\x80", b"", b"plain text", b"\x1aE\xdf\xa3"])
def test_a_file_that_carries_no_tags_is_reported_as_such(start: bytes, tmp_path: object) -> None:
    path = f"{tmp_path}/song.aac"
    append(path, start.ljust(200, b"\0"))
    with pytest.raises(UnsupportedFormat, match=r"tags cannot be written into this kind of file \(aac\)"):
        read(path)


def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path: object) -> None:
    path = f"{tmp_path}/song.flac"
    append(path, b"noise".ljust(200, b"\0"))
    with pytest.raises(UnsupportedFormat, match=r"^does not begin as flac files do, so tags cannot be"):
        read(path)


@pytest.mark.parametrize("name", samples.NAMES)
def test_a_damaged_file_is_an_error_of_one_line_or_readable(name: str, sample: MakeSample) -> None:
    path = sample(name)
    with open(path, "rb") as file:
        data = file.read()
    for length in (0, 3, 11, 29, 60, 100, 200, len(data) // 2):
        with open(path, "wb") as file:
            file.write(data[:length])
        try:
            read(path)
        except TagError as error:
            assert "\n" not in str(error)


def test_a_missing_file_is_a_tag_error(tmp_path: object) -> None:
    with pytest.raises(TagError, match="No such file"):
        read(f"{tmp_path}/nothing.mp3")
