"""WAV with its names in LIST INFO, as FFmpeg writes it: no player loses one, and undo takes all back."""

from __future__ import annotations

import json
from typing import Any

import av
import pytest
from mutagen.wave import WAVE

from tagger.containers import from_syncsafe
from tagger.tags import Policy, Wanted, apply, measure, plan, previous_from_json, read, restore
from tagger.tags.policy import Change

from .conftest import MakeSample
from .foreign import audio_digest
from .test_id3 import data_of, extended_header, frame
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(("House",), 0.5, 120)
NAMES = (
    (b"INAM", "Títle"), (b"IART", "Artist"), (b"IPRD", "Album"), (b"ICRD", "2019-05-01"), (b"ICMT", "odd"),
    (b"IPRT", "3"), (b"ICOP", "someone"), (b"ILNG", "eng"), (b"ITCH", "coder"), (b"ISFT", "Lavf59.27.100"),
)  # fmt: skip


def entry(name: bytes, value: str, encoding: str = "utf-8", padded: bool = True) -> bytes:
    text = value.encode(encoding) + b"\0"
    return name + len(text).to_bytes(4, "little") + text + bytes(len(text) % 2 if padded else 0)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def put_info(path: str, entries: bytes, where: str = "front") -> None:
    """Put a LIST INFO chunk in front of the sound or behind it, in the place of FFmpeg's own."""
    data = data_of(path)
    at = data.index(b"LIST") if b"LIST" in data[:200] else 36
    end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little") if data[at : at + 4] == b"LIST" else at
    info, rest = chunk(b"LIST", b"INFO" + entries), data[end:]
    body = data[8:at] + (info + rest if where == "front" else rest + info)
    with open(path, "wb") as file:
        file.write(b"RIFF" + len(body).to_bytes(4, "little") + body)


def by_taglib(path: str) -> dict[str, list[str]]:
    taglib = pytest.importorskip("taglib", reason="pytaglib is not installed")
    with taglib.File(path) as file:
        return dict(file.tags)


def by_ffmpeg(path: str) -> dict[str, str]:
    with av.open(path) as container:
        return dict(container.metadata)


def infos(path: str) -> dict[str, str]:
    """What stands in LIST INFO, read as FFmpeg 5.1 does, which passes over the ID3 chunk beside it."""
    data = data_of(path)
    at = data.index(b"INFO") + 4
    end = at - 4 + int.from_bytes(data[at - 8 : at - 4], "little")
    found = {}
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found[data[at : at + 4].decode()] = data[at + 8 : at + 8 + size].rstrip(b"\0").decode()
        at += 8 + size + size % 2
    return found


def written(path: str, policy: Policy | None = None) -> tuple[tuple[Change, ...], Any]:
    changes = plan(read(path), PREDICTED, policy or Policy())
    size = measure(path, changes)
    done = apply(path, changes)
    assert len(data_of(path)) == size
    return changes, previous_from_json(json.loads(json.dumps(done.previous.to_json())))


@pytest.mark.parametrize("where", ["front", "behind"])
@pytest.mark.parametrize("genre", ["", "Folk"])
@pytest.mark.parametrize("policy", ["missing", "replace", "add"])
def test_no_player_loses_a_name(policy: Any, genre: str, where: str, sample: MakeSample) -> None:
    path = sample("wav")
    put_info(path, b"".join(entry(*one) for one in (*NAMES, (b"IGNR", genre)) if one[1]), where)
    before, sound, taglib, ffmpeg, old = (
        data_of(path), audio_digest(path), by_taglib(path), by_ffmpeg(path), infos(path),
    )  # fmt: skip
    after = ([genre] if genre and policy != "replace" else []) + (
        ["House"] if not genre or policy != "missing" else []
    )

    changes, previous = written(path, Policy(policy))

    assert by_taglib(path) == taglib | {
        "GENRE": after, "BPM": ["120"], "ENERGYLEVEL": ["5"], "TAGGER_ENERGY": ["0.5000"],
    }  # fmt: skip
    assert ffmpeg.items() - {("genre", genre)} <= by_ffmpeg(path).items()
    assert infos(path) == old | {"IGNR": "; ".join(after)}
    assert str(WAVE(path)["TIT2"]) == "Títle"
    assert audio_digest(path) == sound
    assert read(path).genres == tuple(after)
    assert plan(read(path), PREDICTED, Policy(policy), ours={"bpm": ("120",)}) == ()
    assert len(changes) == (3 if genre and policy == "missing" else 4)
    assert restore(path, previous).left == ()
    assert data_of(path) == before


def test_a_genre_in_a_wav_that_only_names_its_program_is_put_beside_that_name(sample: MakeSample) -> None:
    path = sample("wav")
    put_info(path, entry(b"ISFT", "Lavf59.27.100"))
    before = data_of(path)
    _, previous = written(path)
    assert infos(path) == {"IGNR": "House", "ISFT": "Lavf59.27.100"}
    restore(path, previous)
    assert data_of(path) == before


def test_a_wav_without_list_info_gets_none(sample: MakeSample) -> None:
    path = sample("wav")
    with av.open(path) as one, av.open(path + ".wav", "w", options={"fflags": "+bitexact"}) as other:
        stream = other.add_stream_from_template(one.streams.audio[0])
        for packet in one.demux(one.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                other.mux(packet)
    assert b"LIST" not in data_of(path + ".wav")
    written(path + ".wav")
    assert b"LIST" not in data_of(path + ".wav")
    assert by_ffmpeg(path + ".wav")["genre"] == "House"


def test_the_tempo_in_list_info_is_the_files_own(sample: MakeSample) -> None:
    path = sample("wav")
    put_info(path, entry(b"IBPM", "174") + entry(b"INAM", "x"))
    assert read(path).bpm == "174"
    before = data_of(path)
    changes, previous = written(path)
    assert "bpm" not in [change.field for change in changes]
    assert by_taglib(path)["BPM"] == ["174"]
    restore(path, previous)
    assert data_of(path) == before
    _, previous = written(path, Policy(bpm="replace"))
    assert (by_taglib(path)["BPM"], infos(path)["IBPM"]) == (["120"], "120")
    restore(path, previous)
    assert data_of(path) == before


@pytest.mark.parametrize(
    "entries",
    [
        entry(b"INAM", "even") + entry(b"IART", "odd.", padded=False) + entry(b"IPRD", "x"),
        entry(b"INAM", "x") + entry(b"IART", "odd.", padded=False),
        entry(b"INAM", "x") + entry(b"IGNR", "Folk", padded=False),
        entry(b"INAM", "Größe", "cp1252") + b"\0\0\0\0junk that is no entry",
        entry(b"INAM", "x") + b"IART\xff\xff\0\0cut",
        entry(b"inam", "x") + entry(b"IGNR", " ") + entry(b"IGNR", "Folk"),
        b"",
    ],
)
def test_careless_lists_are_kept_byte_by_byte(entries: bytes, sample: MakeSample) -> None:
    for policy in (Policy(), Policy("replace"), Policy("add")):
        path = sample("wav")
        put_info(path, entries)
        before, taglib = data_of(path), by_taglib(path)
        _, previous = written(path, policy)
        if taglib.get("TITLE") in (["x"], ["even"]):
            assert by_taglib(path)["TITLE"] == taglib["TITLE"]
        assert restore(path, previous).left == ()
        assert data_of(path) == before


def test_two_lists_are_both_kept(sample: MakeSample) -> None:
    path = sample("wav")
    put_info(path, entry(b"INAM", "x"))
    put_info_behind = chunk(b"LIST", b"INFO" + entry(b"IGNR", "Folk") + entry(b"IART", "y"))
    data = data_of(path) + put_info_behind
    with open(path, "wb") as file:
        file.write(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])
    before = data_of(path)
    for policy in (Policy(), Policy("replace")):
        _, previous = written(path, policy)
        assert (by_taglib(path)["TITLE"], by_taglib(path)["ARTIST"]) == (["x"], ["y"])
        restore(path, previous)
        assert data_of(path) == before


def test_undo_keeps_names_that_somebody_changed_in_the_new_tag(sample: MakeSample) -> None:
    path = sample("wav")
    put_info(path, b"".join(entry(*one) for one in NAMES))
    _, previous = written(path)
    file = WAVE(path)
    file.tags["TIT2"].text = ["Corrected"]
    file.save(v2_version=3)
    assert restore(path, previous).left == ()
    assert str(WAVE(path)["TIT2"]) == "Corrected"
    assert str(WAVE(path)["TPE1"]) == "Artist"
    assert read(path).genres == ()


def test_a_second_run_is_undone_alone_and_then_the_first(sample: MakeSample) -> None:
    path = sample("wav")
    put_info(path, b"".join(entry(*one) for one in (*NAMES, (b"IGNR", "Folk"))))
    untouched = data_of(path)
    _, first = written(path)
    once = data_of(path)
    _, second = written(path, Policy("replace"))
    assert (infos(path)["IGNR"], read(path).genres) == ("House", ("House",))
    restore(path, second)
    assert data_of(path) == once
    restore(path, first)
    assert data_of(path) == untouched


def test_a_wav_as_audacity_exports_it_gets_its_tags_in_both(sample: MakeSample) -> None:
    """Its names in LIST INFO and in an ID3v2.4 tag with a checksum in the extended header."""
    path = sample("wav")
    put_info(path, b"".join(entry(*one) for one in NAMES), "behind")
    frames = frame(4, b"TIT2", b"\3T\xc3\xadtle") + frame(4, b"TPE1", b"\3Artist")
    tag = id3_tag(4, [extended_header(4, frames + bytes(40), 0), frames], 40, flags=0x40)
    data = data_of(path) + chunk(b"id3 ", tag)
    before = data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    with open(path, "wb") as file:
        file.write(before)
    _, previous = written(path)
    assert by_taglib(path)["GENRE"] == ["House"]
    assert infos(path)["IGNR"] == "House"
    body = data_of(path)[data_of(path).index(b"ID3\4") + 10 :]
    size = len(extended_header(4, b"", 0))
    content = body[size : size + from_syncsafe(data_of(path)[data_of(path).index(b"ID3\4") :][6:10]) - size]
    assert body[:size] == extended_header(4, content, 0)
    restore(path, previous)
    assert data_of(path) == before
