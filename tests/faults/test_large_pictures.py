"""Large art work in FLAC is no bomb: it is written beside, never into memory, and undone."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mutagen.flac import FLAC

from tagger.tags import Wanted, apply, plan, read, restore
from tagger.tags.limits import TooLarge
from tagger.tags.read import artist_of
from tests.tags import samples

WANTED = Wanted(("House",), 0.5, 120)
PICTURE_BYTES = 15 << 20
MOST_BYTES = 8 << 20


def picture(n_bytes: int) -> bytes:
    head = b"\0\0\0\3\0\0\0\x0aimage/jpeg" + bytes(20) + n_bytes.to_bytes(4, "big")
    return b"\6" + (len(head) + n_bytes).to_bytes(3, "big") + head + bytes(n_bytes)


def last(block: bytes) -> bytes:
    return bytes([block[0] | 0x80]) + block[1:]


def with_pictures(where: str) -> bytes:
    """45 MiB of pictures behind STREAMINFO, or behind all that the encoder wrote, or instead of that."""
    sound, pictures = samples.make("flac"), 3 * picture(PICTURE_BYTES)
    if where == "front":
        return sound[:42] + pictures + sound[42:]
    at, blocks = 4, list[bytes]()
    while not blocks or not blocks[-1][0] & 0x80:
        size = 4 + int.from_bytes(sound[at + 1 : at + 4], "big")
        blocks.append(sound[at : at + size])
        at += size
    blocks[-1] = bytes([blocks[-1][0] & 0x7F]) + blocks[-1][1:]
    kept = blocks if where == "back" else blocks[:1]
    return b"fLaC" + b"".join(kept) + 2 * picture(PICTURE_BYTES) + last(picture(PICTURE_BYTES)) + sound[at:]


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("where", ["front", "back", "alone"])
def test_pictures_of_45_mib_are_kept_and_not_read_into_memory(where: str, tmp_path: Path) -> None:
    path, before = tmp_path / "song.flac", with_pictures(where)
    path.write_bytes(before)
    with little_memory():
        previous = apply(str(path), plan(read(str(path)), WANTED)).previous
        assert read(str(path)).genres == ("House",)
        assert artist_of(str(path)) is None
    assert [len(one.data) for one in FLAC(path).pictures] == 3 * [PICTURE_BYTES]
    with little_memory():
        restore(str(path), previous)
    assert path.read_bytes() == before


def test_other_blocks_are_bounded_as_before(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    sound = samples.make("flac")
    block = b"\2" + (PICTURE_BYTES).to_bytes(3, "big") + bytes(PICTURE_BYTES)
    path.write_bytes(sound[:42] + 3 * block + sound[42:])
    with pytest.raises(TooLarge):
        read(str(path))
