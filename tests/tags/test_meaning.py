"""A field is known by its meaning: odd spellings of other programs are the owner's genre and tempo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF, ASFUnicodeAttribute
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TBPM, TXXX
from mutagen.mp4 import MP4, MP4FreeForm

from tagger.tags import Policy, Wanted, apply, plan, read, restore
from tests.sounds import tags_by_ffmpeg

from .conftest import MakeSample
from .foreign import open_with_mutagen
from .test_id3 import data_of, frame, with_tag
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(("House",), 0.5, 120)
REPLACE = Policy("replace", bpm="replace")
OLD_NAMES = [
    (b"TT2\0", b"\0Title"), (b"TCO\0", b"\0Folk"), (b"TXX\0", b"\0EnergyLevel\x007"), (b"TBP\0", b"\x00174"),
    (b"TP1\0", b"\0Artist"),
]  # fmt: skip


@pytest.mark.parametrize("major", [3, 4])
def test_frames_with_the_names_of_v22_are_the_owners(major: int, sample: MakeSample) -> None:
    path = sample("mp3")
    before = with_tag(path, id3_tag(major, [frame(major, *one) for one in OLD_NAMES], 200))
    tags = read(path)
    assert (tags.genres, tags.energy_level, tags.bpm) == (("Folk",), "7", "174")
    assert [change.field for change in plan(tags, PREDICTED)] == ["energy"]

    written = apply(path, plan(tags, PREDICTED, REPLACE))

    assert data_of(path).count(b"TCO") == data_of(path).count(b"TBP") == 1
    seen = tags_by_ffmpeg(path)
    assert (seen["genre"], seen["title"], seen["artist"]) == ("House", "Title", "Artist")
    assert (ID3(path)["TCON"].text, ID3(path)["TBPM"].text) == (["House"], ["120"])
    restore(path, written.previous)
    assert data_of(path) == before


def id3(path: str, name: str, value: str) -> None:
    tags = ID3()
    tags.add(TXXX(encoding=3, desc=name, text=[value]))
    tags.save(path, v2_version=3)


def flac(path: str, name: str, value: str) -> None:
    file = FLAC(path)
    file[name] = [value]
    file.save()


def m4a(path: str, name: str, value: str) -> None:
    file = MP4(path)
    file[f"----:com.apple.iTunes:{name}"] = [MP4FreeForm(value.encode())]
    if name != "GENRE":
        file["tmpo"] = [0]
    file.save()


def wma(path: str, name: str, value: str) -> None:
    file = ASF(path)
    file[name] = [ASFUnicodeAttribute(value)]
    file.save()


def ape(path: str, name: str, value: str) -> None:
    tags = APEv2()
    tags[name] = value
    tags.save(path)


@pytest.mark.parametrize(
    ("kind", "put", "name", "value"),
    [
        ("mp3", id3, "BPM", "174"),
        ("mp3", id3, "fBPM", "173.98"),
        ("mp3", id3, "Tempo", "174 bpm"),
        ("flac", flac, "TEMPO", "174"),
        ("aac", m4a, "BPM", "174"),
        ("wma", wma, "wm/beatsperminute", "174"),
        ("wma", wma, "BPM", "174"),
        ("ape", ape, "Tempo", "174"),
    ],
)
def test_a_tempo_under_another_name_is_kept_or_replaced(
    kind: str, put: Callable[..., None], name: str, value: str, sample: MakeSample
) -> None:
    path = sample(kind)
    put(path, name, value)
    before = data_of(path)
    assert read(path).bpm == value
    assert "bpm" not in [change.field for change in plan(read(path), PREDICTED)]
    written = apply(path, plan(read(path), PREDICTED, REPLACE))
    assert read(path).texts("bpm") == ("120",)
    restore(path, written.previous)
    assert data_of(path) == before


@pytest.mark.parametrize(
    ("kind", "put", "name"),
    [("mp3", id3, "GENRE"), ("aac", m4a, "GENRE"), ("wma", wma, "Genre"), ("wma", wma, "wm/GENRE")],
)
def test_a_genre_under_another_name_is_kept_or_replaced(
    kind: str, put: Callable[..., None], name: str, sample: MakeSample
) -> None:
    path = sample(kind)
    put(path, name, "Folk")
    before = data_of(path)
    assert read(path).genres == ("Folk",)
    assert "genre" not in [change.field for change in plan(read(path), PREDICTED)]
    written = apply(path, plan(read(path), PREDICTED, REPLACE))
    assert read(path).genre_texts == ("House",)
    restore(path, written.previous)
    assert data_of(path) == before


@pytest.mark.parametrize(
    ("kind", "put", "name"),
    [("mp3", id3, "Tempo"), ("flac", flac, "TEMPO"), ("wma", wma, "Tempo"), ("ape", ape, "TEMPO")],
)
def test_a_tempo_that_is_a_word_is_another_tag(kind: str, put: Any, name: str, sample: MakeSample) -> None:
    path = sample(kind)
    put(path, name, "Allegro")
    assert read(path).bpm is None
    apply(path, plan(read(path), PREDICTED, REPLACE))
    assert read(path).bpm == "120"
    assert "Allegro" in str(dict(open_with_mutagen(path).tags))


def test_a_fine_tempo_beside_the_usual_one_stays(sample: MakeSample) -> None:
    path = sample("mp3")
    tags = ID3()
    tags.add(TBPM(encoding=3, text=["128"]))
    tags.add(TXXX(encoding=3, desc="fBPM", text=["127.98"]))
    tags.save(path, v2_version=3)
    assert read(path).texts("bpm") == ("128", "127.98")
    changes = plan(read(path), Wanted(bpm=128.2), REPLACE)
    assert changes == ()
