"""What strict readers do not understand is written too: the second reader gets it spelled by the book."""

from __future__ import annotations

import struct

import pytest
from mutagen.flac import FLAC

from tagger.tags import Policy, Wanted, apply, plan, read, restore
from tests.sounds import tags_by_ffmpeg

from .conftest import MakeSample
from .foreign import add_foreign, audio_digest
from .test_id3 import data_of, frame
from .test_id3 import tag as id3_tag

PREDICTED = Wanted(("House",), 0.5, 120)


def put(path: str, data: bytes) -> bytes:
    with open(path, "wb") as file:
        file.write(data)
    return data


def write_and_undo(path: str, policy: Policy | None = None) -> bytes:
    before = data_of(path)
    written = apply(path, plan(read(path), PREDICTED, policy or Policy()))
    after = data_of(path)
    assert restore(path, written.previous).left == ()
    assert data_of(path) == before
    return after


# --- APEv2 in the code page of Windows ------------------------------------------------------------------


def ape_item(key: bytes, value: bytes, flags: int = 0) -> bytes:
    return len(value).to_bytes(4, "little") + flags.to_bytes(4, "little") + key + b"\0" + value


def ape_tag(items: list[bytes], header: bool) -> bytes:
    content, flags = b"".join(items), 1 << 31 if header else 0
    numbers = struct.pack("<IIII", 2000, len(content) + 32, len(items), flags)
    head = struct.pack("<IIII", 2000, len(content) + 32, len(items), flags | 1 << 29)
    start = b"APETAGEX" + head + bytes(8) if header else b""
    return start + content + b"APETAGEX" + numbers + bytes(8)


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("kind", ["ape", "wv", "mpc"])
def test_ape_texts_that_are_not_utf8_are_kept(kind: str, header: bool, sample: MakeSample) -> None:
    path = sample(kind)
    sound = data_of(path)
    if kind == "wv":
        sound = sound[: sound.index(b"APETAGEX")]
    items = [
        ape_item(b"Artist", "Björk".encode("latin-1")),
        ape_item(b"Genre", "Électro".encode("latin-1")),
        ape_item(b"Cover Art (Front)", b"x.jpg\0\xff\xd8\xff", flags=2),
        ape_item(b"Title", "Jóga".encode()),
        ape_item(b"x", b"a key of one letter"),
        ape_item(b"TAG", b"a key that is reserved"),
        ape_item("Künstler".encode("latin-1"), b"Bj"),
        ape_item(b"Kind", b"\xff\xfe", flags=6),
    ]
    put(path, sound + ape_tag(items, header))
    assert read(path).genres == ("Électro",)
    for policy in (Policy(), Policy("replace"), Policy("add")):
        after = write_and_undo(path, policy)
        assert all(item in after for item in (items[0], *items[2:]))
        assert policy.genre != "add" or "Électro\0House".encode() in after
        assert policy.genre != "missing" or items[1] in after


# --- MP4 without the version bytes of `meta` ------------------------------------------------------------


def without_version(path: str, name: bytes = b"meta") -> bytes:
    """Take the version bytes from `meta`, and their four bytes from the sizes of udta and moov."""
    data = bytearray(data_of(path))
    meta = data.index(name) - 4
    assert data[meta + 8 : meta + 12] == bytes(4)
    ancestors = [data.index(one) - 4 for one in (b"moov", b"udta")]
    for at in (*ancestors, meta):
        data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") - 4).to_bytes(4, "big")
    del data[meta + 8 : meta + 12]
    behind = data.index(b"moov") < data.index(b"mdat")
    if behind:
        stco = data.index(b"stco") + 4
        count = int.from_bytes(data[stco + 4 : stco + 8], "big")
        for at in range(stco + 8, stco + 8 + 4 * count, 4):
            data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") - 4).to_bytes(4, "big")
    return put(path, bytes(data))


@pytest.mark.parametrize("kind", ["aac", "alac", "faststart"])
def test_meta_without_version_bytes_is_written(kind: str, sample: MakeSample) -> None:
    path = sample(kind)
    add_foreign(path, [("TITLE", "a"), ("comment", "b")])
    sound = audio_digest(path)
    without_version(path)
    assert audio_digest(path) == sound
    after = write_and_undo(path)
    put(path, after)
    assert tags_by_ffmpeg(path)["genre"] == "House"
    assert audio_digest(path) == sound
    assert b"meta" in after and after[after.index(b"meta") + 8 :][:4] == b"hdlr"


def test_a_plain_meta_elsewhere_does_not_matter(sample: MakeSample) -> None:
    """As QuickTime puts one beside `udta`, with other keys."""
    path = sample("aac")
    add_foreign(path, [("TITLE", "a")])
    data = bytearray(data_of(path))
    hdlr = struct.pack(">I4s8s4s13s", 33, b"hdlr", bytes(8), b"mdta", bytes(13))
    meta = struct.pack(">I4s", 8 + len(hdlr), b"meta") + hdlr
    moov = data.index(b"moov") - 4
    end = moov + int.from_bytes(data[moov : moov + 4], "big")
    data[moov : moov + 4] = (end - moov + len(meta)).to_bytes(4, "big")
    data[end:end] = meta
    put(path, bytes(data))
    assert meta in write_and_undo(path)


# --- Vorbis comments without `=` ------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["replace", "add", "missing"])
def test_a_comment_without_a_name_is_kept_wherever_it_stands(policy: str, sample: MakeSample) -> None:
    """mutagen names it by its place, which changes where a comment before it goes or comes."""
    path = sample("flac")
    file = FLAC(path)
    file.tags.extend([("GENRE", "Rock"), ("GENRE", "Pop"), ("xxxxx", "no name"), ("TITLE", "a")])
    file.save()
    put(path, data_of(path).replace(b"xxxxx=no name", b"a text: no na"))
    after = write_and_undo(path, Policy(policy))  # type: ignore[arg-type]
    assert b"a text: no na" in after


# --- An ID3v2 tag in front of another kind of file ------------------------------------------------------


@pytest.mark.parametrize("kind", ["ape", "wv", "mpc"])
def test_a_file_with_an_id3v2_tag_in_front_of_its_own_is_written(kind: str, sample: MakeSample) -> None:
    """Its own tag is the one that players show; the one in front stays as it is."""
    path = sample(kind)
    add_foreign(path, [("TITLE", "a")])
    front = id3_tag(3, [frame(3, b"TIT2", b"\0Other")], 20)
    put(path, front + data_of(path))
    assert write_and_undo(path).startswith(front)
