"""Broken files: every one made here by breaking a whole one, with the exact outcome."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tagger.audio import Excerpt, is_silent, read_excerpt
from tagger.errors import AudioError
from tests.sounds import KINDS, make_kind, make_sound, moment, picture

RATE_HZ = 22_050
SECONDS = 40.0
NOT_AUDIO = "not an audio file, or damaged beyond reading"
NO_SOUND = "holds no sound that can be decoded; replace the file"

Bytes = Callable[[str], bytes]


@pytest.fixture
def whole(sound_path: Callable[[str], str]) -> Bytes:
    """The bytes of a sound of 40 s, by its kind."""

    def read(kind: str) -> bytes:
        with open(sound_path(kind), "rb") as file:
            return file.read()

    return read


@pytest.fixture
def excerpt_of(tmp_path: Path) -> Callable[..., Excerpt]:
    """Writes bytes as a file of that name and reads its excerpt."""

    def write_and_read(name: str, content: bytes) -> Excerpt:
        path = tmp_path / name
        path.write_bytes(content)
        excerpt = read_excerpt(str(path), sample_rate_hz=RATE_HZ, window_s=10.0)
        assert all(np.isfinite(window.samples).all() for window in excerpt.windows)
        return excerpt

    return write_and_read


def spans(excerpt: Excerpt) -> list[tuple[int, int]]:
    """(start, length) of the windows in whole seconds."""
    return [(round(window.start_s), round(len(window.samples) / RATE_HZ)) for window in excerpt.windows]


def patched(content: bytes, position: int, new: bytes) -> bytes:
    return content[:position] + new + content[position + len(new) :]


def assert_in_place(excerpt: Excerpt, error_s: float = 0.3) -> None:
    """Every window comes from where it says it does."""
    for window in excerpt.windows:
        assert moment(window.samples, RATE_HZ, SECONDS) == pytest.approx(window.start_s, abs=error_s)


# ---- cut in half ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "cbr.mp3",
        "vbr.mp3",
        "16-bit.flac",
        "aac-moov-first.m4a",
        "s16.aiff",
        "lossless.tta",
        "opus.mka",
        "opus.webm",
    ],
)
def test_a_file_cut_in_half_that_claims_its_old_length_is_the_shorter_sound_and_damaged(
    kind: str, whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    content = whole(kind)
    excerpt = excerpt_of(kind, content[: len(content) // 2])
    duration_s = excerpt.recording.duration_s
    assert duration_s is not None
    assert excerpt.recording.damaged
    assert 17.5 <= duration_s <= 23.5  # variable bit rate: half of the bytes is not half of the time
    assert spans(excerpt)[0] == (0, 10)
    assert excerpt.windows[-1].start_s + 10.0 == pytest.approx(duration_s, abs=0.05)
    assert_in_place(excerpt)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["cbr-without-info.mp3", "vorbis.ogg", "opus.opus", "raw.aac", "u8.wav", "s24.wav"]
)
def test_a_file_cut_in_half_that_does_not_know_it_is_decoded_as_the_shorter_sound_it_is(
    kind: str, whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    content = whole(kind)
    excerpt = excerpt_of(kind, content[: len(content) // 2])
    assert excerpt.recording.duration_s == pytest.approx(SECONDS / 2, abs=1.5)
    assert spans(excerpt)[0] == (0, 10)
    assert excerpt.windows[-1].start_s + 10.0 == pytest.approx(excerpt.recording.duration_s, abs=0.05)
    assert_in_place(excerpt)


@pytest.mark.parametrize("kind", ["aac.m4a", "alac.m4a", "with-video.mp4"])
def test_an_mp4_that_lost_the_index_at_its_end_cannot_be_decoded(
    kind: str, whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    content = whole(kind)
    with pytest.raises(AudioError, match=NOT_AUDIO):
        excerpt_of(kind, content[: len(content) // 2])


# ---- garbage in the middle -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("garbage", ["zeros", "noise"])
@pytest.mark.parametrize(
    "kind",
    sorted(
        set(KINDS)
        - {"aac.m4a", "alac.m4a", "with-video.mp4", "vbr-without-xing.mp3", "adpcm.wav", "raw.aac"}
        - {"cbr-without-info.mp3"}  # it does not say how long it was: it is what is left of it
    ),
)
def test_garbage_in_the_middle_tenth_costs_at_most_the_window_that_lies_in_it(
    kind: str, garbage: str, whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    content = whole(kind)
    n = len(content) // 10 // 8 * 8
    junk = bytes(n) if garbage == "zeros" else np.random.default_rng(1).bytes(n)
    excerpt = excerpt_of(kind, patched(content, len(content) // 2 - n // 2, junk))
    assert excerpt.recording.duration_s == pytest.approx(SECONDS, abs=1.0)
    first, *_, last = excerpt.windows
    for window, start_s in ((first, 3.0), (last, 27.0)):
        assert window.start_s == pytest.approx(start_s, abs=0.6)
        assert len(window.samples) == 10 * RATE_HZ
        assert moment(window.samples, RATE_HZ, SECONDS) == pytest.approx(window.start_s, abs=0.7)


def test_packets_that_cannot_be_decoded_are_passed_over(
    whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    content = bytearray(whole("aac-moov-first.m4a"))
    sound = excerpt_of("sound.m4a", bytes(content))
    for position in range(content.find(b"mdat") + 1000, len(content) - 1000, 2000):
        content[position : position + 8] = b"\xff" * 8  # about one packet in four
    excerpt = excerpt_of("damaged.m4a", bytes(content))
    assert spans(excerpt) == spans(sound) == [(3, 10), (15, 10), (27, 10)]
    assert_in_place(excerpt)


# ---- a wrong or missing duration -----------------------------------------------------------------


def _flac_with_samples(content: bytes, n_samples: int) -> bytes:
    """STREAMINFO keeps the total in the last 36 of these 64 bits (RFC 9639, section 8.2)."""
    fields = int.from_bytes(content[18:26], "big") >> 36 << 36 | n_samples
    return patched(content, 18, fields.to_bytes(8, "big"))


def _wav_with_data_size(content: bytes, n_bytes: int) -> bytes:
    return patched(content, content.find(b"data") + 4, struct.pack("<I", n_bytes))


def _mp3_with_frames(content: bytes, factor: float) -> bytes:
    """The Xing header's count of frames multiplied, and that of bytes too where it grows."""
    position = max(content.find(b"Info"), content.find(b"Xing")) + 8
    frames, n_bytes = struct.unpack_from(">II", content, position)
    return patched(
        content, position, struct.pack(">II", round(frames * factor), round(n_bytes * max(1, factor)))
    )


def _mka_with_duration(content: bytes, milliseconds: float) -> bytes:
    return patched(content, content.find(b"\x44\x89\x88") + 3, struct.pack(">d", milliseconds))


WRONG_DURATIONS = {
    "tenfold.flac": lambda whole: _flac_with_samples(whole("16-bit.flac"), 400 * 44_100),
    "unknown.flac": lambda whole: _flac_with_samples(whole("16-bit.flac"), 0),
    "tenth.flac": lambda whole: _flac_with_samples(whole("16-bit.flac"), 4 * 44_100),
    "tenfold-cbr.mp3": lambda whole: _mp3_with_frames(whole("cbr.mp3"), 10),
    "tenfold-vbr.mp3": lambda whole: _mp3_with_frames(whole("vbr.mp3"), 10),
    "tenth.mp3": lambda whole: _mp3_with_frames(whole("vbr.mp3"), 0.1),
    "tenfold.aiff": lambda whole: patched(
        whole("s16.aiff"), whole("s16.aiff").find(b"COMM") + 10, struct.pack(">I", 400 * 44_100)
    ),
    "tenfold.wv": lambda whole: patched(whole("lossless.wv"), 12, struct.pack("<I", 400 * 44_100)),
    "tenfold.mka": lambda whole: _mka_with_duration(whole("opus.mka"), 400_000.0),
    "missing.mka": lambda whole: _mka_with_duration(whole("opus.mka"), 0.0),
}


@pytest.mark.parametrize("name", sorted(WRONG_DURATIONS))
def test_a_duration_that_leads_every_window_astray_is_replaced_by_that_of_the_packets(
    name: str, whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    excerpt = excerpt_of(name, WRONG_DURATIONS[name](whole))
    assert excerpt.recording.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert excerpt.recording.damaged == name.startswith("tenfold")
    assert spans(excerpt) == [(3, 10), (15, 10), (27, 10)]
    assert_in_place(excerpt)


def test_a_threefold_duration_costs_no_window(whole: Bytes, excerpt_of: Callable[..., Excerpt]) -> None:
    excerpt = excerpt_of("x.flac", _flac_with_samples(whole("16-bit.flac"), 120 * 44_100))
    assert excerpt.recording.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert spans(excerpt) == [(3, 10), (15, 10), (27, 10)]
    assert_in_place(excerpt)


@pytest.mark.parametrize("n_bytes", [0xFFFFFFFF, 0, 400 * 44_100 * 4])
def test_a_wav_that_lies_about_its_size_is_decoded_as_long_as_the_file_is(
    n_bytes: int, whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    excerpt = excerpt_of("x.wav", _wav_with_data_size(whole("s16.wav"), n_bytes))
    assert excerpt.recording.duration_s == pytest.approx(SECONDS, abs=0.01)
    assert spans(excerpt) == [(3, 10), (15, 10), (27, 10)]
    assert_in_place(excerpt)


def test_of_a_wav_that_claims_to_be_shorter_only_that_much_is_decoded(
    whole: Bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    excerpt = excerpt_of("x.wav", _wav_with_data_size(whole("s16.wav"), 4 * 44_100 * 4))
    assert excerpt.recording.duration_s == pytest.approx(4.0, abs=1e-3)
    assert spans(excerpt) == [(0, 4)]


# ---- a change inside of the stream ---------------------------------------------------------------


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 1), (22_050, 2), (32_000, 1)])
def test_an_mp3_that_changes_rate_or_channels_inside_is_decoded_on_both_sides(
    rate_hz: int, channels: int, tmp_path: Path
) -> None:
    plain = {"seconds": 10.0, "codec": "libmp3lame", "container": {"write_xing": "0", "id3v2_version": "0"}}
    first = Path(make_sound(tmp_path / "1.mp3", **plain)).read_bytes()
    second = Path(make_sound(tmp_path / "2.mp3", rate_hz=rate_hz, channels=channels, **plain)).read_bytes()
    (tmp_path / "both.mp3").write_bytes(first + second)
    (window,) = read_excerpt(str(tmp_path / "both.mp3"), sample_rate_hz=RATE_HZ, window_s=30.0).windows
    whole = window.samples
    assert len(whole) / RATE_HZ == pytest.approx(20.0, abs=0.2)
    for at_s, second_s in ((2.0, 2.0), (8.0, 8.0), (12.0, 2.0), (18.0, 8.0)):
        found_s = moment(whole[round(at_s * RATE_HZ) :], RATE_HZ, 10.0)
        assert found_s == pytest.approx(second_s, abs=0.15)
    loudness = [np.sqrt(np.mean(whole[a * RATE_HZ : (a + 6) * RATE_HZ] ** 2)) for a in (2, 12)]
    assert loudness == pytest.approx([0.336, 0.336], rel=0.01)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["MT0000249842.mp3", "MT0009628869.mp3"])
def test_real_songs_whose_channel_count_changes_inside_are_decoded(name: str, shared_data: str) -> None:
    excerpt = read_excerpt(os.path.join(shared_data, "odd", name), sample_rate_hz=RATE_HZ, window_s=10.0)
    assert excerpt.recording.duration_s == pytest.approx(30.06, abs=0.01)
    assert spans(excerpt) == [(1, 10), (10, 10), (19, 10)]
    assert not any(is_silent(window.samples) for window in excerpt.windows)


# ---- no sound at all -----------------------------------------------------------------------------


def test_an_empty_file_says_so(excerpt_of: Callable[..., Excerpt]) -> None:
    with pytest.raises(AudioError, match=r"^the file is empty \(0 bytes\); copy it again from its source$"):
        excerpt_of("x.mp3", b"")


@pytest.mark.parametrize(
    "extension", ["mp3", "flac", "ogg", "opus", "m4a", "wav", "aac", "wv", "wma", "ape", "mpc"]
)
@pytest.mark.parametrize(
    "content", [b"x", b"These are the lyrics of a song.\n" * 500, bytes(100_000), b"<html></html>"]
)
def test_what_is_no_audio_says_so_whatever_its_name(
    extension: str, content: bytes, excerpt_of: Callable[..., Excerpt]
) -> None:
    with pytest.raises(AudioError, match=f"^{NOT_AUDIO}$"):
        excerpt_of(f"x.{extension}", content)


@pytest.mark.parametrize("seed", range(8))
def test_noise_called_a_song_is_none(seed: int, excerpt_of: Callable[..., Excerpt]) -> None:
    for name in ("x.mp3", "x.aac", "x.flac", "x.ogg"):
        with pytest.raises(AudioError, match=f"^({NOT_AUDIO}|{NO_SOUND})$"):
            excerpt_of(name, np.random.default_rng(seed).bytes(500_000))


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cover.mp3"
    path.write_bytes(picture(20_000))
    with pytest.raises(AudioError, match=NOT_AUDIO):
        read_excerpt(str(path), sample_rate_hz=RATE_HZ, window_s=10.0)


def test_a_codec_that_nobody_knows_says_so(whole: Bytes, excerpt_of: Callable[..., Excerpt]) -> None:
    with pytest.raises(
        AudioError, match=r"^its codec is not supported, or it is copy-protected; convert it$"
    ):
        excerpt_of("x.mka", whole("opus.mka").replace(b"A_OPUS", b"A_ZZZZ"))


def test_silence_is_decoded_and_known_as_silence(tmp_path: Path) -> None:
    silence = np.zeros((2, 35 * 44_100), np.float32)
    for kind in ("cbr.mp3", "16-bit.flac", "s16.wav", "opus.opus", "aac.m4a"):
        rate = {"rate_hz": 44_100} if kind != "opus.opus" else {}
        excerpt = read_excerpt(
            make_kind(tmp_path, kind, samples=silence, **rate), sample_rate_hz=RATE_HZ, window_s=10.0
        )
        assert len(excerpt.windows) > 3
        assert all(is_silent(window.samples) for window in excerpt.windows)


def _noise(rms: float) -> NDArray[np.float32]:
    return (np.random.default_rng(0).standard_normal(RATE_HZ) * rms).astype(np.float32)


@pytest.mark.parametrize(("rms", "silent"), [(0.0, True), (1.5e-5, True), (0.9e-4, True), (1.1e-4, False)])
def test_sound_under_minus_eighty_decibels_is_silence(rms: float, silent: bool) -> None:
    assert is_silent(_noise(rms)) is silent


def test_whatever_is_broken_in_a_file_the_outcome_is_sound_or_an_audio_error(
    mixed_folder: str, excerpt_of: Callable[..., Excerpt]
) -> None:
    random = np.random.default_rng(7)
    outcomes = {"sound": 0, "error": 0}
    for name in sorted(os.listdir(mixed_folder)):
        content = Path(mixed_folder, name).read_bytes()
        for where in (2000, len(content)) * 3:  # the headers, then anywhere
            broken = bytearray(content)
            for position in random.integers(0, min(where, len(content)), 30):
                broken[position] = random.integers(256)
            try:
                excerpt_of(name, bytes(broken))
                outcomes["sound"] += 1
            except AudioError:
                outcomes["error"] += 1
    assert outcomes["sound"] > outcomes["error"] > 0
