import os
from collections import Counter
from pathlib import Path

import pytest

from tagger.errors import TaggerError
from tagger.training.datasets import folders
from tagger.training.datasets.music import split_of


def make_files(folder: Path, *paths: str) -> str:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    return str(folder)


def test_the_folder_is_the_label_and_the_artist_or_album_the_group(tmp_path: Path) -> None:
    folder = make_files(
        tmp_path,
        "Doom Metal/Sleep/Holy Mountain/01.flac",
        "Doom Metal/Sleep/Dopesmoker/01.flac",
        "Jazz/Kind of Blue/So What.mp3",
        "Jazz/alone.OGG",
        "Jazz/._alone.ogg",
        "Jazz/cover.jpg",
        "stray.mp3",
    )
    read = {clip.path: (clip.genres, clip.group) for clip in folders.read(folder)}
    assert read == {
        os.path.join("Doom Metal", "Sleep", "Holy Mountain", "01.flac"): (("Doom Metal",), "Sleep"),
        os.path.join("Doom Metal", "Sleep", "Dopesmoker", "01.flac"): (("Doom Metal",), "Sleep"),
        os.path.join("Jazz", "Kind of Blue", "So What.mp3"): (("Jazz",), "Kind of Blue"),
        os.path.join("Jazz", "alone.OGG"): (("Jazz",), "alone"),
    }


def test_an_artist_under_two_genres_is_on_one_side_of_the_split(tmp_path: Path) -> None:
    names = [f"{genre}/artist {i}/song.mp3" for genre in ("Pop", "Rock") for i in range(200)]
    clips = folders.read(make_files(tmp_path, *names))
    sides: dict[str, set[str]] = {}
    for clip in clips:
        sides.setdefault(clip.group, set()).add(clip.split)
    assert len(sides) == 200
    assert all(len(splits) == 1 for splits in sides.values())


def test_the_split_is_stable_when_files_are_added(tmp_path: Path) -> None:
    before = folders.read(make_files(tmp_path, *(f"Rock/album {i}/a.mp3" for i in range(50))))
    make_files(tmp_path, *(f"Rock/album {i}/b.mp3" for i in range(100)))
    after = {clip.path: clip.split for clip in folders.read(str(tmp_path))}
    assert all(after[clip.path] == clip.split for clip in before)


def test_eight_in_ten_groups_train() -> None:
    shares = Counter(split_of(f"album {i}") for i in range(10_000))
    assert shares["train"] == pytest.approx(8000, abs=150)
    assert shares["valid"] == pytest.approx(1000, abs=120)
    assert shares["test"] == pytest.approx(1000, abs=120)
    assert [split_of(name) for name in ("Sleep", "Kind of Blue")] == ["train", "train"]
    assert split_of("Bj\u00f6rk") == split_of("BJO\u0308RK")


def test_a_folder_without_genres_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaggerError, match="no music in folders named after genres"):
        folders.read(make_files(tmp_path, "song.mp3"))
