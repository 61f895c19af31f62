from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.files import replace_atomically


def test_a_playlist_is_written_and_leaves_nothing_beside_it(tmp_path):
    replace_atomically(str(tmp_path / "a.m3u8"), b"#EXTM3U\n")
    assert (tmp_path / "a.m3u8").read_bytes() == b"#EXTM3U\n"
    assert os.listdir(tmp_path) == ["a.m3u8"]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    replace_atomically(str(tmp_path / "a.m3u8"), b"x")
    assert (tmp_path / "a.m3u8").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_existing_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "a.m3u8"
    path.write_bytes(b"old")
    path.chmod(0o604)
    replace_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_symbolic_link_stays_a_link(tmp_path):
    (tmp_path / "real.pls").write_bytes(b"old")
    (tmp_path / "link.pls").symlink_to("real.pls")
    replace_atomically(str(tmp_path / "link.pls"), b"new")
    assert (tmp_path / "link.pls").is_symlink()
    assert (tmp_path / "real.pls").read_bytes() == b"new"


def test_a_missing_folder_is_named_in_one_line(tmp_path):
    with pytest.raises(TaggerError) as caught:
        replace_atomically(str(tmp_path / "no" / "a.pls"), b"x")
    assert str(caught.value) == f"{tmp_path}/no/a.pls: cannot be written: No such file or directory"


def test_what_is_not_a_regular_file_is_not_replaced(tmp_path):
    with pytest.raises(TaggerError, match="not a file of its own"):
        replace_atomically("/dev/null", b"x")
    with pytest.raises(TaggerError, match="not a regular file"):
        replace_atomically(str(tmp_path), b"x")


def test_a_failure_while_replacing_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "a.m3u8"
    path.write_bytes(b"old")

    def disk_is_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_is_full)
    with pytest.raises(TaggerError, match="No space left on device"):
        replace_atomically(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.m3u8"]


def test_a_name_of_undecodable_bytes_can_be_written(tmp_path):
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/\xff.m3u8")
    replace_atomically(path, b"x")
    assert os.listdir(os.fsencode(str(tmp_path))) == [b"\xff.m3u8"]


@pytest.mark.parametrize(
    "content", [b"SQLite format 3\0", b"ID3\3\0\0\0", b"\xff\xfb\x90\0" + b"x" * 100_000]
)
def test_what_is_no_text_is_not_written_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "song").write_bytes(content)
    (tmp_path / "link.m3u8").symlink_to("song")
    for name in ("song", "link.m3u8"):
        with pytest.raises(TaggerError, match=f"{name}: holds something else than text"):
            replace_atomically(str(tmp_path / name), b"#EXTM3U\n")
    assert (tmp_path / "song").read_bytes() == content
