"""A drive that refuses is no fault of the file: nothing is held against it, and the next scan reads it."""

import errno
import os
from pathlib import Path

import pytest
from mutagen.flac import FLAC, Picture

from tagger.audio import source
from tagger.pipeline import workers
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
            yield workers.analyse(file, model_folder, known_sounds)

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


def test_a_name_that_is_too_long_is_stored_as_the_failure_that_is_promised(
    tagger: Tagger, tmp_path: Path
) -> None:
    make_sound(tmp_path / "song.wav", seconds=1.0)
    name = str(tmp_path / ("b" * 300 + ".mp3"))
    ended = tagger("scan", tmp_path, name, "--json")
    assert (ended.code, ended.json["failed"]) == (1, 1)
    (failure,) = tagger("failures", "--json").json
    assert failure["path"] == name
    assert failure["reason"] == "its name is longer than the system allows; shorten it, or its folders"


@pytest.mark.usefixtures("in_this_process")
def test_a_drive_that_does_not_answer_makes_no_file_missing(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song, other = (make_sound(tmp_path / f"{n}.wav", seconds=1.0 + n) for n in (1, 2))
    tagger("scan", tmp_path)
    listing, status = os.scandir, os.lstat

    class Listing:
        """A folder of which the drive gives one file only."""

        def __init__(self, path: str) -> None:
            with listing(path) as found:
                self._found = [entry for entry in found if entry.path != song]

        def __enter__(self) -> object:
            return iter(self._found)

        def __exit__(self, *_: object) -> None: ...

    def lstat(path: str, **more: object) -> os.stat_result:
        if path == song:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)
        return status(path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "scandir", Listing)
    monkeypatch.setattr(os, "lstat", lstat)
    assert tagger("scan", tmp_path, "--json").json["missing"] == 0
    assert os.path.exists(other)


@pytest.mark.usefixtures("in_this_process")
def test_pictures_beyond_what_is_read_are_named_and_not_called_no_audio(
    tagger: Tagger, tmp_path: Path
) -> None:
    path = make_sound(tmp_path / "song.flac", seconds=2.0)
    file = FLAC(path)
    for kind in range(5):
        cover = Picture()
        cover.type, cover.mime, cover.data = kind, "image/jpeg", bytes(14 << 20)
        file.add_picture(cover)
    file.save()
    assert tagger("scan", path).code == 1
    (failure,) = tagger("failures", "--json").json
    assert failure["reason"].startswith("more than 64 MB of pictures or other data are read before its sound")
