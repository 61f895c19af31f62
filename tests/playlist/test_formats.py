from __future__ import annotations

import shutil
import subprocess
import wave

import pytest

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.playlist import FORMATS, format_of, relocated, render

from .tracks import track


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.m3u", "m3u8"),
        ("a.M3U8", "m3u8"),
        ("dir.pls/a.xspf", "xspf"),
        ("a.pls", "pls"),
        ("a.json", "json"),
        ("a.txt", "paths"),
        ("a.paths", "paths"),
        ("a.nsp", "nsp"),
    ],
)
def test_the_format_is_guessed_from_the_name(name, format):
    assert format_of(name) == format


def test_a_name_that_says_nothing_asks_for_the_option():
    with pytest.raises(TaggerError, match="give --format"):
        format_of("playlist")


def test_a_rule_is_not_a_list_of_tracks():
    with pytest.raises(TaggerError, match="nsp: not a format for a list of tracks"):
        render([], "nsp")


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"nsp"}))
def test_every_format_ends_with_a_newline_and_has_a_form_for_nothing(format):
    assert render([], format).content.endswith(b"\n") or format in ("paths", "mpd", "serato")


@pytest.mark.skipif(shutil.which("mpv") is None, reason="mpv is not installed")
@pytest.mark.parametrize("format", ["m3u8", "pls"])
@pytest.mark.parametrize("relative", [False, True])
def test_mpv_plays_every_track_of_the_list(tmp_path, format, relative):
    names = ["plain.wav", "#hash.wav", "sp ace & 日本.wav", "[x].wav", "50%25.wav"]
    for name in names:
        _write_silence(tmp_path / name)
    tracks = [track(str(tmp_path / name), duration_s=0.1) for name in names]
    written = render(relocated(tracks, str(tmp_path) if relative else None), format).content
    replace_atomically(str(tmp_path / f"list.{format}"), written)
    command = ["mpv", "--no-config", "--no-video", "--ao=null", f"--playlist={tmp_path}/list.{format}"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Cannot open" not in ran.stdout + ran.stderr


def _write_silence(path):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
