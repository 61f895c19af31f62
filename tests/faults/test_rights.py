"""Owner, rights and ACLs stay what they were, whatever the folder would give to a new file."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.files import replace_atomically
from tagger.tags import Wanted, apply, plan, read, restore
from tests.tags import samples

DEFAULT, ACCESS = "system.posix_acl_default", "system.posix_acl_access"

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to others"
)


def acl(reader: int) -> bytes:
    """Let one more user read: version 2, then tag, rights and id of each entry."""
    nobody = 0xFFFFFFFF
    entries = ((1, 6, nobody), (2, 4, reader), (4, 4, nobody), (16, 4, nobody), (32, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def set_acl(path: Path, name: str, reader: int) -> None:
    try:
        os.setxattr(path, name, acl(reader))
    except (OSError, AttributeError):
        pytest.skip("no ACLs here")


def rights(path: str | Path) -> tuple[object, ...]:
    status = os.stat(path)
    attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), attributes


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg"])
def test_the_default_acl_of_a_folder_does_not_come_onto_a_song(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / f"song.{samples.extension(name)}")
    Path(path).write_bytes(samples.make(name))
    os.chmod(path, 0o640)
    set_acl(tmp_path, DEFAULT, 1234)
    before = rights(path)
    written = apply(path, plan(read(path), Wanted(("House",), 0.5, 120)))
    assert rights(path) == before
    restore(path, written.previous)
    assert rights(path) == before


@needs_root
def test_a_playlist_that_root_rewrites_keeps_owner_mode_and_acl(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_bytes(b"old")
    os.chown(path, 1000, 1001)
    path.chmod(0o640)
    set_acl(path, ACCESS, 4321)
    set_acl(tmp_path, DEFAULT, 1234)
    before = rights(path)
    replace_atomically(str(path), b"new")
    assert (path.read_bytes(), rights(path)) == (b"new", before)


@needs_root
def test_a_playlist_without_an_acl_gets_none_from_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_bytes(b"old")
    path.chmod(0o640)
    before = rights(path)
    set_acl(tmp_path, DEFAULT, 1234)
    replace_atomically(str(path), b"new")
    assert (path.read_bytes(), rights(path)) == (b"new", before)


@needs_root
def test_the_link_of_another_user_to_a_file_of_root_is_not_written_through(tmp_path: Path) -> None:
    path, link = tmp_path / "secret", tmp_path / "list.m3u8"
    path.write_bytes(b"root's")
    link.symlink_to(path)
    os.lchown(link, 1000, 1000)
    with pytest.raises(TaggerError, match="cannot be written: a symbolic link of another user"):
        replace_atomically(str(link), b"new")
    assert path.read_bytes() == b"root's"
