"""The identity of a sound: tags, padding, covers, names and folders change; the sound stays itself."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TIT2

from tagger.audio import read_excerpt
from tests.sounds import KINDS, add_cover, make_kind, picture, retitle

TAGGED = sorted(set(KINDS) - {"opus.mka", "opus.webm", "u8.wav", "s24.wav", "s32.wav", "f32.wav", "f64.wav"})
"""Kinds that mutagen can tag, and of the wavs two."""


def identity(path: str) -> str:
    return read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).recording.audio_id


@pytest.fixture
def copy(sound_path: Callable[[str], str], tmp_path: Path) -> Callable[[str], str]:
    return lambda kind: str(shutil.copy(sound_path(kind), tmp_path / kind))


@pytest.mark.slow
@pytest.mark.parametrize("kind", TAGGED)
def test_tagging_again_and_again_leaves_the_identity(kind: str, copy: Callable[[str], str]) -> None:
    path = copy(kind)
    before = identity(path)
    for title in ("A", "A long title. " * 1000, "B"):
        retitle(path, title)
        assert identity(path) == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", TAGGED)
def test_a_large_cover_leaves_the_identity(kind: str, copy: Callable[[str], str]) -> None:
    path = copy(kind)
    before = identity(path)
    size = os.path.getsize(path)
    add_cover(path, picture(900_000))
    assert os.path.getsize(path) > size + 890_000
    assert identity(path) == before


@pytest.mark.parametrize("kind", ["cbr.mp3", "16-bit.flac", "vorbis.ogg", "opus.opus", "aac.m4a", "s16.aiff"])
def test_padding_leaves_the_identity(kind: str, copy: Callable[[str], str]) -> None:
    path = copy(kind)
    before = identity(path)
    retitle(path, "A")
    file = mutagen.File(path)
    size = os.path.getsize(path)
    file.save(padding=lambda _: 123_457)
    assert os.path.getsize(path) > size + 100_000
    assert identity(path) == before


@pytest.mark.parametrize(
    "kind", ["cbr.mp3", "cbr-without-info.mp3", "vbr.mp3", "vbr-without-xing.mp3", "raw.aac"]
)
def test_tags_at_both_ends_leave_the_identity(kind: str, copy: Callable[[str], str]) -> None:
    path = copy(kind)
    before = identity(path)
    tags = ID3()
    tags.add(TIT2(encoding=3, text="A title" * 1000))
    tags.save(path, v1=2)
    assert identity(path) == before
    apev2 = APEv2()
    apev2["Title"] = "Another title" * 1000
    apev2.save(path)
    assert identity(path) == before


@pytest.mark.parametrize("kind", TAGGED)
def test_moving_a_file_leaves_the_identity(
    kind: str, sound_path: Callable[[str], str], tmp_path: Path
) -> None:
    moved = tmp_path / os.fsdecode(b"caf\xe9") / kind.upper()
    moved.parent.mkdir()
    shutil.copy(sound_path(kind), moved)
    assert identity(str(moved)) == identity(sound_path(kind))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [2.0, 35.0])
@pytest.mark.parametrize("kind", ["cbr.mp3", "16-bit.flac", "opus.opus", "aac.m4a", "s16.wav", "lossless.wv"])
def test_two_songs_of_one_length_differ(kind: str, seconds: float, tmp_path: Path) -> None:
    rate_hz = KINDS[kind].get("rate_hz", 44_100)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, round(seconds * rate_hz))).astype(np.float32)
    songs = [make_kind(tmp_path / name, kind, samples=noise * gain) for name, gain in _folders(tmp_path)]
    assert identity(songs[0]) != identity(songs[1])


def _folders(tmp_path: Path) -> list[tuple[str, float]]:
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
    return [("1", 1.0), ("2", 0.9)]


def test_an_mp4_optimised_for_streaming_stays_the_same_recording(sound_path: Callable[[str], str]) -> None:
    assert identity(sound_path("aac.m4a")) == identity(sound_path("aac-moov-first.m4a"))
