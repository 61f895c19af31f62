"""Odd tags through the commands: the dry run promises what `--yes` does, and `undo` takes it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutagen.asf import ASF, ASFUnicodeAttribute
from mutagen.flac import FLAC

from tests.cli.conftest import Tagger
from tests.sounds import tags_by_ffmpeg
from tests.tag_runs.library import contents, make_files, store_analyses
from tests.tags.test_id3 import extended_header, frame
from tests.tags.test_id3 import tag as id3_tag
from tests.tags.test_list_info import NAMES, entry, put_info


@pytest.fixture
def music(tmp_path: Path, db: Path) -> Path:
    """A wav with its names in LIST INFO, a flac of two zeros, a wma of two genres, an mp3 with a checksum."""
    wav, flac, wma, mp3 = paths = make_files(tmp_path / "music", ("wav", "flac", "wma", "mp3"))
    put_info(wav, b"".join(entry(*one) for one in NAMES))
    flac_file = FLAC(flac)
    flac_file.tags.extend([("BPM", "0"), ("BPM", "0")])
    flac_file.save()
    wma_file = ASF(wma)
    wma_file["WM/Genre"] = [ASFUnicodeAttribute("Folk"), ASFUnicodeAttribute("Jazz")]
    wma_file.save()
    sound = Path(mp3).read_bytes()
    frames = frame(4, b"TIT2", b"\3Title")
    start = id3_tag(4, [extended_header(4, frames + bytes(99), 0), frames], 99, flags=0x40)
    Path(mp3).write_bytes(start + sound[sound.index(b"\xff\xfb") :])
    store_analyses(db, paths, tempo=(120.0, 0.9))
    return tmp_path / "music"


@pytest.mark.parametrize("genre", ["missing", "add", "replace"])
def test_what_is_promised_is_written_and_undone(genre: str, tagger: Tagger, music: Path) -> None:
    before = contents(music)
    promised = tagger("write-tags", "--genre", genre, "--dry-run", "--json")
    assert promised.code == 0
    result = tagger("write-tags", "--genre", genre, "--yes", "--json")
    assert (result.code, result.json["files_written"], result.json["skipped"]) == (0, 4, 0)
    assert contents(music) != before
    again = tagger("write-tags", "--genre", genre, "--yes", "--json").json
    assert (again["files_written"], again["skipped"]) == (0, 0)
    assert tagger("undo", "--yes").code == 0
    assert contents(music) == before


def test_ffmpeg_reads_title_and_genre_of_a_wav(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    tags = tags_by_ffmpeg(str(music / "wav.wav"))
    assert (tags["title"], tags["genre"]) == ("Títle", "Rock")


def test_doctor_says_what_ffmpeg_reads(tagger: Tagger, music: Path) -> None:
    tagger("write-tags", "--yes")
    lines = tagger("doctor", music / "wav.wav", "--for", "ffmpeg").out.splitlines()
    assert lines[1].split(maxsplit=3)[3] == "genre Rock, energy 8, energy 0–1 0.7340, BPM 120"
    assert lines[2].split(maxsplit=1) == [
        "FFmpeg-based", "genre Rock; ignores energy level, energy 0–1, BPM",
    ]  # fmt: skip
    assert "of a wav with LIST INFO" in lines[3]
