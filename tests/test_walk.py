"""The walk over a music folder, with everything that grows in one."""

import os
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tagger.files import AUDIO_EXTENSIONS, AudioFile
from tagger.types import Failure
from tagger.walk import walk


def _touch(path: Path, content: bytes = b"sound") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def _paths(*arguments: object) -> list[str]:
    found = list(walk([str(argument) for argument in arguments]))
    assert not [failure for failure in found if isinstance(failure, Failure)]
    return [file.path for file in found]


def _failures(*arguments: object) -> dict[str, str]:
    found = walk([str(argument) for argument in arguments])
    failures = [failure for failure in found if isinstance(failure, Failure)]
    assert {failure.stage for failure in failures} <= {"scan"}
    return {failure.path: failure.reason for failure in failures}


def test_a_file_comes_with_its_size_and_mtime(tmp_path: Path) -> None:
    path = _touch(tmp_path / "song.mp3", b"12345")
    os.utime(path, ns=(0, 1_234_567_890_123_456_789))
    assert list(walk([str(tmp_path)])) == [AudioFile(path, 5, 1_234_567_890_123_456_789)]


@pytest.mark.parametrize("extension", sorted(AUDIO_EXTENSIONS))
def test_an_extension_counts_in_any_case(tmp_path: Path, extension: str) -> None:
    files = [_touch(tmp_path / name) for name in (f"a.{extension}", f"b.{extension.upper()}")]
    assert _paths(tmp_path) == files


def test_other_files_are_left_out_of_a_folder_but_taken_when_named(tmp_path: Path) -> None:
    text, bare, dotted = (_touch(tmp_path / name) for name in ("cover.jpg", "mp3", ".mp3"))
    assert _paths(tmp_path) == []
    assert _paths(text, bare, dotted) == [text, bare, dotted]


def test_names_come_sorted_and_files_before_subfolders(tmp_path: Path) -> None:
    expected = [_touch(tmp_path / name) for name in ("b.mp3", "z.mp3", "a/1.mp3", "a/x/0.mp3", "c/1.mp3")]
    assert _paths(tmp_path) == expected


def test_hidden_and_system_folders_are_skipped_unless_named(tmp_path: Path) -> None:
    hidden = _touch(tmp_path / ".trash" / "song.mp3")
    for name in ("@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found", "System Volume Information"):
        _touch(tmp_path / name / "song.mp3")
    _touch(tmp_path / "._song.mp3")
    assert _paths(tmp_path) == []
    assert _paths(tmp_path / ".trash") == [hidden]


def test_a_folder_that_begins_with_three_dots_is_music(tmp_path: Path) -> None:
    song = _touch(tmp_path / "...And Justice for All" / "One.mp3")
    assert _paths(tmp_path) == [song]


def test_overlapping_arguments_list_each_file_once(tmp_path: Path) -> None:
    inner, outer = _touch(tmp_path / "album" / "1.mp3"), _touch(tmp_path / "2.mp3")
    arguments = [tmp_path / "album", tmp_path, f"{tmp_path}/album/../album/", inner, inner]
    assert sorted(_paths(*arguments)) == sorted([inner, outer])


def test_a_named_file_reached_through_a_linked_folder_comes_once(tmp_path: Path) -> None:
    _touch(tmp_path / "real" / "1.mp3")
    (tmp_path / "link").symlink_to("real")
    assert _paths(tmp_path / "link" / "1.mp3", tmp_path / "real") == [f"{tmp_path}/link/1.mp3"]


def test_a_relative_argument_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song = _touch(tmp_path / "song.mp3")
    monkeypatch.chdir(tmp_path)
    assert _paths(".") == _paths("song.mp3") == [song]


def test_a_loop_of_linked_folders_ends(tmp_path: Path) -> None:
    song = _touch(tmp_path / "album" / "song.mp3")
    (tmp_path / "album" / "again").symlink_to(tmp_path)
    (tmp_path / "album" / "self").symlink_to(".")
    assert _paths(tmp_path) == [song]


def test_a_linked_folder_is_followed_and_yields_to_the_real_one(tmp_path: Path) -> None:
    inside = _touch(tmp_path / "music" / "z" / "1.mp3")
    _touch(tmp_path / "elsewhere" / "2.mp3")
    (tmp_path / "music" / "a").symlink_to("z")
    (tmp_path / "music" / "b").symlink_to("../elsewhere")
    assert _paths(tmp_path / "music") == [inside, f"{tmp_path}/music/b/2.mp3"]


def test_a_linked_file_is_followed_with_the_size_of_its_target(tmp_path: Path) -> None:
    target = _touch(tmp_path / "elsewhere" / "x", b"1234567")
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.mp3").symlink_to(target)
    (file,) = walk([str(tmp_path / "music")])
    assert isinstance(file, AudioFile) and file.size == 7


def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    song = _touch(tmp_path / "1.mp3")
    os.link(song, tmp_path / "2.mp3")
    assert _paths(tmp_path) == [song, f"{tmp_path}/2.mp3"]


@pytest.mark.parametrize("name", [b"caf\xe9.mp3", b"line\nbreak.mp3", "🎷.mp3".encode()])
def test_a_strange_name_keeps_its_bytes(tmp_path: Path, name: bytes) -> None:
    raw = os.path.join(os.fsencode(tmp_path), name)
    try:
        os.close(os.open(raw, os.O_CREAT))
    except OSError:
        pytest.skip("this file system refuses the name")
    assert [os.fsencode(path) for path in _paths(tmp_path)] == [raw]


def test_a_fifo_and_a_socket_are_passed_over_in_a_folder_and_refused_when_named(tmp_path: Path) -> None:
    fifo = str(tmp_path / "x.mp3")
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "y.mp3"))
        assert _paths(tmp_path) == []
    assert _failures(fifo) == {fifo: "not a regular file; name a file or a folder"}


def test_a_missing_argument_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    song, missing = _touch(tmp_path / "song.mp3"), str(tmp_path / "nothing")
    assert "no such file or folder" in _failures(missing, song)[missing]
    assert AudioFile(song, 5, os.stat(song).st_mtime_ns) in list(walk([missing, song]))


def test_an_unreadable_folder_is_a_failure_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, song = os.path.dirname(_touch(tmp_path / "a" / "1.mp3")), _touch(tmp_path / "b" / "2.mp3")
    scandir = os.scandir

    def refusing(path: str) -> Iterator[os.DirEntry[str]]:  # chmod does not bind root
        if path == locked:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = list(walk([str(tmp_path)]))
    assert [entry.path for entry in found] == [locked, song]
    assert found[0] == Failure(locked, "scan", "permission denied; give this user the right to read it")


def test_a_file_that_vanishes_after_its_folder_was_listed_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _touch(tmp_path / "1.mp3"), _touch(tmp_path / "2.mp3")
    scandir = os.scandir

    def listed_then_removed(path: str) -> nullcontext[list[os.DirEntry[str]]]:
        entries = list(scandir(path))
        os.remove(second)
        return nullcontext(entries)

    monkeypatch.setattr(os, "scandir", listed_then_removed)
    found = list(walk([str(tmp_path)]))
    assert [entry.path for entry in found] == [first, second]
    assert found[1] == Failure(second, "scan", "gone since its folder was listed; scan again")


def test_a_folder_that_vanishes_is_a_failure(tmp_path: Path) -> None:
    first, folder = _touch(tmp_path / "1.mp3"), tmp_path / "gone"
    folder.mkdir()
    walking = walk([str(tmp_path)])
    assert next(walking).path == first
    folder.rmdir()
    assert next(walking) == Failure(str(folder), "scan", "gone since its folder was listed; scan again")


def test_only_broken_links_with_an_audio_name_are_failures(tmp_path: Path) -> None:
    for name in ("song.mp3", "notes.txt"):
        (tmp_path / name).symlink_to("nowhere")
    (tmp_path / "circle.mp3").symlink_to("circle.mp3")
    failures = _failures(tmp_path)
    assert {os.path.basename(path): reason.split(";")[0] for path, reason in failures.items()} == {
        "song.mp3": "a symbolic link to a file that is gone",
        "circle.mp3": "symbolic links that lead in a circle",
    }


def test_a_folder_called_like_a_song_is_walked(tmp_path: Path) -> None:
    song = _touch(tmp_path / "live.mp3" / "1.mp3")
    assert _paths(tmp_path) == [song]
