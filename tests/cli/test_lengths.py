"""A length that nothing tells, a wrong one, and broken files: from the scan to what is shown."""

import os
from pathlib import Path

import numpy as np
import pytest

from tagger.audio import identify, read_excerpt
from tests.audio.test_damage import _flac_with_samples
from tests.cli.conftest import Tagger
from tests.cli.test_playlist import answer, fill
from tests.sounds import KINDS, make_kind, make_sound


def noise(seconds: float, seed: int = 0, rate_hz: int = 22_050) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (1, round(seconds * rate_hz))).astype(np.float32)


def piped(folder: Path, name: str, *parts: np.ndarray) -> Path:
    """A FLAC as a pipe has written it: nothing says how long it is."""
    path = folder / name
    make_sound(path, samples=np.concatenate(parts, axis=1), rate_hz=22_050)
    path.write_bytes(_flac_with_samples(path.read_bytes(), 0))
    return path


def test_a_file_from_a_pipe_has_the_length_of_its_packets(tagger: Tagger, tmp_path: Path) -> None:
    piped(tmp_path, "a.flac", noise(75.0))
    assert tagger("scan", tmp_path).code == 0
    (track,) = tagger("list", "--json").json
    assert track["duration_s"] == pytest.approx(75.0, abs=0.1)
    assert track["damaged"] is False
    assert ", 1:15" in tagger("show", tmp_path / "a.flac").out


def test_two_songs_with_one_first_half_minute_are_two_sounds(tagger: Tagger, tmp_path: Path) -> None:
    same = noise(32.0)
    piped(tmp_path, "a.flac", same, noise(40.0, seed=1))
    piped(tmp_path, "b.flac", same, noise(41.0, seed=2))
    counts = tagger("scan", tmp_path, "--json").json
    assert (counts["analysed"], counts["duplicates"]) == (2, 0)


@pytest.mark.parametrize("kind", ["opus.opus", "flac.oga", "vorbis.ogg"])
def test_recordings_in_a_row_are_as_long_as_all_of_them(kind: str, tmp_path: Path) -> None:
    more = {"rate_hz": 48_000} if kind == "opus.opus" else {}
    parts = [Path(make_kind(tmp_path, kind, seconds=s, **more)).read_bytes() for s in (21.0, 33.0)]
    path = tmp_path / f"both.{kind.rsplit('.')[-1]}"
    # Each stream has a number of its own (RFC 3533); the encoder gives both the same one.
    path.write_bytes(parts[0] + parts[1])
    excerpt = read_excerpt(str(path), sample_rate_hz=22_050, window_s=10.0)
    assert excerpt.recording.duration_s == pytest.approx(54.0, abs=0.2)
    assert not excerpt.recording.damaged
    assert len(excerpt.windows) == 3


def test_raw_packets_after_a_quiet_start_are_as_long_as_they_are(tmp_path: Path) -> None:
    quiet = np.zeros((1, 30 * 44_100), np.float32)
    sound = np.concatenate([quiet, noise(50.0, rate_hz=44_100)], axis=1)
    for kind in ("raw.aac", "vbr-without-xing.mp3"):
        path = make_kind(tmp_path, kind, samples=sound)
        recording = read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).recording
        assert recording.duration_s == pytest.approx(80.0, abs=0.5)
        assert not recording.damaged


def test_a_header_of_four_billion_frames_is_not_believed(tagger: Tagger, tmp_path: Path) -> None:
    path = Path(make_kind(tmp_path, "cbr.mp3", seconds=60.0))
    content = path.read_bytes()
    at = max(content.find(b"Info"), content.find(b"Xing")) + 8
    path.write_bytes(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :])
    tagger("scan", tmp_path)
    (track,) = tagger("list", "--json").json
    assert track["duration_s"] == pytest.approx(60.0, abs=0.2)
    assert tagger("stats", "--json").json["hours"] == 0.02


@pytest.mark.parametrize("kind", ["16-bit.flac", "cbr.mp3", "s16.wav", "aac-moov-first.m4a"])
def test_a_file_that_was_cut_off_has_an_answer_and_is_marked(
    tagger: Tagger, tmp_path: Path, kind: str
) -> None:
    whole = make_kind(tmp_path, kind, seconds=100.0)
    content = Path(whole).read_bytes()
    cut = {tmp_path / f"{share}.{kind}": share for share in (0.5, 0.85)}
    for path, share in cut.items():
        path.write_bytes(content[: round(share * len(content))])
    tagger("scan", tmp_path)
    tracks = {track["path"]: track for track in tagger("list", "--json").json}
    assert tracks[whole]["damaged"] is False
    assert "damaged: " not in tagger("show", whole).out
    for path, share in cut.items():
        assert tracks[str(path)]["damaged"] is True
        assert tracks[str(path)]["duration_s"] == pytest.approx(100.0 * share, abs=4.0)
        assert "damaged: " in tagger("show", path).out
    failures = tagger("failures", "--damaged", "--json").json
    assert sorted(failure["path"] for failure in failures) == sorted(map(str, cut))
    assert tagger("failures", "--json").json == []


def test_a_file_with_rotten_bits_has_an_answer_and_is_marked(tagger: Tagger, tmp_path: Path) -> None:
    path = Path(make_kind(tmp_path, "16-bit.flac", seconds=40.0))
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 10, len(content), len(content) // 40):
        content[at] ^= 0x10
    path.write_bytes(content)
    tagger("scan", tmp_path)
    (track,) = tagger("list", "--json").json
    assert track["damaged"] is True
    assert track["genre"] is not None


def test_no_healthy_file_is_called_damaged(mixed_folder: str, tmp_path: Path) -> None:
    for name in sorted(os.listdir(mixed_folder)):
        recording = read_excerpt(os.path.join(mixed_folder, name), sample_rate_hz=22_050, window_s=10.0)
        assert not recording.recording.damaged, name


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [29.0, 31.0])
def test_no_healthy_file_about_as_long_as_its_windows_is_called_damaged(
    seconds: float, tmp_path: Path
) -> None:
    """Longer ones are in tests/audio."""
    for kind in KINDS:
        channels = 2 if kind.startswith("vorbis") else 1  # for which there is no encoder
        path = make_kind(tmp_path, kind, seconds=seconds, channels=channels)
        recording = read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).recording
        assert not recording.damaged, kind
        assert recording.duration_s == pytest.approx(seconds, abs=max(0.2, 0.03 * seconds)), kind


@pytest.mark.parametrize("kind", ["raw.aac", "flac.oga", "opus.webm"])
def test_what_is_identified_is_what_is_read(kind: str, tmp_path: Path) -> None:
    path = make_kind(tmp_path, kind, seconds=40.0)
    read = read_excerpt(path, sample_rate_hz=22_050, window_s=10.0).recording
    assert identify(path, window_s=10.0).audio_id == read.audio_id


def test_what_nothing_tells_is_null_and_not_zero_in_every_command(
    tagger: Tagger, db: Path, tmp_path: Path
) -> None:
    unknown = [answer(f"/m/{n:02}.mp3", n, duration_s=None) for n in range(12)]
    fill(db, [*unknown, answer("/m/known.mp3", 12, duration_s=90.0)])
    listed = tagger("list", "--json").json
    assert [track["duration_s"] for track in listed] == [None] * 12 + [90.0]
    assert ", length unknown" in tagger("show", "/m/00.mp3").out
    assert tagger("show", "/m/00.mp3", "--json").json["duration_s"] is None
    assert tagger("stats", "--json").json["hours"] == 0.03  # 90 s
    three = tagger("playlist", "--minutes", 3, "--format", "json", "--sort", "path").json
    assert len(three) <= 2
    assert "#EXTINF:-1," in tagger("playlist", "--format", "m3u8").out
    assert tagger("playlist", "--format", "xspf").out.count("<duration>") == 1
