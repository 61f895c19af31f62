"""What is in front, behind or unusual: nothing of it vanishes, and nothing lands in its middle."""

from __future__ import annotations

from typing import Any

import av
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, PRIV

from tagger.tags import Policy, TagError, Wanted, apply, measure, plan, read, restore
from tagger.tags.formats.id3_frames import syncsafe, unsynchronised

from .conftest import MakeSample
from .foreign import open_with_mutagen
from .test_id3 import data_of, frame
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(("House",), 0.5, 120)
LOUDNESS = {
    "REPLAYGAIN_TRACK_GAIN": "-7.030000 dB",
    "REPLAYGAIN_TRACK_PEAK": "0.988553",
    "replaygain_album_gain": "-6.5 dB",
    "MP3GAIN_MINMAX": "089,181",
    "MP3GAIN_UNDO": "+002,+002,N",
}


def by_taglib(path: str) -> dict[str, list[str]]:
    taglib = pytest.importorskip("taglib", reason="pytaglib is not installed")
    with taglib.File(path) as file:
        return dict(file.tags)


def by_ffmpeg(path: str) -> dict[str, str]:
    with av.open(path, metadata_errors="replace") as container:
        return dict(container.metadata)


def bare_mp3(path: str, start: bytes = b"") -> None:
    data = data_of(path)
    with open(path, "wb") as file:
        file.write(start + data[data.index(b"\xff\xfb") :])


@pytest.mark.parametrize("start", [b"", id3_tag(3, [], 40), id3_tag(4, [], 2000)])
def test_replaygain_of_mp3gain_does_not_vanish(start: bytes, sample: MakeSample) -> None:
    """TagLib reads one tag of a file: the ID3v2 as soon as there is one, and then not the APEv2."""
    path = sample("mp3")
    bare_mp3(path, start)
    tags = APEv2()
    tags.update(LOUDNESS)
    tags.save(path)
    before, seen = data_of(path), by_taglib(path)
    assert seen["REPLAYGAIN_TRACK_GAIN"] == ["-7.030000 dB"]

    changes = plan(read(path), PREDICTED)
    size = measure(path, changes)
    written = apply(path, changes)

    assert len(data_of(path)) == size
    now = by_taglib(path)
    assert now["GENRE"] == ["House"]
    assert {key: now.get(key) for key in seen if key.startswith("REPLAYGAIN")} == {
        key: value for key, value in seen.items() if key.startswith("REPLAYGAIN")
    }
    assert dict(APEv2(path)) == LOUDNESS
    assert plan(read(path), PREDICTED, ours={"bpm": ("120",)}) == ()
    assert restore(path, written.previous).left == ()
    assert data_of(path) == before


def test_replaygain_that_somebody_scanned_anew_stays_after_undo(sample: MakeSample) -> None:
    path = sample("mp3")
    bare_mp3(path)
    tags = APEv2()
    tags.update(LOUDNESS)
    tags.save(path)
    written = apply(path, plan(read(path), PREDICTED))
    scanned = ID3(path)
    scanned["TXXX:REPLAYGAIN_TRACK_GAIN"].text = ["-1.00 dB"]
    scanned.save(v2_version=3)
    restore(path, written.previous)
    assert by_taglib(path)["REPLAYGAIN_TRACK_GAIN"] == ["-1.00 dB"]
    assert read(path).genres == ()


@pytest.mark.parametrize("kind", ["mpc", "ape", "wv"])
def test_names_in_an_id3v2_tag_in_front_are_not_hidden(kind: str, sample: MakeSample) -> None:
    path = sample(kind)
    sound = data_of(path)
    if kind == "wv":
        sound = sound[: sound.index(b"APETAGEX")]
    with open(path, "wb") as file:
        file.write(id3_tag(3, [frame(3, b"TIT2", b"\0Title"), frame(3, b"TPE1", b"\0Artist")]) + sound)
    before = data_of(path)
    for write in (measure, apply):
        with pytest.raises(TagError, match="its tags are in an ID3v2 tag in front of it"):
            write(path, plan(read(path), PREDICTED))  # type: ignore[operator]
    assert data_of(path) == before


def counted(raw: bytes) -> bytes:
    """A frame whose size counts the bytes that unsynchronisation inserts."""
    content = unsynchronised(raw[10:])
    return raw[:4] + len(content).to_bytes(4, "big") + raw[8:10] + content


UTF16 = (
    frame(3, b"TIT2", b"\1\xff\xfeT\0i\0"),
    frame(3, b"PRIV", b"o\0" + b"\xff\xe0\xff\0" * 3),
    frame(3, b"TCON", b"\1\xff\xfeF\0o\0l\0k\0"),
    frame(3, b"TPE1", b"\0Artist"),
    frame(3, b"TALB", b"\1\xff\xfeA\0"),
)


@pytest.mark.parametrize("padding", [0, 40, 500])
@pytest.mark.parametrize("policy", ["missing", "replace", "add"])
def test_frame_sizes_that_count_inserted_bytes_are_understood(
    policy: str, padding: int, sample: MakeSample
) -> None:
    path = sample("mp3")
    body = b"".join(map(counted, UTF16)) + bytes(padding)
    bare_mp3(path, b"ID3\3\0\x80" + syncsafe(len(body)) + body)
    before, seen = data_of(path), by_ffmpeg(path)
    assert (seen["title"], seen["artist"], seen["album"], seen["genre"]) == ("Ti", "Artist", "A", "Folk")
    assert read(path).genres == ("Folk",)

    written = apply(path, plan(read(path), PREDICTED, Policy(policy)))  # type: ignore[arg-type]

    now = by_ffmpeg(path)
    assert now.items() >= {("title", "Ti"), ("artist", "Artist"), ("album", "A")}
    assert (now["TBPM"], now["TAGGER_ENERGY"]) == ("120", "0.5000")
    assert now["genre"] == ("House" if policy == "replace" else "Folk")
    assert by_taglib(path).items() >= {"BPM": ["120"], "TAGGER_ENERGY": ["0.5000"]}.items()
    assert all(counted(raw) in data_of(path) for raw in UTF16 if not raw.startswith(b"TCON"))
    assert restore(path, written.previous).left == ()
    assert data_of(path) == before


def test_a_genre_that_needs_inserted_bytes_is_counted_too(sample: MakeSample) -> None:
    path = sample("mp3")
    body = b"".join(map(counted, UTF16)) + bytes(40)
    bare_mp3(path, b"ID3\3\0\x80" + syncsafe(len(body)) + body)
    before = data_of(path)
    written = apply(path, plan(read(path), Wanted(("Ünïque",)), Policy("replace")))
    assert by_ffmpeg(path)["genre"] == "Ünïque"
    assert by_ffmpeg(path)["album"] == "A"
    restore(path, written.previous)
    assert data_of(path) == before


def test_unsynchronised_tags_that_follow_the_standard_are_read_by_it(sample: MakeSample) -> None:
    path = sample("mp3")
    bare_mp3(path, id3_tag(3, list(UTF16), 40, flags=0x80))
    before = data_of(path)
    written = apply(path, plan(read(path), PREDICTED, Policy("replace")))
    assert by_taglib(path).items() >= {
        "TITLE": ["Ti"], "ARTIST": ["Artist"], "ALBUM": ["A"], "GENRE": ["House"], "BPM": ["120"],
    }.items()  # fmt: skip
    restore(path, written.previous)
    assert data_of(path) == before


@pytest.mark.parametrize("kind", ["wav", "aiff", "dsf"])
def test_the_name_of_our_energy_is_never_taken_for_an_id3v1_tag(kind: str, sample: MakeSample) -> None:
    """mutagen takes `TAG`, 124 to 128 bytes before the end of a file, for the start of one."""
    for room in range(140, 180):
        path = sample(kind)
        file: Any = open_with_mutagen(path)
        if file.tags is None:
            file.add_tags()
        file.tags.add(PRIV(owner="o", data=b"x"))
        file.save(padding=lambda _, size=room: size)
        before = data_of(path)
        written = apply(path, plan(read(path), PREDICTED, Policy("never", bpm="never")))
        assert {key.split(":")[0] for key in open_with_mutagen(path).tags} == {"PRIV", "TXXX"}
        assert restore(path, written.previous).left == ()
        assert data_of(path) == before


@pytest.mark.parametrize("kind", ["ape", "wv", "mpc"])
def test_an_ape_tag_is_found_wherever_the_name_of_our_energy_stands(kind: str, sample: MakeSample) -> None:
    for length in range(55, 66):
        path = sample(kind)
        tags = APEv2()
        tags.update({"TAGGER_ENERGY": "0.2000", "Comment": "x" * length})
        tags.save(path)
        assert (read(path).energy, length) == ("0.2000", length)
        before = data_of(path)
        written = apply(path, plan(read(path), PREDICTED))
        assert dict(APEv2(path))["Comment"] == "x" * length
        restore(path, written.previous)
        assert data_of(path) == before


def test_a_tta_as_ffmpeg_writes_it_is_tagged(sample: MakeSample) -> None:
    """Its names are in an APE tag, which TagLib and mutagen never read in a tta; FFmpeg reads no other."""
    path = sample("tta")
    tags = APEv2()
    tags.update(
        {"Title": "Títle", "Artist": "A", "Album": "B", "Genre": "Folk", "Year": "2019", "Mood": "calm"}
    )
    tags.update({"BPM": "174", "EnergyLevel": "7", "Comment": "c", "Track": "3", "Mood": "calm"})
    tags.save(path)
    before, seen = data_of(path), by_ffmpeg(path)
    assert (read(path).genres, read(path).bpm, read(path).energy_level) == (("Folk",), "174", "7")

    written = apply(path, plan(read(path), PREDICTED))

    assert by_taglib(path) == {
        "TITLE": ["Títle"], "ARTIST": ["A"], "ALBUM": ["B"], "GENRE": ["Folk"], "DATE": ["2019"],
        "MOOD": ["calm"], "BPM": ["174"], "ENERGYLEVEL": ["7"], "COMMENT": ["c"], "TRACKNUMBER": ["3"],
        "TAGGER_ENERGY": ["0.5000"],
    }  # fmt: skip
    assert by_ffmpeg(path) == seen
    assert restore(path, written.previous).left == ()
    assert data_of(path) == before
    replaced = apply(path, plan(read(path), PREDICTED, Policy("replace", bpm="replace")))
    assert (read(path).genres, read(path).ffmpeg_genres, read(path).bpm) == (("House",), ("Folk",), "120")
    restore(path, replaced.previous)
    assert data_of(path) == before
