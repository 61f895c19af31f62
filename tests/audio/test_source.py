"""What FFmpeg gets to read of a file: any name, no tags, no more than a bound."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3, TIT2

from tagger.audio import Excerpt, read_excerpt
from tagger.audio.source import BoundedFile
from tagger.errors import AudioError
from tests.sounds import add_cover, make_kind, make_sound, moment, picture

RATE_HZ = 22_050
SECONDS = 40.0


def first_moment(path: str) -> float:
    """Listens; where in a sound of 40 s its first window begins by its pitch."""
    window = read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=10.0).windows[0]
    return moment(window.samples, RATE_HZ, SECONDS)


def read_and_count(path: str) -> tuple[Excerpt, int]:
    """Listens, and counts the bytes that this process reads meanwhile."""

    def so_far() -> int:
        with open("/proc/self/io", encoding="ascii") as file:
            return int(file.readline().split()[1])

    before = so_far()
    excerpt = read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=10.0)
    return excerpt, so_far() - before


counts_bytes = pytest.mark.skipif(not os.path.exists("/proc/self/io"), reason="needs /proc/self/io")


# ---- names and things that are no files ----------------------------------------------------------


NAMES = [b"caf\xe9.flac", b"concat:x.flac", b"-", b"http:", b"http:x.flac", b"file:x.flac", b"cache:x.flac"]
NAMES += [b"%d.flac", b"pipe:0", b"line\nbreak.flac", b"#1?a=b&c.flac", "🎷".encode(), b"x.mp3", b"x.m3u8"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_just_a_name(
    name: bytes, sound_path: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        os.link(sound_path("16-bit.flac"), name)
    except OSError:
        pytest.skip("this file system refuses the name")
    assert first_moment(os.fsdecode(name)) == pytest.approx(3.0, abs=0.05)


def test_a_playlist_called_like_a_song_is_not_followed(
    sound_path: Callable[[str], str], tmp_path: Path
) -> None:
    song = sound_path("cbr.mp3")
    hls = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\n{song}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile '{song}'\n"
    for name, text in (("a.mp3", hls), ("b.m4a", hls), ("c.mp3", concat), ("d.wav", concat), ("e.m3u8", hls)):
        (tmp_path / name).write_text(text)
        with pytest.raises(AudioError, match="not an audio file"):
            read_excerpt(str(tmp_path / name), sample_rate_hz=RATE_HZ, window_s=10.0)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp3")
    (tmp_path / "folder.mp3").mkdir()
    for path in (str(tmp_path / "fifo.mp3"), str(tmp_path / "folder.mp3"), "/dev/zero"):
        with pytest.raises(AudioError, match=r"^not a regular file; name a file or a folder of files$"):
            read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=10.0)


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"^the file vanished before it could be read; scan again$"):
        read_excerpt(str(tmp_path / "gone.mp3"), sample_rate_hz=RATE_HZ, window_s=10.0)


def test_a_file_that_must_not_be_read_says_so(
    sound_path: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:  # chmod does not bind root
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(AudioError, match=r"^permission denied; give this user the right to read it$"):
        read_excerpt(sound_path("16-bit.flac"), sample_rate_hz=RATE_HZ, window_s=10.0)


def test_a_disk_that_fails_while_reading_is_named(
    sound_path: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: BoundedFile, n_bytes: int = -1) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(BoundedFile, "read", fail)
    with pytest.raises(AudioError, match=r"^the drive reports a read error; check the drive$"):
        read_excerpt(sound_path("16-bit.flac"), sample_rate_hz=RATE_HZ, window_s=10.0)


# ---- tags ----------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> tuple[str, bytes]:
    """An mp3 without any tags, and its bytes."""
    path = make_kind(tmp_path, "cbr-without-info.mp3", seconds=3.0)
    return path, Path(path).read_bytes()


def test_tags_before_and_after_the_sound_are_not_seen(bare: tuple[str, bytes]) -> None:
    path, sound = bare
    add_cover(path, picture(300_000))
    tags = ID3(path)
    tags.add(TIT2(encoding=3, text="x" * 5000))
    tags.save(path, v1=2)
    apev2 = APEv2()
    apev2["Title"] = "y" * 3000
    apev2.save(path)
    assert os.path.getsize(path) > 300_000 + len(sound)
    with BoundedFile(path) as source:
        source.allow(1 << 30)
        assert source.size == len(sound)
        assert source.read() == sound
        assert source.read(1) == b""
        assert source.seek(-5, os.SEEK_END) == len(sound) - 5
        assert source.read(100) == sound[-5:]
        assert source.peek(7, 9) == sound[7:16]
        assert source.tell() == len(sound)
        assert source.seek((1 << 63) - 1) == (1 << 63) - 1
        assert source.read(1) == b""


@pytest.mark.parametrize(
    "prefix",
    [b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"ID3\x04\x00\x00\xff\xff\xff\xff", b"ID3", b"ID3\x04\x00\x00\x00"],
)
def test_a_tag_longer_than_the_file_or_damaged_is_left_where_it_is(prefix: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mp3").write_bytes(prefix)
    with BoundedFile(str(tmp_path / "x.mp3")) as source:
        assert source.read() == prefix


def test_in_a_container_that_knows_its_end_nothing_is_cut_off(tmp_path: Path) -> None:
    content = b"RIFF" + bytes(100) + b"TAG" + bytes(125)
    (tmp_path / "x.wav").write_bytes(content)
    with BoundedFile(str(tmp_path / "x.wav")) as source:
        assert source.read() == content


def test_reading_ends_where_what_was_allowed_is_used_up(bare: tuple[str, bytes]) -> None:
    path, sound = bare
    with BoundedFile(path) as source:
        source.allow(1000)
        assert source.read(600) == sound[:600]
        assert source.read(600) == sound[600:1000]
        assert source.read(600) == b""
        source.allow(5)
        assert source.read() == sound[1000:1005]


# ---- bounded work --------------------------------------------------------------------------------

SPARE_BYTES = dict.fromkeys(("cbr.mp3", "cbr-without-info.mp3", "vbr.mp3"), 250_000)
SPARE_BYTES |= {"aac.m4a": 300_000, "alac.m4a": 300_000, "v2.wma": 600_000}
SPARE_BYTES |= {"16-bit.flac": 600_000, "lossless.wv": 2_500_000, "lossless.tta": 400_000}
SPARE_BYTES |= {"s16.wav": 1_200_000, "s16.aiff": 400_000, "opus.mka": 300_000}
SPARE_BYTES |= {"vorbis.ogg": 1_500_000, "opus.opus": 1_500_000}
"""What may be read beside the 30 s that are decoded: headers, an index, and in Ogg a search by halves.

Raw AAC is not among them: only its packets tell how long it is."""


@pytest.mark.slow
@counts_bytes
@pytest.mark.parametrize("kind", sorted(SPARE_BYTES))
def test_windows_are_found_by_seeking_and_not_by_reading(kind: str, tmp_path: Path) -> None:
    small = {"rate_hz": 16_000 if kind.startswith("opus") else 22_050}
    channels = 2 if kind.startswith("vorbis") else 1
    path = make_kind(tmp_path, kind, seconds=240.0, channels=channels, **small)
    excerpt, n_bytes = read_and_count(path)
    assert n_bytes < os.path.getsize(path) / 8 + SPARE_BYTES[kind]
    assert len(excerpt.windows) == 3
    assert not excerpt.recording.damaged
    assert excerpt.recording.duration_s == pytest.approx(240.0, abs=0.2)


@pytest.mark.slow
@counts_bytes
def test_a_recording_of_ten_hours_costs_no_more_than_a_song(tmp_path: Path) -> None:
    plain = {"codec": "libmp3lame", "container": {"write_xing": "0", "id3v2_version": "0"}}
    second = Path(make_sound(tmp_path / "1.mp3", seconds=10.0, **plain)).read_bytes()
    path = tmp_path / "10-hours.mp3"
    with path.open("wb") as file:
        for _ in range(3600):
            file.write(second)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    excerpt, n_bytes = read_and_count(str(path))
    assert n_bytes < 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50_000  # kB
    assert excerpt.recording.duration_s == pytest.approx(36_000, rel=0.01)
    assert len(excerpt.windows) == 3


@pytest.mark.slow
@counts_bytes
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "kind", ["cbr-without-info.mp3", "raw.aac", "16-bit.flac", "s16.wav", "opus.opus", "lossless.wv"]
)
def test_terabytes_of_nothing_behind_a_sound_are_not_read(
    kind: str, sound_path: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / kind
    path.write_bytes(Path(sound_path(kind)).read_bytes())
    os.truncate(path, 1 << 40)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    excerpt, n_bytes = read_and_count(str(path))
    assert n_bytes < 300_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000  # kB
    assert all(len(window.samples) == 10 * RATE_HZ for window in excerpt.windows)


@pytest.mark.slow
def test_a_terabyte_of_zeros_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(AudioError, match="not an audio file"):
        read_excerpt(str(path), sample_rate_hz=RATE_HZ, window_s=10.0)


def test_reading_opens_no_other_file(
    sound_path: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound_path("aac.m4a")
    opened: list[object] = []
    open_container = av.open

    def spy(file: object, *args: object, **options: object) -> object:
        opened.append(file)
        return open_container(file, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(av, "open", spy)
    assert first_moment(path) == pytest.approx(3.0, abs=0.05)
    assert [type(file) for file in opened] == [BoundedFile]
