"""A drive that refuses is no fault of the file: nothing is held against it, and the next scan reads it."""

import errno
import os
from pathlib import Path

import pytest

from tagger.audio import source
from tagger.pipeline.extract import extract_features
from tests.cli.conftest import Tagger
from tests.sounds import make_sound


class FailingDrive:
    """Stands in for a file whose drive refuses to give what lies beyond `from_byte`."""

    def __init__(self, file: object, number: int, from_byte: int) -> None:
        self._file, self._number, self._from_byte = file, number, from_byte

    def read(self, n_bytes: int = -1) -> bytes:
        if self._file.tell() + n_bytes > self._from_byte:  # type: ignore[attr-defined]
            raise OSError(self._number, os.strerror(self._number))
        return self._file.read(n_bytes)  # type: ignore[attr-defined, no-any-return]

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are extracted here, where a test can break the drive."""

    def extract_all(files, model_folder, known_sounds=None, **_):  # type: ignore[no-untyped-def]
        for file in files:
            yield extract_features(file, model_folder, known_sounds)

    monkeypatch.setattr("tagger.pipeline.scan.extract_all", extract_all)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("from_byte", [0, 100_000])
@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT, errno.ENOTCONN])
def test_a_file_that_the_drive_refused_is_analysed_by_the_next_scan(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, from_byte: int
) -> None:
    song = make_sound(tmp_path / "song.wav", seconds=40.0, rate_hz=22_050)

    def opened(path: str, *more: object, **options: object) -> FailingDrive:
        return FailingDrive(open(path, "rb", buffering=0), number, from_byte)

    with monkeypatch.context() as patch:
        patch.setattr(source, "open", opened, raising=False)
        first = tagger("scan", song, "--json")
    assert (first.code, first.json["failed"], first.json["analysed"]) == (1, 1, 0)
    (failure,) = tagger("failures", "--json").json
    assert failure["stage"] == "read"
    assert "replace the file" not in failure["reason"]
    second = tagger("scan", song, "--json")
    assert (second.code, second.json["failed"], second.json["analysed"]) == (0, 0, 1)
    assert tagger("failures", "--json").json == []


@pytest.mark.usefixtures("in_this_process")
def test_a_file_that_is_no_music_is_not_tried_again_the_next_night(tagger: Tagger, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("the lyrics of a song")
    assert tagger("scan", tmp_path, "--quiet").code == 1
    (failure,) = tagger("failures", "--json").json
    assert failure["stage"] == "decode"
    assert "a.mp3" not in tagger("scan", tmp_path).err


@pytest.mark.usefixtures("in_this_process")
def test_what_was_known_of_a_file_stays_while_its_drive_refuses_and_is_renewed_after(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = make_sound(tmp_path / "song.wav", seconds=3.0)
    tagger("scan", song)

    def refused(path: str, *more: object, **options: object) -> object:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)

    with monkeypatch.context() as patch:
        patch.setattr(source, "open", refused, raising=False)
        assert tagger("scan", song, "--full").code == 1
    assert len(tagger("list", "--json").json) == 1
    assert tagger("scan", song).code == 0
    assert tagger("failures", "--json").json == []
