"""FFmpeg compares each tag with all before it: tags of so many parts that it takes hours are refused."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.audio import read_excerpt
from tagger.audio.source import BoundedFile
from tagger.containers import most_comments
from tagger.errors import AudioError
from tagger.tags.block import ByteSource
from tagger.tags.formats.ogg import lay_out, page_bytes, pages_from
from tests.sounds import make_kind

MANY = 2_000_000


def comments(n: int) -> bytes:
    return bytes(4) + n.to_bytes(4, "little") + n * b"\3\0\0\0a=b"


def flac_with(data: bytes, content: bytes) -> bytes:
    return data[:42] + b"\4" + len(content).to_bytes(3, "big") + content + data[42:]


def ogg_with(data: bytes, packet: bytes) -> bytes:
    """With another packet of comments, and the audio behind it."""
    source = ByteSource(io.BytesIO(data), len(data))
    first, _, *audio = pages_from(source, 0)
    headers = lay_out([packet], first.serial, 1)
    pages = [replace(page, number=number) for number, page in enumerate(audio, 1 + len(headers))]
    sound = [page_bytes(page, data[page.body_start : page.end]) for page in pages]
    return b"".join([data[: first.end], *headers, *sound])


def made(folder: Path, kind: str, n: int) -> Path:
    path = Path(make_kind(folder, kind))
    content = comments(n)
    is_flac = kind.endswith(".flac")
    changed = flac_with if is_flac else ogg_with
    path.write_bytes(changed(path.read_bytes(), content if is_flac else b"OpusTags" + content))
    return path


@pytest.mark.parametrize("kind", ["16-bit.flac", "opus.opus"])
def test_millions_of_comments_are_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = made(tmp_path, kind, MANY)
    began_s = time.thread_time()
    with pytest.raises(AudioError, match="comments, as no music file has; remove them with a tag editor"):
        read_excerpt(str(path), sample_rate_hz=22_050, window_s=10.0)
    assert time.thread_time() - began_s < 1.0


@pytest.mark.parametrize("kind", ["16-bit.flac", "opus.opus"])
def test_hundreds_of_comments_are_none_too_many(kind: str, tmp_path: Path) -> None:
    excerpt = read_excerpt(str(made(tmp_path, kind, 500)), sample_rate_hz=22_050, window_s=10.0)
    assert excerpt.recording.duration_s == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "n"),
    [
        ("16-bit.flac", 3),
        ("vorbis.ogg", 3),
        ("opus.opus", 3),
        ("flac.oga", 3),
        ("s16.wav", 0),
        ("aac.m4a", 0),
    ],
)
def test_comments_are_counted_in_every_codec(kind: str, n: int, tmp_path: Path) -> None:
    names = {"title": "one", "artist": "two"}  # the third is the encoder's
    with BoundedFile(make_kind(tmp_path, kind, metadata=names)) as source:
        assert most_comments(source.peek) == n


def test_a_header_has_no_more_comments_than_fit_into_it() -> None:
    data = b"fLaC\x84\0\0\x10" + bytes(4) + b"\xff" * 4 + bytes(8)
    assert most_comments(lambda at, n: data[at : at + n]) == 2


@pytest.mark.parametrize(
    "data", [b"", b"fLaC", b"OggS", b"fLaC\x04\0\0\x08" + b"\xff" * 8, b"OggS" + b"\xff" * 400]
)
def test_damaged_headers_have_none(data: bytes) -> None:
    assert most_comments(lambda at, n: data[at : at + n]) == 0


def test_a_file_that_is_not_open_after_seconds_of_computing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tags of other formats with hundreds of thousands of parts are."""
    monkeypatch.setattr("tagger.audio.stream.MAX_OPENING_S", 0.0)
    path = make_kind(tmp_path, "s16.wav")
    with pytest.raises(AudioError, match="its tags have more parts than can be read"):
        read_excerpt(path, sample_rate_hz=22_050, window_s=10.0)
