"""What can go wrong while a file is written, and that it is then wholly what it was."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from mutagen.flac import FLAC

from tagger.files import LAST_MTIME_NS, FileState
from tagger.tags import (
    Change,
    TagError,
    Wanted,
    WriteOptions,
    Written,
    apply,
    discard,
    finish,
    measure,
    plan,
    prepare,
    read,
    restore,
)
from tagger.tags.formats import LOADERS, ByteSource, detect
from tagger.tags.verify import check_copy

from .conftest import MakeSample

PREDICTED = Wanted(("House",), 0.5, 120)


def data_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def write(path: str, **options: Any) -> Written:
    return apply(path, plan(read(path), PREDICTED), WriteOptions(**options))


def assert_refused(path: str, match: str, **options: Any) -> None:
    """Writing is a TagError of one line; the file is as it was, and nothing lies beside it."""
    before, names = data_of(path), sorted(os.listdir(os.path.dirname(path)))
    with pytest.raises(TagError, match=match) as caught:
        write(path, **options)
    assert "\n" not in str(caught.value)
    assert data_of(path) == before
    assert sorted(os.listdir(os.path.dirname(path))) == names


ID3_TITLE = b"ID3\3\0\0\0\0\0\x0cTIT2\0\0\0\2\0\0\0a"
APE_TITLE = b"\1\0\0\0\0\0\0\0Title\0a"
APE_GAIN = b"\1\0\0\0\0\0\0\0MP3GAIN_MINMAX\0a"
ID3V1 = b"TAG" + b"a".ljust(124, b"\0") + b"\xff"


def ape_tag(item: bytes) -> bytes:
    numbers = b"".join(n.to_bytes(4, "little") for n in (2000, len(item) + 32, 1, 0))
    return item + b"APETAGEX" + numbers + bytes(8)


def list_info(name: bytes) -> bytes:
    return b"LIST" + (14).to_bytes(4, "little") + b"INFO" + name + b"\2\0\0\0a\0"


@pytest.mark.parametrize(
    ("name", "start", "end", "kind"),
    [
        ("mp3", b"", ID3V1, "an ID3v1 tag"),
        ("mp3", b"", ape_tag(APE_TITLE), "an APEv2 tag"),
        ("mp3", b"", ape_tag(APE_GAIN) + ID3V1, "an ID3v1 tag"),
        ("mp3", bytes(300) + ID3_TITLE, b"", "an ID3v2 tag behind other bytes"),
        ("mp3", b"ID3\3\0\0\0\0\0\x14" + bytes(20) + ID3_TITLE, b"", "an ID3v2 tag behind other bytes"),
        ("mp3", b"ID3\3\0\0\0\0\0\x14" + bytes(20), ID3V1, "an ID3v1 tag"),
        ("tta", b"", ID3V1, "an ID3v1 tag"),
        ("flac", ID3_TITLE, b"", "an ID3v2 tag in front of it"),
        ("mpc", ID3_TITLE, b"", "an ID3v2 tag in front of it"),
        ("ape", ID3_TITLE, b"", "an ID3v2 tag in front of it"),
        ("flac", b"", ID3V1, "an ID3v1 tag"),
        ("mp3", b"\xff\xfe" + bytes(100) + ID3_TITLE, b"", "an ID3v2 tag behind other bytes"),
    ],
)
def test_tags_that_ours_would_hide_from_players_are_not_hidden(
    name: str, start: bytes, end: bytes, kind: str, sample: MakeSample
) -> None:
    path = sample(name)
    put_around(path, start, end)
    with pytest.raises(TagError, match=f"its tags are in {kind}"):
        measure(path, plan(read(path), PREDICTED))
    assert_refused(path, f"its tags are in {kind}")


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("mp3", b"", b"TAG" + bytes(124) + b"\xff"),
        ("mp3", b"", ape_tag(APE_GAIN)),
        ("mp3", ID3_TITLE, ape_tag(APE_TITLE) + ID3V1),
        ("wav", b"", list_info(b"ISFT") + list_info(b"ICRD")),
    ],
)
def test_a_tag_that_says_nothing_or_is_hidden_already_stops_nothing(
    name: str, start: bytes, end: bytes, sample: MakeSample
) -> None:
    path = sample(name)
    put_around(path, start, end)
    before = data_of(path)
    written = write(path)
    assert read(path).energy == "0.5000"
    restore(path, written.previous)
    assert data_of(path) == before


def put_around(path: str, start: bytes, end: bytes) -> None:
    """Bytes before and behind what is there, which in wav knows its length; an own tag goes."""
    if path.endswith(".flac"):
        FLAC(path).delete()
    data = data_of(path)
    if path.endswith(".mp3"):
        data = data[data.index(b"\xff\xfb") :]
    if path.endswith(".wav"):
        data = data[:4] + (len(data) + len(end) - 8).to_bytes(4, "little") + data[8:]
    with open(path, "wb") as file:
        file.write(start + data + end)


def test_a_file_larger_than_allowed_is_reported_and_left(sample: MakeSample) -> None:
    path = sample("flac")
    changes, before = plan(read(path), PREDICTED), data_of(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(TagError, match="File too large"):
            apply(path, changes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert data_of(path) == before
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def test_a_full_disk_is_found_before_anything_is_written(
    sample: MakeSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 1000))
    assert_refused(sample("mp3"), "not enough free space")


def test_a_read_only_file_is_left(sample: MakeSample) -> None:
    path = sample("mp3")
    os.chmod(path, 0o444)
    assert_refused(path, "the file is read-only")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a read-only folder")
def test_a_file_in_a_read_only_folder_is_left(sample: MakeSample, tmp_path: Path) -> None:
    path = sample("mp3")
    tmp_path.chmod(0o555)
    try:
        assert_refused(path, "its folder is read-only")
    finally:
        tmp_path.chmod(0o755)


def test_a_locked_file_is_left(sample: MakeSample) -> None:
    path = sample("mp3")
    with open(path, "rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_SH)
        assert_refused(path, "another program has locked it")


def test_a_file_that_changed_since_its_scan_is_left(sample: MakeSample) -> None:
    path = sample("mp3")
    state = os.stat(path)
    assert_refused(
        path, "changed since it was scanned", expected=FileState(state.st_size, state.st_mtime_ns - 1)
    )
    assert write(path, expected=FileState.of(state)).state.size == os.path.getsize(path)


def test_a_file_dated_after_the_last_time_that_a_store_can_hold_is_written(sample: MakeSample) -> None:
    path = sample("mp3")
    os.utime(path, (10**10, 10**10))  # in 2286
    state = FileState.of(os.stat(path))
    assert state.mtime_ns == LAST_MTIME_NS
    assert write(path, expected=state, keep_mtime=True).state.mtime_ns == LAST_MTIME_NS
    assert os.stat(path).st_mtime == 10**10


def test_a_file_that_changes_while_it_is_written_is_left(sample: MakeSample) -> None:
    path = sample("mp3")

    def meddle(_: Written) -> None:
        with open(path, "ab") as file:
            file.write(b"more")

    with pytest.raises(TagError, match="changed by another program meanwhile"):
        write(path, before_replace=meddle)
    assert data_of(path).endswith(b"more")
    assert read(path).genres == ()


def test_changes_planned_for_other_tags_are_refused(sample: MakeSample) -> None:
    with pytest.raises(TagError, match="not the ones that the changes were planned for"):
        apply(sample("mp3"), [Change("genre", ("Rock",), ("House",))])


def test_what_undo_needs_is_known_before_the_file_is_replaced(sample: MakeSample) -> None:
    path = sample("ogg")
    seen: list[tuple[Written, bytes]] = []
    before = data_of(path)
    written = write(path, before_replace=lambda done: seen.append((done, data_of(path))))
    assert seen == [(written, before)]


def test_a_caller_that_cannot_store_the_previous_values_stops_the_write(sample: MakeSample) -> None:
    path = sample("ogg")
    before = data_of(path)

    def fail(_: Written) -> None:
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        write(path, before_replace=fail)
    assert data_of(path) == before
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def test_a_prepared_write_can_be_thrown_away(sample: MakeSample) -> None:
    path = sample("mp3")
    before = data_of(path)
    prepared = prepare(path, plan(read(path), PREDICTED))
    discard(prepared)
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
    with pytest.raises(TagError):
        finish(prepared)
    assert data_of(path) == before


def test_permissions_owner_and_extended_attributes_are_kept(sample: MakeSample) -> None:
    path = sample("mp3")
    os.chmod(path, 0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    try:
        os.setxattr(path, "user.mood", b"calm")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    before = os.stat(path)
    write(path)
    after = os.stat(path)
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(path, "user.mood") == b"calm"


@pytest.mark.parametrize("keep_mtime", [True, False])
def test_the_modification_time_is_kept_on_request(keep_mtime: bool, sample: MakeSample) -> None:
    path = sample("mp3")
    os.utime(path, ns=(10**18, 10**18 + 123_456_789))
    written = write(path, keep_mtime=keep_mtime)
    assert os.stat(path).st_mtime_ns == written.state.mtime_ns
    assert (written.state.mtime_ns == 10**18 + 123_456_789) == keep_mtime
    assert keep_mtime or abs(written.state.mtime_ns - time.time_ns()) < 60 * 10**9


def test_a_symbolic_link_stays_one_and_its_target_is_written(sample: MakeSample, tmp_path: Path) -> None:
    path = sample("mp3")
    link = tmp_path / "folder" / "link.mp3"
    link.parent.mkdir()
    link.symlink_to(path)
    write(str(link))
    assert link.is_symlink()
    assert read(path).genres == ("House",)
    assert os.listdir(link.parent) == ["link.mp3"]


def test_a_file_with_several_names_is_skipped(sample: MakeSample, tmp_path: Path) -> None:
    path = sample("mp3")
    os.link(path, tmp_path / "seeded.mp3")
    assert_refused(path, "2 hard links")


def test_a_hard_link_is_broken_on_request(sample: MakeSample, tmp_path: Path) -> None:
    path, other = sample("mp3"), str(tmp_path / "seeded.mp3")
    os.link(path, other)
    before = data_of(path)
    write(path, hard_links="break")
    assert (read(path).genres, data_of(other)) == (("House",), before)


def test_all_names_of_a_file_are_written_on_request(sample: MakeSample, tmp_path: Path) -> None:
    path, other = sample("mp3"), str(tmp_path / "seeded.mp3")
    os.link(path, other)
    before = data_of(path)
    written = write(path, hard_links="in-place")
    assert os.path.samefile(path, other)
    assert FileState.of(os.stat(other)) == written.state
    assert read(other).genres == ("House",)
    restore(other, written.previous, WriteOptions(hard_links="in-place"))
    assert data_of(path) == before
    assert sorted(os.listdir(tmp_path)) == ["seeded.mp3", "song.mp3"]


@pytest.mark.parametrize("where", [0.2, 0.5, 0.99])
@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "aac", "wav", "wma", "wv", "dsf"])
def test_a_copy_with_one_other_byte_of_audio_is_found(name: str, where: float, sample: MakeSample) -> None:
    path, copy = sample(name), sample(name, "copy")
    data = bytearray(data_of(copy))
    data[max(int(len(data) * where), 20 if name != "wma" else 6000)] ^= 1
    with open(copy, "wb") as file:
        file.write(data)
    with open(path, "rb") as one, open(copy, "rb") as other, pytest.raises(TagError):
        check_copy(one, _block(one, path), other, _block(other, copy), {})


def _block(file: Any, path: str) -> Any:
    source = ByteSource(file, os.path.getsize(path))
    name = detect(source, path)
    return LOADERS[name](source, name)
