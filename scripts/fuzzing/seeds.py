"""The healthy files that mutants are made of: every format, bare and under tags of several kinds."""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, CHAP, COMM, CTOC, ID3, POPM, SYLT, TBPM, TCON, TIT2, TPE1, TXXX, CTOCFlags

from tests.sounds import KINDS, make_kind, picture
from tests.tags import samples
from tests.tags.foreign import add_foreign
from tests.tags.test_list_info import chunk, entry
from tests.tags.test_original import (
    with_needless_escapes,
    with_odd_free_m4a,
    with_odd_pad_byte,
    with_odd_padding_flac,
    with_padding_behind_the_tag,
    with_pages_of_4_kb,
    with_pointer_to_the_end,
)

SECONDS = 0.5

_SPARED = ("24-bit.flac", "s24.wav", "s32.wav", "f64.wav", "cbr-without-info.mp3", "opus.webm")
"""Kinds of `sounds.KINDS` of which another one has the same container."""

_CRAFTED = {"ape": "ape", "mpc": "mpc", "dsf": "dsf", "speex": "ogg"}
"""Formats without an encoder, with an ending that a scan takes: real headers, and noise for sound."""

_TAGS = [
    ("TITLE", "🎧é"), ("comment", "of others"), ("genre", "Jazz"), ("REPLAYGAIN_TRACK_GAIN", "-3 dB"),
    ("bpm", "90"), ("Artist", "A/B"), ("KEY", "8A"),
]  # fmt: skip
_COVER_BYTES = 2000

Seeds = dict[str, bytes]
"""By a name that ends in the extension of the file."""


def make_seeds(folder: Path) -> Seeds:
    """Make all seeds in a folder; the same on every call with the same versions of FFmpeg and mutagen."""
    bare = {kind: _read(_bitexact(folder, kind)) for kind in KINDS if kind not in _SPARED}
    bare |= {f"{name}.{ending}": samples.make(name) for name, ending in _CRAFTED.items()}
    tagged = {f"tagged-{name}": _tagged(folder, name, data) for name, data in bare.items() if _has_tags(name)}
    return dict(sorted((bare | tagged | dict(_odd(folder, bare))).items()))


def _bitexact(folder: Path, kind: str) -> str:
    """A sound without the random numbers that FFmpeg gives to the streams of Ogg."""
    options = {**KINDS[kind].get("container", {}), "fflags": "+bitexact"}
    shape = {"rate_hz": 22_050, "channels": 1} if KINDS[kind]["codec"].startswith("pcm") else {}
    return make_kind(folder, kind, seconds=SECONDS, container=options, **shape)


def _read(path: str | os.PathLike[str]) -> bytes:
    return Path(path).read_bytes()


def _has_tags(name: str) -> bool:
    return not name.endswith((".aac", ".mka", ".webm"))


def _tagged(folder: Path, name: str, data: bytes) -> bytes:
    return _edited(folder, name, data, lambda path: add_foreign(path, _TAGS, picture(_COVER_BYTES)))


def _edited(folder: Path, name: str, data: bytes, edit: Callable[[str], object]) -> bytes:
    path = folder / f"edited-{name}"
    path.write_bytes(data)
    edit(os.fspath(path))
    return _read(path)


def _odd(folder: Path, bare: Seeds) -> Iterator[tuple[str, bytes]]:
    """Tags and containers that few programs write."""
    mp3, wav, flac, m4a = (bare[kind] for kind in ("cbr.mp3", "s16.wav", "16-bit.flac", "aac.m4a"))
    v23, v24 = (_edited(folder, "id3.mp3", mp3, lambda path, v=v: _save_id3(path, v)) for v in (3, 4))
    ape = _edited(folder, "ape.mp3", mp3, _save_ape)[len(mp3) :]
    v1 = b"TAG" + b"title".ljust(30, b"\0") + b"artist".ljust(94, b"\0") + b"\x08"
    yield "id3v23.mp3", v23
    yield "id3v24.mp3", v24
    yield "id3v24-unsynchronised.mp3", _unsynchronised(v24)
    yield "id3v22.mp3", _id3v22() + mp3
    yield "escapes.mp3", with_needless_escapes(v23)
    yield "id3v1.mp3", mp3 + v1
    yield "ape.mp3", mp3 + ape
    yield "all-tags.mp3", v23 + ape + v1
    info = chunk(b"LIST", b"INFO" + entry(b"INAM", "name") + entry(b"IGNR", "Rock") + entry(b"IBPM", "99"))
    yield "info.wav", _with_chunk(wav, info)
    yield "id3-behind.wav", with_padding_behind_the_tag(wav)
    yield "odd-pad.wav", with_odd_pad_byte(wav)
    yield "odd-padding.flac", with_odd_padding_flac(flac)
    yield "id3-in-front.flac", v23[: len(v23) - len(mp3)] + flac
    yield "odd-free.m4a", with_odd_free_m4a(_tagged(folder, "aac.m4a", m4a))
    yield "many-pages.opus", with_pages_of_4_kb(bare["opus.opus"], 5000)
    yield "pointer.dsf", with_pointer_to_the_end(bare["dsf.dsf"])


def _save_id3(path: str, version: int) -> None:
    tags, cover = ID3(), picture(_COVER_BYTES)
    for frame in (
        TIT2(encoding=1, text="title"), TPE1(encoding=3, text=["one", "two"]), TBPM(encoding=0, text="90"),
        TCON(encoding=0, text=["(17)Rock"]), TXXX(encoding=1, desc="ENERGYLEVEL", text=["3"]),
        POPM(email="a@b", rating=128, count=4),
        APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=cover),
        COMM(encoding=3, lang="eng", desc="", text="words"), SYLT(encoding=3, lang="eng", format=2, type=1,
        desc="", text=[("la", 10), ("lo", 20)]), CTOC(element_id="toc", flags=CTOCFlags.TOP_LEVEL,
        child_element_ids=["a"], sub_frames=[]), CHAP(element_id="a", start_time=0, end_time=9,
        start_offset=1, end_offset=2, sub_frames=[TIT2(encoding=3, text="chapter")]),
    ):  # fmt: skip
        tags.add(frame)
    tags.save(path, v2_version=version)


def _save_ape(path: str) -> None:
    tags = APEv2()
    tags["Title"], tags["Genre"], tags["MP3GAIN_MINMAX"] = "title", "Rock", "1,2"
    tags.save(path)


def _id3v22() -> bytes:
    frames = b"".join(
        name + len(content).to_bytes(3, "big") + content
        for name, content in ((b"TT2", b"\0title"), (b"TCO", b"\0(17)"), (b"TBP", b"\0120"), (b"XYZ", b"odd"))
    )
    return b"ID3\2\0\0" + struct.pack(">I", len(frames) + 20) + frames + bytes(20)


def _unsynchronised(data: bytes) -> bytes:
    """A tag that says of itself to be unsynchronised, whether or not something in it had to be escaped."""
    return data[:5] + b"\x80" + data[6:]


def _with_chunk(wav: bytes, more: bytes) -> bytes:
    body = wav[8:] + more
    return b"RIFF" + len(body).to_bytes(4, "little") + body
