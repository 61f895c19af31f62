"""A tag must not become sound, and no sound unreadable: files that are cut, or not what their name says."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from mutagen.id3 import APIC, CHAP, CTOC, ID3, TIT2, CTOCFlags

from tagger.containers import has_mpeg_frames, mpeg_frame_length
from tagger.tags import TagError, Wanted, apply, plan, read, restore
from tests.sounds import make_kind
from tests.tags import samples

WANTED = Wanted(("House",), 0.5, 120)


def write(path: Path) -> None:
    apply(str(path), plan(read(str(path)), WANTED))


def assert_refused(path: Path, match: str) -> None:
    before = path.read_bytes()
    with pytest.raises(TagError, match=match):
        write(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["opus.mka", "opus.webm"])
def test_a_matroska_file_that_is_named_mp3_is_no_mp3(kind: str, tmp_path: Path) -> None:
    """With an ID3 tag in front FFmpeg could not open it any more."""
    path = Path(make_kind(tmp_path, kind)).rename(tmp_path / "video.mp3")
    assert_refused(path, "does not begin as mp3 files do")
    with av.open(str(path)) as container:
        assert container.format.name == "matroska,webm"


@pytest.mark.parametrize("junk", [b"", bytes(3000), b"\xff\xfb\x90" * 1000, b"any text " * 20_000])
def test_an_mp3_may_begin_with_other_bytes(junk: bytes, tmp_path: Path) -> None:
    sound = samples.make("mp3")
    sound = junk + sound[sound.index(b"\xff\xfb") :]
    path = tmp_path / "song.mp3"
    path.write_bytes(sound)
    previous = apply(str(path), plan(read(str(path)), WANTED)).previous
    assert path.read_bytes().endswith(sound)
    restore(str(path), previous)
    assert path.read_bytes() == sound


@pytest.mark.parametrize(
    ("header", "n_bytes"),
    [
        ("fffb9064", 417),  # 44.1 kHz, 128 kbit/s
        ("fffb9264", 418),  # with a byte of padding
        ("fff380c4", 208),  # version 2, 22.05 kHz, 64 kbit/s
        ("ffe380c4", 417),  # version 2.5, 11.025 kHz
        ("fffd8004", 417),  # layer 2
        ("ffff9014", 312),  # layer 1, 48 kHz, 288 kbit/s
        ("fffb0064", 0),  # free format
        ("fff15080", 0),  # ADTS
        ("49443303", 0),
    ],
)
def test_the_length_of_a_frame_follows_from_its_header(header: str, n_bytes: int) -> None:
    assert mpeg_frame_length(bytes.fromhex(header)) == n_bytes


def test_noise_has_no_frames_that_follow_each_other() -> None:
    assert not has_mpeg_frames(samples._noise(1 << 18))
    assert not has_mpeg_frames(b"\xff" * 1000)


def test_a_tag_is_not_put_behind_a_block_of_wavpack_that_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "song.wv"
    path.write_bytes(samples.make("wv")[:-100])
    assert_refused(path, "its sound ends within a block")


def test_a_tag_of_dsf_lies_behind_its_sound(tmp_path: Path) -> None:
    sound = samples.make("dsf")
    at = sound.index(b"data") + 4
    longer = int.from_bytes(sound[at : at + 8], "little") + 100
    path = tmp_path / "song.dsf"
    path.write_bytes(sound[:at] + longer.to_bytes(8, "little") + sound[at + 8 :])
    assert_refused(path, "its DSF sound reaches over the place of its tag")


@pytest.mark.parametrize("version", [3, 4])
def test_chapters_with_a_title_and_a_picture_stay(version: int, tmp_path: Path) -> None:
    """As podcasts have them; mutagen cannot compare frames of two kinds in a chapter."""
    path = tmp_path / "podcast.mp3"
    path.write_bytes(samples.make("mp3"))
    tags = ID3()
    inner = [TIT2(encoding=3, text="one"), APIC(encoding=0, mime="image/png", type=0, desc="", data=b"png")]
    times = {"start_time": 0, "end_time": 500, "start_offset": 0xFFFFFFFF, "end_offset": 0xFFFFFFFF}
    tags.add(CTOC(element_id="toc", flags=CTOCFlags.TOP_LEVEL, child_element_ids=["a"], sub_frames=inner[:1]))
    tags.add(CHAP(element_id="a", **times, sub_frames=inner))
    tags.save(path, v2_version=version)
    before = path.read_bytes()
    previous = apply(str(path), plan(read(str(path)), WANTED)).previous
    assert ID3(path)["CHAP:a"].sub_frames["TIT2"].text == ["one"]
    restore(str(path), previous)
    assert path.read_bytes() == before
