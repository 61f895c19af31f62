"""Every format is decoded where it says it is: in these sounds each moment has a pitch of its own."""

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tagger.audio import Excerpt, identify, is_silent, read_excerpt
from tagger.audio.excerpt import window_starts
from tests.sounds import KINDS, dsf, float_wav, make_kind, make_sound, moment, picture, sweep

RATE_HZ = 22_050
SECONDS = 40.0

ESTIMATED = {"cbr-without-info.mp3", "vbr-without-xing.mp3", "raw.aac"}
"""Kinds that do not say how long they are, so that all their times are guessed from a bit rate."""

SEEK_ERROR_S = {"vbr.mp3": 0.25, "v2.wma": 0.1, "adpcm.wav": 0.5}
"""A Xing table gives places in 256ths of the file, ADPCM in mean bytes a second; Windows Media counts
the delay of its encoder."""


def excerpt_of(path: str) -> Excerpt:
    excerpt = read_excerpt(path, sample_rate_hz=RATE_HZ, window_s=10.0)
    for window in excerpt.windows:
        assert window.samples.dtype == np.float32 and window.samples.ndim == 1
        assert np.isfinite(window.samples).all()
    return excerpt


def starts(excerpt: Excerpt) -> list[float]:
    return [round(window.start_s, 2) for window in excerpt.windows]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ESTIMATED))
def test_three_windows_come_from_where_they_say(kind: str, sound_path: Callable[[str], str]) -> None:
    excerpt = excerpt_of(sound_path(kind))
    assert excerpt.recording.duration_s == pytest.approx(SECONDS, abs=0.15)
    assert not excerpt.recording.damaged
    assert len(excerpt.windows) == 3
    for window, start_s in zip(excerpt.windows, (3.0, 15.0, 27.0), strict=True):
        assert start_s - 0.01 <= window.start_s < start_s + 0.15
        assert len(window.samples) == 10 * RATE_HZ
        error_s = SEEK_ERROR_S.get(kind, 0.03)
        assert moment(window.samples, RATE_HZ, SECONDS) == pytest.approx(window.start_s, abs=error_s)
        last = window.samples[-RATE_HZ // 4 :]
        assert moment(last, RATE_HZ, SECONDS) == pytest.approx(window.start_s + 9.75, abs=error_s)


@pytest.mark.parametrize("kind", sorted(ESTIMATED))
def test_where_the_duration_is_a_guess_the_windows_lie_at_the_right_share_of_the_track(
    kind: str, sound_path: Callable[[str], str]
) -> None:
    excerpt = excerpt_of(sound_path(kind))
    claimed_s = excerpt.recording.duration_s
    assert not excerpt.recording.damaged
    assert claimed_s == pytest.approx(SECONDS, rel=0.1)
    assert len(excerpt.windows) == 3
    for window, start_s in zip(excerpt.windows, window_starts(claimed_s, 10.0), strict=True):
        assert window.start_s == pytest.approx(start_s, abs=0.03)
        share = moment(window.samples, RATE_HZ, SECONDS) / SECONDS
        assert share == pytest.approx(window.start_s / claimed_s, abs=0.01)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_recording_tells_its_codec_rate_and_channels(kind: str, sound_path: Callable[[str], str]) -> None:
    recording = excerpt_of(sound_path(kind)).recording
    codec = {"libmp3lame": "mp3", "libopus": "opus"}.get(KINDS[kind]["codec"], KINDS[kind]["codec"])
    assert recording.codec == codec
    assert recording.sample_rate_hz == KINDS[kind].get("rate_hz", 44_100)
    assert recording.channels == KINDS[kind].get("channels", 2)
    assert len(recording.audio_id) == 32


def test_every_file_of_a_mixed_folder_is_decoded(mixed_folder: str) -> None:
    names = sorted(os.listdir(mixed_folder))
    assert names == sorted(KINDS)
    for name in names:
        (window,) = excerpt_of(os.path.join(mixed_folder, name)).windows
        assert len(window.samples) / RATE_HZ == pytest.approx(2.0, abs=0.12)


@pytest.mark.parametrize("kind", ["u8.wav", "s16.wav", "s24.wav", "s32.wav", "f32.wav", "f64.wav"])
def test_every_sample_format_has_the_same_full_scale(kind: str, sound_path: Callable[[str], str]) -> None:
    window = excerpt_of(sound_path(kind)).windows[0]
    assert np.sqrt(np.mean(window.samples**2)) == pytest.approx(0.5 / math.sqrt(2), rel=2e-3)
    assert np.abs(window.samples).max() == pytest.approx(0.5, rel=0.03)
    assert np.mean(window.samples) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 32_000, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("kind", ["16-bit.flac", "s16.wav"])
def test_any_rate_comes_out_at_the_wanted_one(kind: str, rate_hz: int, tmp_path: Path) -> None:
    window = excerpt_of(make_kind(tmp_path, kind, seconds=2.0, rate_hz=rate_hz)).windows[0]
    assert len(window.samples) == 2 * RATE_HZ
    assert moment(window.samples, RATE_HZ, 2.0) == pytest.approx(0.0, abs=0.01)
    assert moment(window.samples[RATE_HZ:], RATE_HZ, 2.0) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 32_000, 48_000])
def test_mp3_of_any_rate_is_decoded_by_seeking(rate_hz: int, tmp_path: Path) -> None:
    excerpt = excerpt_of(make_kind(tmp_path, "cbr.mp3", seconds=SECONDS, rate_hz=rate_hz, channels=1))
    assert starts(excerpt) == pytest.approx([3.0, 15.0, 27.0], abs=0.15)
    for window in excerpt.windows:
        assert moment(window.samples, RATE_HZ, SECONDS) == pytest.approx(window.start_s, abs=0.1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("kind", ["16-bit.flac", "s24.wav", "f32.wav", "lossless.wv"])
def test_mono_is_the_mean_of_the_channels(kind: str, channels: int, tmp_path: Path) -> None:
    loudness = np.linspace(1.0, -0.3, channels, dtype=np.float32)[:, None]
    sound = loudness * sweep(1.0, 44_100)
    window = excerpt_of(make_kind(tmp_path, kind, samples=sound)).windows[0]
    alone = excerpt_of(make_kind(tmp_path, kind, samples=sound.mean(axis=0, keepdims=True))).windows[0]
    assert np.abs(window.samples - alone.samples).max() < 1e-4


@pytest.mark.parametrize("channels", [6, 8])
@pytest.mark.parametrize("kind", ["aac.m4a", "opus.opus"])
def test_lossy_surround_is_decoded(kind: str, channels: int, tmp_path: Path) -> None:
    excerpt = excerpt_of(make_kind(tmp_path, kind, channels=channels))
    assert excerpt.recording.channels == channels
    assert moment(excerpt.windows[0].samples, RATE_HZ, 2.0) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("kind", ["s16.wav", "16-bit.flac", "s16.aiff", "lossless.tta", "alac.m4a"])
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.05, [0.0]),
        (0.5, [0.0]),
        (9.9, [0.0]),
        (15.0, [0.0, 5.0]),
        (29.9, [0.0, 9.95, 19.9]),
        (30.1, [1.02, 10.05, 19.08]),
    ],
)
def test_a_short_track_is_covered_whole_from_thirty_seconds_on_by_windows(
    kind: str, seconds: float, expected: list[float], tmp_path: Path
) -> None:
    excerpt = excerpt_of(make_kind(tmp_path, kind, seconds=seconds, rate_hz=22_050, channels=1))
    assert starts(excerpt) == expected
    assert excerpt.recording.duration_s == pytest.approx(seconds, abs=1e-3)
    assert {len(window.samples) for window in excerpt.windows} == {round(min(seconds, 10.0) * RATE_HZ)}


@pytest.mark.parametrize("kind", ["cbr.mp3", "vorbis.ogg", "opus.opus", "aac.m4a", "raw.aac", "v2.wma"])
@pytest.mark.parametrize("seconds", [0.05, 0.5])
def test_a_very_short_lossy_sound_is_decoded_whole(kind: str, seconds: float, tmp_path: Path) -> None:
    (window,) = excerpt_of(make_kind(tmp_path, kind, seconds=seconds)).windows
    assert len(window.samples) / RATE_HZ == pytest.approx(seconds, abs=0.12)  # frames of the codec


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cbr.mp3", "16-bit.flac", "aac.m4a", "vorbis.ogg", "v2.wma", "s16.aiff"])
def test_a_large_cover_is_not_taken_for_the_sound(kind: str, tmp_path: Path) -> None:
    excerpt = excerpt_of(make_kind(tmp_path, kind, seconds=SECONDS, cover=picture(900_000)))
    assert len(excerpt.windows) == 3
    for window in excerpt.windows:
        assert moment(window.samples, RATE_HZ, SECONDS) == pytest.approx(window.start_s, abs=0.1)


@pytest.mark.parametrize("name", ["two.mka", "two.mp4"])
def test_of_several_audio_streams_the_default_one_is_decoded(name: str, tmp_path: Path) -> None:
    silence = np.zeros((6, 2 * 44_100), np.float32)
    excerpt = excerpt_of(make_sound(tmp_path / name, codec="aac", second_stream=silence))
    assert excerpt.recording.channels == 2
    assert moment(excerpt.windows[0].samples, RATE_HZ, 2.0) == pytest.approx(0.0, abs=0.05)


def test_dsd_is_decoded(tmp_path: Path) -> None:
    excerpt = excerpt_of(dsf(os.path.join(tmp_path, "x.dsf"), 2.0))
    assert excerpt.recording.codec.startswith("dsd")
    assert moment(excerpt.windows[0].samples, RATE_HZ, 2.0) == pytest.approx(0.0, abs=0.01)
    assert moment(excerpt.windows[0].samples[RATE_HZ:], RATE_HZ, 2.0) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("sample_type", [np.float32, np.float64])
def test_float_samples_that_are_no_sound_do_no_harm(sample_type: type, tmp_path: Path) -> None:
    sound = sweep(2.0, RATE_HZ)[0].astype(sample_type)
    sound[1000:1004] = np.nan, np.inf, -np.inf, 1e30
    window = excerpt_of(float_wav(os.path.join(tmp_path, "x.wav"), sound, RATE_HZ)).windows[0]
    assert window.samples[1000:1004].tolist() == [0.0, 64.0, -64.0, 64.0]
    assert np.array_equal(window.samples[1004:], sound[1004:].astype(np.float32))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["musepack.mpc", "raw-adts.aac", "windows-media.wma"])
def test_formats_that_nothing_here_can_write_are_decoded(name: str, shared_data: str) -> None:
    excerpt = excerpt_of(os.path.join(shared_data, "formats", name))
    assert excerpt.recording.duration_s == pytest.approx(60.0, abs=2.5)
    assert [len(window.samples) for window in excerpt.windows] == [10 * RATE_HZ] * 3


# ---- music that the three windows miss -------------------------------------------------------------


def _with_music(seconds: float, *spans: tuple[float, float]) -> np.ndarray:
    """(1, n) of silence at 8 kHz with a tone from each (start, end) in seconds."""
    samples = np.zeros((1, round(seconds * 8_000)), np.float32)
    for start_s, end_s in spans:
        part = samples[:, round(start_s * 8_000) : round(end_s * 8_000)]
        part += 0.3 * np.sin(np.arange(part.shape[1]) * 0.4)
    return samples


SPANS = {
    "a song and a hidden track": (1500.0, [(0.0, 180.0), (1385.0, 1500.0)]),
    "a hidden track alone": (600.0, [(560.0, 590.0)]),
    "a song before a long rest": (600.0, [(20.0, 60.0)]),
    "a jingle before a long rest": (1200.0, [(2.0, 9.0)]),
}


@pytest.mark.parametrize("kind", ["16-bit.flac", "cbr.mp3", "s16.wav"])
@pytest.mark.parametrize("where", sorted(SPANS))
def test_music_beside_the_three_windows_is_found(where: str, kind: str, tmp_path: Path) -> None:
    seconds, spans = SPANS[where]
    path = make_kind(tmp_path, kind, samples=_with_music(seconds, *spans), rate_hz=8_000)
    excerpt = excerpt_of(path)
    with_sound = [window for window in excerpt.windows if not is_silent(window.samples)]
    assert with_sound
    for window in with_sound:
        end_s = window.start_s + len(window.samples) / RATE_HZ
        assert any(start_s - 1 < end_s and window.start_s < stop_s + 1 for start_s, stop_s in spans)
    assert starts(excerpt) == sorted(set(starts(excerpt)))
    assert excerpt.recording.audio_id == identify(path, window_s=10.0).audio_id


def test_a_track_is_silent_only_where_its_ends_are_silent_too(tmp_path: Path) -> None:
    path = make_kind(tmp_path, "16-bit.flac", samples=_with_music(600.0), rate_hz=8_000)
    assert starts(excerpt_of(path)) == [0.0, 10.0, 20.0, 25.0, 115.0, 295.0, 475.0, 565.0]
